import type { Json } from "../core/stable-json.js";
import type { DataSize } from "../onnx/data-sizes.js";
import type { SpeedUpRange } from "../schedule/speed-up-range.js";
import type { ImportedSection } from "./imported-section.js";
import type { LauncherSection } from "./launcher-section.js";
import type { PipelineSection } from "./pipeline-section.js";
import type { ArtifactRange } from "./range-section.js";
import type { ArtifactStage } from "./stages-section.js";

/** A file that a schedule was made from. */
export interface ProvenanceInput {
  readonly role: "model" | "profile" | "placement" | "device" | "input" | "arrivals" | "schedule";
  /** Base name: artifacts do not depend on where files are. */
  readonly name: string;
  /** Lower-case hexadecimal SHA-256 of its bytes. */
  readonly sha256: string;
}

/** What an artifact was made from, and by what. */
export interface Provenance {
  /** Name and version of the tool. */
  readonly tool: string;
  readonly inputs: readonly ProvenanceInput[];
  readonly seed: number;
  /** Options that influence the result, by long name. */
  readonly options: Readonly<Record<string, Json>>;
  /** Tensors whose sizes depend on data, with those that the schedule is made for; absent: none. */
  readonly dataSizes?: readonly DataSize[];
}

/** The device that the times are of. */
export interface ArtifactDevice {
  readonly name: string;
  readonly source: "measured" | "estimated";
  /** The tool that measured, if it was another one. */
  readonly measuredBy?: string;
  /** Of estimates: the version of the cost model; absent: 1. */
  readonly costModel?: number;
}

/** One launch: see `Launch`, with names instead of ids and predicted times. */
export interface ArtifactLaunch {
  readonly operator: string;
  readonly stream: number;
  /** Names of operators on other streams. */
  readonly waits: readonly string[];
  readonly record: boolean;
  /**
   * Predicted, integer nanoseconds from the start of the inference; absent with several threads
   * inside each operator, of which nothing is predicted.
   */
  readonly startNs?: number;
  readonly endNs?: number;
  /** How long it takes with the device to itself, on a CPU on one thread; absent like `startNs`. */
  readonly aloneNs?: number;
}

/** What predictions for a CPU rest on beside the operators' times. */
export interface ArtifactWorkers {
  readonly segmentNs: number;
  readonly signalNs: number;
  readonly awakeNs: number;
  readonly wakeNs: number;
  readonly requestNs: number;
  readonly returnNs: number;
  readonly callerByteNs: number;
  readonly tensorNs: number;
  readonly byteNs: number;
  /** Index k - 1: how many times longer work takes while k workers are busy; as many as workers. */
  readonly slowdown: readonly number[];
}

/** One way to run the model, measured beside the others. */
export interface ArtifactWay {
  /** Of ONNX Runtime's own ways, or the algorithm of a candidate. */
  readonly name: string;
  /** Threads inside each operator. */
  readonly threads: number;
  readonly medianNs: number;
  readonly p10Ns: number;
  readonly p90Ns: number;
  /** Its time divided by that of `sequential` in the same round: median and 95 % interval. */
  readonly relative: { readonly median: number; readonly low: number; readonly high: number };
  /** Largest relative difference of its outputs from those of `sequential`. */
  readonly outputDifference: number;
}

/** One schedule that was considered. */
export interface ArtifactCandidate {
  readonly algorithm: string;
  readonly streams: number;
  readonly predictedNs: number;
  /** Median, integer nanoseconds; absent: not measured. */
  readonly measuredNs?: number;
  /** The algorithm with the same launches, whose measurement counts for both. */
  readonly sameAs?: string;
  /** Over one stream, over the range of what is assumed of the device; absent: nothing is. */
  readonly speedUp?: SpeedUpRange;
}

/** Predictions closer than this to sequential execution, as a share of it, do not count as faster. */
export const LEAST_PREDICTED_GAIN = 0.01;

/**
 * Returns whether a candidate is predicted faster than one stream by enough to be chosen, in the worst case of
 * what is assumed.
 */
export function isPredictedFaster(
  { predictedNs, speedUp }: Pick<ArtifactCandidate, "predictedNs" | "speedUp">,
  sequentialNs: number,
): boolean {
  return speedUp === undefined
    ? predictedNs < sequentialNs * (1 - LEAST_PREDICTED_GAIN)
    : speedUp.low * (1 - LEAST_PREDICTED_GAIN) > 1;
}

/** Why the schedule of the artifact was chosen. */
export type DecisionReason =
  /** It is the fastest measured, by more than the noise. */
  | "fastest-measured"
  /** Nothing was measured, and nothing is assumed: it is the fastest predicted. */
  | "fastest-predicted"
  /** Nothing was measured: it gains most in the worst case of what is assumed of the device. */
  | "best-worst-case"
  /**
   * No candidate beats sequential execution by more than the noise or, where nothing was measured,
   * is predicted faster by more than `LEAST_PREDICTED_GAIN` over the whole range of what is assumed.
   */
  | "nothing-beats-sequential"
  /** One session with a thread per core beats every candidate and one thread. */
  | "all-cores-fastest"
  /** The user named the algorithm. */
  | "asked-for";

/** A task in flight: one copy of the model, of which the first operators have run already. */
export interface ArtifactTask {
  /** Its operators are named `<name>:<operator>` in the launches. */
  readonly name: string;
  /** Share of its sequential time that was said to be over, in [0, 1). */
  readonly progress: number;
  /** Operators, first in the order of the model, that have run and are not launched again. */
  readonly done: number;
}

/** Operators computed together, as one. */
export interface ArtifactMerge {
  /**
   * In the order of the model, which is that of the parts of the result. The launch has the name of
   * the first.
   */
  readonly operators: readonly string[];
}

/** What keeps a schedule on a GPU from being shorter. */
export interface ArtifactGpu {
  /** Between two kernels of a stream, and from a kernel to one that waits for it elsewhere. */
  readonly launchGapNs: number;
  readonly eventNs: number;
  /** Lower bounds on the latency of any schedule, in nanoseconds. */
  readonly boundsNs: {
    readonly criticalPath: number;
    readonly capacity: number;
    readonly arithmetic: number;
    readonly bandwidth: number;
  };
  /** Use of the device in equal slices of the latency, in percent. */
  readonly usePercent: {
    /** Room of the SMs. */
    readonly capacity: readonly number[];
    readonly arithmetic: readonly number[];
    readonly bandwidth: readonly number[];
  };
}

/** The operator schedule of one inference or of several tasks in flight, and how it was found. */
export interface OperatorsSection {
  readonly algorithm: string;
  readonly streams: number;
  /** Threads inside each operator: more than one only for a single stream. */
  readonly threadsPerStream: number;
  readonly decision: {
    readonly reason: DecisionReason;
    /** Relative difference below which measurements mean nothing; absent: not measured. */
    readonly noise?: number;
  };
  /** `optimal`: the prediction meets the lower bound. */
  readonly status: "optimal" | "heuristic";
  /** No schedule of this kind is predicted faster than this; absent without a prediction. */
  readonly lowerBoundNs?: number;
  readonly latencyNs: {
    /** Of the run that was chosen; absent with several threads inside each operator. */
    readonly predicted?: number;
    readonly measured?: number;
    readonly sequentialPredicted: number;
    readonly sequentialMeasured?: number;
    readonly allCoresMeasured?: number;
    readonly parallelMeasured?: number;
    /** On a GPU: one stream without a CUDA graph. */
    readonly eagerMeasured?: number;
  };
  /** Sizes given to dynamic dims. */
  readonly dims: readonly { readonly name: string; readonly size: number }[];
  /** Inputs in a batch, where `--batch` gave the number. */
  readonly batch?: number;
  /** Tasks that are scheduled together; absent: one inference from its start. */
  readonly tasks?: readonly ArtifactTask[];
  /** Operators that one launch computes together; absent: none. */
  readonly merges?: readonly ArtifactMerge[];
  /** Absent on a CPU. */
  readonly gpu?: ArtifactGpu;
  /** On a GPU: the schedule over the range of what is assumed of the device; absent: nothing is. */
  readonly range?: ArtifactRange;
  /** On a CPU: operators along the longest path, one after the other on one thread. */
  readonly longestPathNs?: number;
  /** On a CPU; absent without a prediction. */
  readonly workers?: ArtifactWorkers;
  /** On a CPU: what was measured, in rotation; absent: nothing was. */
  readonly measurement?: readonly ArtifactWay[];
  /** Every operator once, in launch order. */
  readonly launches: readonly ArtifactLaunch[];
  /** Largest least speed-up first, where something is assumed; then fastest prediction first. */
  readonly candidates: readonly ArtifactCandidate[];
}

/** What the compiler writes: `top-compile/schedule`, version 1. */
export interface ScheduleArtifact {
  readonly provenance: Provenance;
  readonly device?: ArtifactDevice;
  readonly operators?: OperatorsSection;
  /** In an order in which everything is sent to later stages. */
  readonly stages?: readonly ArtifactStage[];
  readonly pipeline?: PipelineSection;
  /** Absent: the schedule is our own. */
  readonly imported?: ImportedSection;
  readonly launcher?: LauncherSection;
}
