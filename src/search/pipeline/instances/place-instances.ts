/**
 * Works one after the other by a key, each as early as its dependencies, its devices and memory let it.
 *
 * Unlike `makespan/shorten-schedule.ts` it knows the memory of every device as a function of time, because blocks may
 * change it elsewhere. A work goes into a gap of its devices at which memory lasts from then on with all that is placed,
 * so no work that comes later can break it. One that memory leaves no place waits until another gives memory back.
 */
import { Heap } from "../../../core/heap.js";
import { earliestGap, type Interval, insertInterval } from "../intervals.js";
import type { InstanceProblem, Work } from "./instance-problem.js";
import { MemoryProfile } from "./memory-profile.js";
import { Turns } from "./turns.js";

/**
 * Starts of all works, those with the least key first, equal ones by position, each after what it depends on; `undefined`
 * where memory leaves one of them no place.
 *
 * Cost: O(n log n), and per work the intervals and changes of memory that it passes over.
 */
export function placeByKey(problem: InstanceProblem, key: Float64Array): Float64Array | undefined {
  const { works, before, after } = problem;
  const board = new Board(problem);
  const turns = problem.handOvers.length === 0 ? undefined : new Turns(problem);
  const missing = Int32Array.from(before, (list) => list.length);
  const ready = new Heap((a, b) => (key[a] ?? 0) < (key[b] ?? 0) || (key[a] === key[b] && a < b));
  missing.forEach((count, at) => {
    if (count === 0) {
      ready.push(at);
    }
  });
  const starts = new Float64Array(works.length);
  let waiting: number[] = [];
  let behind: number[] = [];
  let placed = 0;
  for (let at = ready.pop(); at !== undefined; at = ready.pop()) {
    const work = works[at] as Work;
    let earliest = 0;
    for (const { work: from, latency } of before[at] ?? []) {
      earliest = Math.max(earliest, (starts[from] ?? 0) + (works[from]?.duration ?? 0) + latency);
    }
    if (turns?.hasToWait(at) === true) {
      behind.push(at);
      continue;
    }
    const start = board.earliest(work, turns?.earliest(at, earliest) ?? earliest);
    if (start === Number.POSITIVE_INFINITY) {
      waiting.push(at);
      continue;
    }
    starts[at] = start;
    board.put(work, start);
    placed++;
    if (turns?.put(at, start) === true) {
      behind.forEach((each) => {
        ready.push(each);
      });
      behind = [];
    }
    for (const { work: to } of after[at] ?? []) {
      missing[to] = (missing[to] ?? 0) - 1;
      if (missing[to] === 0) {
        ready.push(to);
      }
    }
    if (waiting.length > 0 && work.changes.some(({ atStart, atEnd }) => atStart + atEnd < 0)) {
      waiting.forEach((each) => {
        ready.push(each);
      });
      waiting = [];
    }
  }
  return placed === works.length ? starts : undefined;
}

/** Devices and their memory while works are placed. */
class Board {
  readonly #lines: readonly Interval[][];
  readonly #profiles: readonly MemoryProfile[];

  constructor({ limits, held }: InstanceProblem) {
    this.#lines = limits.map(() => []);
    this.#profiles = limits.map((limit, device) => new MemoryProfile(held[device] ?? 0, limit));
  }

  /** The first start from `ready` on at which devices are free and memory lasts; infinity if there is none. */
  earliest({ duration, devices, changes }: Work, ready: number): number {
    const own = devices.map((device) => this.#lines[device] ?? []);
    let start = ready;
    for (let asked = -1; asked !== start && start !== Number.POSITIVE_INFINITY; ) {
      asked = start;
      start = earliestGap(own, start, duration);
      for (const { device, atStart, atEnd } of changes) {
        start = this.#profiles[device]?.earliest(start, duration, atStart, atEnd) ?? start;
      }
    }
    return start;
  }

  /** Takes devices and memory. Requires: `start` is what `earliest` gave. */
  put({ duration, devices, changes }: Work, start: number): void {
    for (const device of devices) {
      insertInterval(this.#lines[device] ?? [], { start, end: start + duration });
    }
    for (const { device, atStart, atEnd } of changes) {
      this.#profiles[device]?.add(start, atStart);
      this.#profiles[device]?.add(start + duration, atEnd);
    }
  }
}
