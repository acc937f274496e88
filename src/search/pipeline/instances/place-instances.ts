/**
 * Works one after the other by a key, each as early as its dependencies, its devices and memory let it.
 *
 * Unlike `makespan/shorten-schedule.ts` it knows the memory of every device as a function of time, because blocks may
 * change it elsewhere. A work goes into a gap of its devices at which memory lasts from then on with all that is placed,
 * so no work that comes later can break it. One that memory leaves no place waits until another gives memory back. Two works
 * that overlap go together where that ends before the one and then the other would.
 */
import { Heap } from "../../../core/heap.js";
import { earliestGap, type Interval, insertInterval } from "../intervals.js";
import type { InstanceProblem, Work } from "./instance-problem.js";
import { jointWork, type Paired, ReadyPartners } from "./joint-works.js";
import { MemoryProfile } from "./memory-profile.js";
import { Turns } from "./turns.js";

/**
 * Starts of all works, those with the least key first, equal ones by position, each after what it depends on; `undefined`
 * where memory leaves one of them no place. With `pairs`, by work, these go together and no others.
 *
 * Cost: O(n log n), and per work the intervals and changes of memory that it passes over.
 */
export function placeByKey(
  problem: InstanceProblem,
  key: Float64Array,
  pairs?: ReadonlyMap<number, Paired>,
): Float64Array | undefined {
  return new Placing(problem, key, pairs).run();
}

/** A work and its partner as one, and when that starts. */
interface Joint {
  readonly other: number;
  readonly work: Work;
  readonly start: number;
}

/** All works of a problem while they are placed. */
class Placing {
  readonly #problem: InstanceProblem;
  readonly #board: Board;
  readonly #turns: Turns | undefined;
  readonly #partners: ReadyPartners | undefined;
  readonly #pairs: ReadonlyMap<number, Paired> | undefined;
  readonly #missing: Int32Array;
  readonly #isPlaced: Uint8Array;
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  readonly #ready: Heap;
  /** Works without a place in memory, and works that others have to be placed before. */
  #waiting: number[] = [];
  #behind: number[] = [];

  constructor(
    problem: InstanceProblem,
    key: Float64Array,
    pairs: ReadonlyMap<number, Paired> | undefined,
  ) {
    const { works, before, handOvers, partners } = problem;
    this.#pairs = pairs;
    this.#problem = problem;
    this.#board = new Board(problem);
    this.#turns = handOvers.length === 0 ? undefined : new Turns(problem);
    this.#partners = partners.length === 0 ? undefined : new ReadyPartners(problem, key);
    this.#missing = Int32Array.from(before, (list) => list.length);
    this.#isPlaced = new Uint8Array(works.length);
    this.#starts = new Float64Array(works.length);
    this.#ends = new Float64Array(works.length);
    this.#ready = new Heap((a, b) => (key[a] ?? 0) < (key[b] ?? 0) || (key[a] === key[b] && a < b));
  }

  run(): Float64Array | undefined {
    this.#missing.forEach((count, at) => {
      if (count === 0) {
        this.#push(at);
      }
    });
    for (let at = this.#ready.pop(); at !== undefined; at = this.#ready.pop()) {
      if (this.#isPlaced[at] !== 1) {
        this.#place(at);
      }
    }
    return this.#isPlaced.every((each) => each === 1) ? this.#starts : undefined;
  }

  #push(at: number): void {
    this.#ready.push(at);
    this.#partners?.note(at, true);
  }

  #place(at: number): void {
    const work = this.#problem.works[at] as Work;
    if (this.#turns?.hasToWait(at) === true) {
      this.#behind.push(at);
      return;
    }
    const start = this.#earliest(work, [at]);
    const joint = this.#jointOf(at, start);
    if (joint !== undefined) {
      this.#board.put(joint.work, joint.start);
      this.#settle(at, joint.start, joint.work.duration);
      this.#settle(joint.other, joint.start, joint.work.duration);
    } else if (start === Number.POSITIVE_INFINITY) {
      this.#waiting.push(at);
    } else {
      this.#board.put(work, start);
      this.#settle(at, start, work.duration);
    }
  }

  /** The first start of a work that is these works. */
  #earliest(work: Work, parts: readonly number[]): number {
    let earliest = 0;
    for (const at of parts) {
      for (const { work: from, latency } of this.#problem.before[at] ?? []) {
        earliest = Math.max(earliest, (this.#ends[from] ?? 0) + latency);
      }
      earliest = this.#turns?.earliest(at, earliest, work.duration) ?? earliest;
    }
    return this.#board.earliest(work, earliest);
  }

  /** What a work goes together with; `undefined`: it goes alone. */
  #jointOf(at: number, start: number): Joint | undefined {
    const pair = this.#pairs?.get(at);
    if (this.#partners === undefined || (this.#pairs !== undefined && pair === undefined)) {
      return undefined;
    }
    const isReady =
      pair !== undefined &&
      this.#missing[pair.other] === 0 &&
      this.#isPlaced[pair.other] !== 1 &&
      this.#turns?.hasToWait(pair.other) !== true;
    if (!isReady) {
      return this.#bestJoint(at, start);
    }
    const { works } = this.#problem;
    const { other, duration } = pair;
    const work = jointWork(works[at] as Work, works[other] as Work, duration);
    const together = this.#earliest(work, [at, other]);
    return together < Infinity ? { other, work, start: together } : this.#bestJoint(at, start);
  }

  /** The partner with which a work is done first, if both are done before the one and then the other from `start` on. */
  #bestJoint(at: number, start: number): Joint | undefined {
    const { works } = this.#problem;
    const own = works[at] as Work;
    let best: Joint | undefined;
    for (const { work: other, duration } of this.#partners?.of(at) ?? []) {
      if (this.#turns?.hasToWait(other) === true) {
        continue;
      }
      const second = works[other] as Work;
      const work = jointWork(own, second, duration);
      const together = this.#earliest(work, [at, other]);
      const ready = this.#earliest(second, [other]);
      const apart = Math.max(start + own.duration, ready) + second.duration;
      const ends = best === undefined ? apart : best.start + best.work.duration;
      if (together + duration < ends && together < Number.POSITIVE_INFINITY) {
        best = { other, work, start: together };
      }
    }
    return best;
  }

  /** Notes the place of a work, and what is ready then. */
  #settle(at: number, start: number, duration: number): void {
    this.#starts[at] = start;
    this.#ends[at] = start + duration;
    this.#isPlaced[at] = 1;
    this.#partners?.note(at, false);
    if (this.#turns?.put(at, start, duration) === true) {
      const behind = this.#behind;
      this.#behind = [];
      behind.forEach((each) => {
        this.#ready.push(each);
      });
    }
    for (const { work: to } of this.#problem.after[at] ?? []) {
      this.#missing[to] = (this.#missing[to] ?? 0) - 1;
      if (this.#missing[to] === 0) {
        this.#push(to);
      }
    }
    const changes = this.#problem.works[at]?.changes ?? [];
    if (this.#waiting.length > 0 && changes.some(({ atStart, atEnd }) => atStart + atEnd < 0)) {
      const waiting = this.#waiting;
      this.#waiting = [];
      waiting.forEach((each) => {
        this.#ready.push(each);
      });
    }
  }
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
