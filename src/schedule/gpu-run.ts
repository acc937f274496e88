import type { GpuSharing } from "./gpu-sharing.js";

/** A state of a run from which it can be continued. */
export interface GpuSnapshot {
  readonly now: number;
  readonly events: number;
  /** Operators that had ended: so many of the run's `ended`. */
  readonly ended: number;
  /** Kernels on the device, in order of dispatch; behind them operators between two kernels. */
  readonly onDevice: number;
  readonly operator: Int32Array;
  readonly kernel: Int32Array;
  readonly phase: Int32Array;
  /** On the device: work left of the phase. Between two kernels: when the next one may start. */
  readonly left: Float64Array;
}

/** What a run has found out, by operator id. */
export interface GpuRun {
  readonly start: Float64Array;
  readonly end: Float64Array;
  /** When everything that it waits for had told it so. */
  readonly ready: Float64Array;
  /** Operators in the order in which they ended. */
  readonly ended: Int32Array;
  /** By time. */
  readonly snapshots: GpuSnapshot[];
}

/** A run of nothing yet. */
export function emptyRun(count: number): GpuRun {
  return {
    start: new Float64Array(count).fill(-1),
    end: new Float64Array(count).fill(-1),
    ready: new Float64Array(count),
    ended: new Int32Array(count),
    snapshots: [],
  };
}

/** The state of the device and of operators that are between two of their kernels. */
export function snapshotOf(
  at: { readonly now: number; readonly events: number; readonly ended: number },
  sharing: GpuSharing,
  kernel: Int32Array,
  between: readonly { readonly operator: number; readonly due: number }[],
): GpuSnapshot {
  const { count } = sharing;
  const size = count + between.length;
  const operator = new Int32Array(size);
  const phase = new Int32Array(size);
  const left = new Float64Array(size);
  operator.set(sharing.operator.subarray(0, count));
  phase.set(sharing.phase.subarray(0, count));
  left.set(sharing.left.subarray(0, count));
  between.forEach((each, index) => {
    operator[count + index] = each.operator;
    left[count + index] = each.due;
  });
  const kernels = Int32Array.from(operator, (id) => kernel[id] as number);
  return { ...at, onDevice: count, operator, kernel: kernels, phase, left };
}
