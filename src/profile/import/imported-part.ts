/** What a reader of another tool's measurements hands on: what was timed, under the names of that tool. */
import type { ImportTool } from "../import-record.js";
import type { Timing } from "../profile.js";

/** A kernel as far as the tool describes it. */
export interface ImportedKernel {
  readonly name: string;
  readonly grid?: readonly number[];
  readonly threadBlock?: readonly number[];
  readonly registersPerThread?: number;
  readonly sharedBytesPerBlock?: number;
}

/** One launch of a kernel, timed by itself. */
export interface ImportedLaunch {
  readonly kernel: ImportedKernel;
  readonly timing: Timing;
}

/** What can be compared where a tool has no names of nodes. */
export interface PlaceInOrder {
  /** ONNX operator types that it may be. */
  readonly types: readonly string[];
  /** Elements of its largest input; absent: the tool does not say. */
  readonly elements?: number;
}

/** One thing that the tool timed: a layer, a node, a range, an operator of another framework. */
export interface ImportedPart {
  /** As the tool calls it, for messages. */
  readonly label: string;
  /**
   * Names of the nodes that it is of: readings of the label, the most precise first. The first reading
   * counts of which the model has every name, else the one of which it has most.
   */
  readonly readings: readonly (readonly string[])[];
  /** Of one run. */
  readonly timing: Timing;
  /** Its part of `totalNs` of the source. */
  readonly wholeNs: number;
  /** One per run, where all parts of the source have them; they are added run by run. */
  readonly samplesNs?: readonly number[];
  /** Kernels that were timed one by one; empty where the tool gives the time of the whole only. */
  readonly launches: readonly ImportedLaunch[];
  readonly order?: PlaceInOrder;
  /**
   * ONNX types of the operator that the kernel computes first, where the tool may name it after a later one
   * that it computes too: an activation, or the tensor that it writes.
   */
  readonly mainTypes?: readonly string[];
  /** It prepares what its neighbor in the list works on, and counts as a part of that. */
  readonly neighbor?: "next" | "previous";
}

/** Measurements of another tool. */
export interface ImportedSource {
  readonly tool: ImportTool;
  /** Who measured, for people: `trtexec`, `ONNX Runtime`, or what a neutral file names. */
  readonly measuredBy: string;
  readonly kind: "cpu" | "gpu" | "any";
  /** The device, as the tool names it. */
  readonly deviceName?: string;
  /** Smallest step of the tool's clock, in nanoseconds. */
  readonly resolutionNs: number;
  /** Whether the times include the gap to the next kernel. */
  readonly includesGaps: boolean;
  /** Whether the tool gives quantiles beside medians. */
  readonly hasQuantiles: boolean;
  /** Threads inside each operator; 1 where the tool does not say. */
  readonly threads: number;
  readonly parts: readonly ImportedPart[];
  /** Time on the device in all that was recorded, in nanoseconds: what coverage is a share of. */
  readonly totalNs: number;
  /** What the user should know. */
  readonly notes: readonly string[];
}
