import type { State } from "./state.js";
import type { StateProblem } from "./state-problem.js";

/** Time that every way from a state takes at least. */
export function leastRest(problem: StateProblem, state: State): number {
  const { microBatches, duration, tail, on } = problem;
  const { begun, rest } = state;
  const earliest = earliestBegins(problem, state);
  let least = 0;
  for (let block = 0; block < rest.length; block++) {
    const left = rest[block]!;
    const more = microBatches - begun[block]!;
    const end = more > 0 ? earliest[block]! + more * duration[block]! : left;
    least = end > 0 ? Math.max(least, end + tail[block]!) : least;
  }
  for (const own of on) {
    let [load, first, after] = [0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (const block of own) {
      const more = microBatches - begun[block]!;
      if (more > 0) {
        load += more * duration[block]!;
        first = Math.min(first, earliest[block]!);
        after = Math.min(after, tail[block]!);
      }
    }
    least = load > 0 ? Math.max(least, first + load + after) : least;
  }
  return least;
}

/** By block: before this from now its next micro-batch cannot begin. */
function earliestBegins(problem: StateProblem, { begun, rest, coming }: State): readonly number[] {
  const { order, into, duration, devices, on } = problem;
  const free = new Array<number>(on.length).fill(0);
  for (let block = 0; block < rest.length; block++) {
    const left = rest[block]!;
    if (left > 0) {
      for (const device of devices[block]!) {
        free[device] = Math.max(free[device]!, left);
      }
    }
  }
  const earliest = new Array<number>(begun.length).fill(0);
  for (const block of order) {
    const number = begun[block]!;
    let start = 0;
    for (const device of devices[block]!) {
      start = Math.max(start, free[device]!);
    }
    for (const { at, from, latency } of into[block]!) {
      const isRunning = rest[from]! > 0;
      const ended = begun[from]! - (isRunning ? 1 : 0);
      if (number < ended) {
        // The list holds the newest ones, the oldest first.
        const place = number - (ended - coming[at]!.length);
        start = Math.max(start, place >= 0 ? coming[at]![place]! : 0);
      } else if (number < begun[from]!) {
        start = Math.max(start, rest[from]! + latency);
      } else {
        const ahead = number - begun[from]! + 1;
        start = Math.max(start, earliest[from]! + ahead * duration[from]! + latency);
      }
    }
    earliest[block] = start;
  }
  return earliest;
}
