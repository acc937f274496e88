/** Isolated duration of every operator on one device. */
export interface OperatorCosts {
  readonly source: "measured" | "estimated";
  /** Integer nanoseconds, indexed by operator id. */
  readonly durationNs: Float64Array;
}

/**
 * What it costs a CPU to run sub-models on several worker threads at once.
 * The CPU stream is a worker; a *segment* is a run of launches of one stream with no wait or record
 * inside, executed as one sub-model.
 */
export interface WorkerCosts {
  /** Worker threads that can run at the same time. */
  readonly workers: number;
  /** Fixed cost of running one segment. */
  readonly segmentNs: number;
  /** From the end of a segment to the start of one on another worker that waited for it, awake. */
  readonly signalNs: number;
  /** Longest wait through which a worker stays awake; after a longer one it has gone to sleep. */
  readonly awakeNs: number;
  /** What the signal and the first segment after it take longer for a worker that has gone to sleep. */
  readonly wakeNs: number;
  /** From the caller's request to the start of the first segments, the workers being asleep. */
  readonly requestNs: number;
  /** From the end of the last segment to the outputs in the caller's hands. */
  readonly returnNs: number;
  /** Added to both for each byte of an input or output of the graph, which the caller copies. */
  readonly callerByteNs: number;
  /**
   * Handing one tensor that another segment, on whichever worker, or the caller made to a segment
   * that reads it: per tensor, and per byte. Paid by the worker that reads, before its operators.
   */
  readonly tensorNs: number;
  readonly byteNs: number;
  /** How many times longer work takes while k workers are busy: index k - 1, first entry 1. */
  readonly slowdown: readonly number[];
}
