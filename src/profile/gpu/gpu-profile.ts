/** Measurements of a model on a GPU: the records of the file format `top-compile/gpu-profile`. */

import type { DeviceModel } from "../../cost/device-model.js";
import type { TensorLayout } from "../../kernels/operator-call.js";
import type { Precision } from "../../kernels/precision.js";
import type { FusionList } from "../../onnx/kernel-groups.js";
import type { ImportRecord } from "../import-record.js";
import type { RelativeTime, Timing } from "../profile.js";

/** The key of a GPU profile: everything that its figures depend on. */
export interface GpuProfileKey {
  /** Raised whenever the method of measuring changes what the figures mean. */
  readonly method: number;
  /** Digest of the model's nodes, attributes and static shapes. */
  readonly modelSha256: string;
  /** Sizes of dynamic dims and those that depend on data: `sizesInKey`. */
  readonly dims: readonly string[];
  /** Storage and multiplication of floats. */
  readonly precision: Precision;
  /** True if some operators are computed together. */
  readonly isFused: boolean;
  /** Which ones; absent, as until 0.1.0: element-wise chains if any. */
  readonly fuse?: FusionList;
  readonly gpu: string;
  /** CUDA version that the driver supports. */
  readonly driver: string;
  /** Versions of NVIDIA's libraries, as `name version`: they decide the kernels. */
  readonly libraries: readonly string[];
}

/** The kernel list that a profile was measured with. */
export function listOfProfile({ fuse, isFused }: GpuProfileKey): FusionList {
  return fuse ?? (isFused ? "elements" : "none");
}

/** The GPU, as its driver describes it; of an import, as its device model does. */
export interface GpuProfileDevice {
  readonly name: string;
  /** `imported`: another tool measured, and `imported` of the profile says which. */
  readonly source: "measured" | "imported";
  readonly capability: string;
  readonly multiprocessors: number;
  /** Clock of the multiprocessors while measuring, before and after; 0: not known. Units: MHz. */
  readonly clockMhzBefore: number;
  readonly clockMhzAfter: number;
  /** Hardware queues that the driver was asked for; absent: not known. */
  readonly connections?: number;
}

/** Costs of launching inside a CUDA graph, measured with kernels that do nothing. */
export interface GpuLaunchCosts {
  /** From one kernel to the next of a stream, the kernel included. */
  readonly chainNs: number;
  /** From a kernel to one on another stream that waits for it, the kernel included. */
  readonly hopNs: number;
  /**
   * Inside of a kernel, by its own notes of when it started and ended: what holds room on the device; absent: not
   * measured.
   */
  readonly insideNs?: number;
  /** From the end of a kernel to the start of the next in a chain, by the same notes; absent: not measured. */
  readonly gapNs?: number;
  /** The least step of the device's timer, which the notes are taken from; absent: not measured. */
  readonly timerStepNs?: number;
  /** What a fork and a join around two kernels take besides one of them; absent: not measured. */
  readonly pairNs?: number;
  /** Least time between the starts of two kernels, whatever their streams; absent: not measured. */
  readonly dispatchNs?: number;
  /** What the hop is derived from; absent: not measured. */
  readonly hops?: readonly GpuHopCost[];
  /** Forks and joins by their width; absent: not measured. */
  readonly forks?: readonly GpuForkCost[];
  /** What the dispatch is derived from; absent: not measured. */
  readonly fronts?: readonly GpuFrontCost[];
}

/** Two chains of 32 kernels, of which every so many wait for the other chain too: time of all. */
export interface GpuHopCost {
  readonly every: number;
  readonly ns: number;
}

/** A kernel, so many that wait for it, one that waits for all of these: time of all. */
export interface GpuForkCost {
  readonly branches: number;
  readonly ns: number;
}

/** So many chains of so many kernels each: time of all. */
export interface GpuFrontCost {
  readonly branches: number;
  readonly kernels: number;
  readonly ns: number;
}

/** Parts of a kernel's record. */
export const KERNEL_PARTS = [
  "grid",
  "threadBlock",
  "registersPerThread",
  "sharedBytesPerBlock",
] as const;

/** A kernel as the driver launches it. */
export interface GpuKernelRecord {
  /** Absent when the driver does not report it, as before CUDA 12.3. */
  readonly name?: string;
  readonly grid: readonly number[];
  readonly threadBlock: readonly number[];
  readonly registersPerThread: number;
  /** Static and dynamic. */
  readonly sharedBytesPerBlock: number;
  /** Thread blocks that fit a multiprocessor at once; absent when the driver does not report them. */
  readonly residentThreadBlocks?: number;
  /** Its part of the launch's time, by switching off the kernels behind it; absent: not measured, or the only one. */
  readonly partNs?: number;
  /** What of it is the device model's estimate, because the tool that measured does not say; absent: nothing. */
  readonly estimated?: readonly (typeof KERNEL_PARTS)[number][];
}

/** One launch of an operator, measured alone and again and again. */
export interface GpuNodeTiming extends Timing {
  readonly kind: "kernel" | "gemm" | "conv";
  /** With its weights in the cache, where the other figures are of cold ones; absent: there is no such difference. */
  readonly warmNs?: number;
  readonly kernels: readonly GpuKernelRecord[];
}

/** An operator: its launches one after the other. */
export interface GpuOperatorTiming {
  readonly name: string;
  readonly nodes: readonly GpuNodeTiming[];
  /** Of an import: the first operator, in the order of the model, of those computed with this one; absent: itself. */
  readonly fusedWith?: string;
}

/** Two operators that do not depend on each other. */
export interface GpuPairTiming {
  readonly operators: readonly string[];
  /** Both on one stream, and on two streams. */
  readonly apart: Timing;
  readonly together: Timing;
}

/** Comparison of a run's outputs with ONNX Runtime's on the CPU and with the one-stream replay. */
export interface GpuOutputCheck {
  /** Largest |out - ref| / |ref| of an output, by norms; the largest number when one has NaN. */
  readonly distance: number;
  /** Largest distance that counts as correct in this precision. */
  readonly tolerance: number;
  /** Same bytes as the one-stream replay. */
  readonly isReplayIdentical: boolean;
}

/** What a schedule takes in other circumstances than the compared ones; absent: not measured. */
export interface GpuOtherTimes {
  /** What the host takes to launch it. Medians, in nanoseconds. */
  readonly hostNs?: number;
  /** Launched on an idle device, the host's launching included. */
  readonly idleNs?: number;
  /** One of ten that follow each other. */
  readonly backToBackNs?: number;
}

/** A schedule that was executed on the GPU. */
export interface GpuScheduleTiming extends GpuOtherTimes {
  /** Digest of streams, launches and waits: see `scheduleDigest`. */
  readonly digest: string;
  readonly algorithm: string;
  readonly streams: number;
  readonly latency: Timing;
  /** Against the one-stream graph in the same rounds. */
  readonly relative: RelativeTime;
  readonly outputs: GpuOutputCheck;
}

/** Ways to run the model that need no search. */
export const GPU_BASELINES = ["sequential", "sequential-again", "eager"] as const;

/**
 * `sequential`: one stream in a CUDA graph. `eager`: one stream, launched one by one again each time; what a
 * framework in its eager mode takes is another thing.
 */
export type GpuBaselineName = (typeof GPU_BASELINES)[number];

/** A baseline. */
export interface GpuBaselineTiming extends GpuOtherTimes {
  readonly name: GpuBaselineName;
  readonly latency: Timing;
  readonly relative: RelativeTime;
}

/** Schedules and baselines that were measured together, in rotation. */
export interface GpuMeasurement {
  readonly rounds: number;
  readonly seed: number;
  /** Larger distance from 1 of the interval of `sequential-again`. */
  readonly noiseRatio: number;
  readonly baselines: readonly GpuBaselineTiming[];
  readonly schedules: readonly GpuScheduleTiming[];
}

/**
 * All operators one after the other over the one-stream graph: far from 1, one of the two is measured under
 * other circumstances. `undefined`: no schedule was measured.
 */
export function sumOverGraph({ operators, measurement }: GpuProfile): number | undefined {
  const graphNs = measurement?.baselines[0]?.latency.medianNs ?? 0;
  const nodes = operators.flatMap((each) => each.nodes);
  return graphNs === 0
    ? undefined
    : nodes.reduce((sum, { medianNs }) => sum + medianNs, 0) / graphNs;
}

/** The layouts in which convolutions can have their activations, each timed on one stream. */
export interface GpuLayouts {
  /** The one that everything else was measured in. */
  readonly taken: TensorLayout;
  /** Median of the one-stream graph with tensors row by row. */
  readonly rowsNs: number;
  /** The same with channels last. */
  readonly channelsLastNs: number;
}

/** Everything measured about one model on one GPU. */
export interface GpuProfile {
  readonly key: GpuProfileKey;
  readonly model: string;
  readonly device: GpuProfileDevice;
  /** Where imported figures come from; absent: they were measured by this tool. */
  readonly imported?: ImportRecord;
  /**
   * Whether outputs were compared: not where stand-ins moved the bytes of some operators, or where
   * ONNX Runtime cannot compute the correct values.
   */
  readonly isVerified: boolean;
  readonly launchCosts: GpuLaunchCosts;
  /** The device for the simulator, launch costs as measured. */
  readonly deviceModel: DeviceModel;
  /** Absent: there is one layout, or the one that moves fewer bytes was taken unmeasured. */
  readonly layouts?: GpuLayouts;
  /** In the order of the graph. */
  readonly operators: readonly GpuOperatorTiming[];
  readonly pairs: readonly GpuPairTiming[];
  /** Absent until schedules were measured. */
  readonly measurement?: GpuMeasurement;
}
