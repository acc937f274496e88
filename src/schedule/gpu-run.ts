import { GpuSnapshots } from "./gpu-snapshots.js";

/** What a run has found out, by operator id. */
export interface GpuRun {
  /** -1: not yet. */
  readonly start: Float64Array;
  readonly end: Float64Array;
  /** When everything that it waits for had told it so. */
  readonly ready: Float64Array;
  /** Operators in the order in which they ended. */
  readonly ended: Int32Array;
  readonly snapshots: GpuSnapshots;
}

/** A run of which nothing is known yet. */
export function emptyRun(count: number): GpuRun {
  return {
    start: new Float64Array(count).fill(-1),
    end: new Float64Array(count).fill(-1),
    ready: new Float64Array(count),
    ended: new Int32Array(count),
    snapshots: new GpuSnapshots(),
  };
}
