/**
 * The launcher's rule over plain arrays, which several threads may share: what may be launched now, what is refused,
 * and when to look again. The rule is that of `serving-queues.ts`, which counts by events; this one goes by a clock:
 * whoever looks finds requests that came since the last look, and nothing was launched in between.
 */
import { type ExpectedTime, lateAfterNs } from "./expected-time.js";
import type { LauncherPolicy, ModelPolicy } from "./serving-model.js";

/** Where all models stand; by model. Times in nanoseconds from the start. */
export interface LauncherState {
  /** Ascending. */
  readonly arrivals: readonly Float64Array[];
  /** The first request that is neither launched nor refused, and the first that nobody has seen come. */
  readonly head: Int32Array;
  readonly tail: Int32Array;
  /** Requests that wait between the two: the others there are refused. */
  readonly waiting: Int32Array;
  /** Tasks in flight. */
  readonly inFlight: Int32Array;
  /** When its last task was launched; `-Infinity`: none was. */
  readonly lastNs: Float64Array;
  /** By request: 1 if it is refused; and when it was, or was answered. */
  readonly isRefused: readonly Uint8Array[];
  readonly endNs: readonly Float64Array[];
  /** What its next task takes, and what one request takes alone, for the rule that refuses late ones. */
  readonly expected: readonly ExpectedTime[];
  readonly aloneNs: readonly number[];
}

/**
 * The model whose task is to be launched now, and of those that may the one whose request waits longest; -1: none.
 * Refuses what is to be refused by now.
 */
export function turnAt(state: LauncherState, policy: LauncherPolicy, nowNs: number): number {
  let turn = -1;
  let longest = Number.POSITIVE_INFINITY;
  for (const [model, own] of policy.models.entries()) {
    admit(state, model, own, nowNs);
    if (dueAt(state, policy, model) > nowNs) {
      continue;
    }
    refuseLate(state, model, own, nowNs);
    const head = headNs(state, model);
    if (state.waiting[model]! > 0 && head < longest) {
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

/** Launches a task of the model that `turnAt` gave: the requests that it takes, by their positions. */
export function takeTask(
  state: LauncherState,
  policy: LauncherPolicy,
  model: number,
  nowNs: number,
): readonly number[] {
  const { batch = 1, shed } = policy.models[model] ?? {};
  const requests: number[] = [];
  while (requests.length < batch && state.waiting[model]! > 0) {
    requests.push(state.head[model]!);
    dropHead(state, model);
  }
  state.expected[model]!.launched(lateAfterNs(shed));
  state.inFlight[model]! += 1;
  state.lastNs[model] = nowNs;
  return requests;
}

/** A task that was launched at `launchNs` has answered its requests. */
export function endTask(
  state: LauncherState,
  policy: LauncherPolicy,
  model: number,
  { requests, launchNs }: { readonly requests: readonly number[]; readonly launchNs: number },
  nowNs: number,
): void {
  const lateAfter = lateAfterNs(policy.models[model]?.shed);
  let late = 0;
  for (const request of requests) {
    state.endNs[model]![request] = nowNs;
    late += nowNs - state.arrivals[model]![request]! > lateAfter ? 1 : 0;
  }
  state.expected[model]!.ended(nowNs - launchNs, requests.length, late);
  state.inFlight[model]! -= 1;
}

/** Lets the requests that came up to now join their queue, one after the other, as far as there is room in it. */
function admit(state: LauncherState, model: number, { shed }: ModelPolicy, nowNs: number): void {
  const arrivals = state.arrivals[model]!;
  const room = shed === undefined || shed.kind === "deadline" ? Infinity : shed.queue;
  for (let at = state.tail[model]!; at < arrivals.length && arrivals[at]! <= nowNs; at++) {
    state.tail[model] = at + 1;
    if (state.waiting[model]! < room) {
      state.waiting[model]! += 1;
    } else if (shed?.kind === "oldest") {
      refuse(state, model, state.head[model]!, arrivals[at]!);
      state.waiting[model]! += 1;
      dropHead(state, model);
    } else {
      refuse(state, model, at, arrivals[at]!);
    }
  }
}

/** Refuses waiting requests that would be answered too late. */
function refuseLate(
  state: LauncherState,
  model: number,
  { shed }: ModelPolicy,
  nowNs: number,
): void {
  const lateAfter = lateAfterNs(shed);
  if (lateAfter === Number.POSITIVE_INFINITY) {
    return;
  }
  const expected = state.expected[model]!;
  const takesNs = expected.of(state.aloneNs[model]!, lateAfter, state.inFlight[model]!);
  while (state.waiting[model]! > 0 && nowNs + takesNs > headNs(state, model) + lateAfter) {
    refuse(state, model, state.head[model]!, nowNs);
    expected.refused();
    dropHead(state, model);
  }
}

function refuse(state: LauncherState, model: number, request: number, nowNs: number): void {
  state.isRefused[model]![request] = 1;
  state.endNs[model]![request] = nowNs;
}

/** The first request no longer waits, and the next that is not refused becomes the first. */
function dropHead(state: LauncherState, model: number): void {
  const refused = state.isRefused[model]!;
  let head = state.head[model]! + 1;
  while (head < state.tail[model]! && refused[head] === 1) {
    head++;
  }
  state.head[model] = head;
  state.waiting[model]! -= 1;
}

/** When the first request arrives that is neither launched nor refused; `Infinity`: there is none. */
function headNs({ arrivals, head }: LauncherState, model: number): number {
  return arrivals[model]![head[model]!] ?? Number.POSITIVE_INFINITY;
}
