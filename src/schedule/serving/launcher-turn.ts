/**
 * The launcher's rule over plain arrays, which several threads may share: what may be launched now, and when to
 * look again. The rule is that of `serving-queues.ts`, which counts by events; this one goes by a clock.
 */
import type { LauncherPolicy } from "./serving-model.js";

/** Where all models stand; by model. Times in nanoseconds from the start. */
export interface LauncherState {
  /** Ascending. */
  readonly arrivals: readonly Float64Array[];
  /** The first request that is not launched yet. */
  readonly head: Int32Array;
  /** Tasks in flight. */
  readonly inFlight: Int32Array;
  /** When its last task was launched; `-Infinity`: none was. */
  readonly lastNs: Float64Array;
}

/** The model whose task is to be launched now, and of those that may the one whose request waits longest; -1: none. */
export function turnAt(state: LauncherState, policy: LauncherPolicy, nowNs: number): number {
  let turn = -1;
  let longest = Number.POSITIVE_INFINITY;
  for (let model = 0; model < policy.models.length; model++) {
    const head = headNs(state, model);
    if (head < longest && dueAt(state, policy, model) <= nowNs) {
      longest = head;
      turn = model;
    }
  }
  return turn;
}

/**
 * From when on a task of the model may be launched, which may be over; `Infinity`: not before a task
 * ends, or never.
 */
export function dueAt(state: LauncherState, policy: LauncherPolicy, model: number): number {
  const { periodNs = 0, concurrency = 1 } = policy.models[model] ?? {};
  const isRoom =
    state.inFlight[model]! < concurrency &&
    state.inFlight.reduce((sum, each) => sum + each, 0) <
      (policy.inFlight ?? Number.POSITIVE_INFINITY);
  return isRoom
    ? Math.max(headNs(state, model), state.lastNs[model]! + periodNs)
    : Number.POSITIVE_INFINITY;
}

/** Requests of a model that wait at a time, at most `most`. */
export function waitingAt(
  { arrivals, head }: LauncherState,
  model: number,
  nowNs: number,
  most: number,
): number {
  const times = arrivals[model]!;
  const first = head[model]!;
  let count = 0;
  while (count < most && times[first + count]! <= nowNs) {
    count++;
  }
  return count;
}

/** When the first request that is not launched arrives; `Infinity`: there is none. */
function headNs({ arrivals, head }: LauncherState, model: number): number {
  return arrivals[model]![head[model]!] ?? Number.POSITIVE_INFINITY;
}
