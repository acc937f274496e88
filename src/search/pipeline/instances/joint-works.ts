/**
 * Works that overlap: two that are ready are placed together where both are done earlier so than one after the other.
 */
import type { InstanceProblem, Work } from "./instance-problem.js";

/** The other work of a pair that goes together, and how long both take. */
export interface Paired {
  readonly other: number;
  readonly duration: number;
}

/** How long each work lasts when they start so: two that overlap and start at one time last their joint time. O(n). */
export function durationsIn(problem: InstanceProblem, starts: Float64Array): Float64Array {
  const durations = Float64Array.from(problem.works, ({ duration }) => duration);
  for (const [at, { duration }] of pairsIn(problem, starts)) {
    durations[at] = duration;
  }
  return durations;
}

/** By work: what it goes together with when they start so. O(n). */
export function pairsIn(
  { works, partners }: InstanceProblem,
  starts: Float64Array,
): ReadonlyMap<number, Paired> {
  const pairs = new Map<number, Paired>();
  if (partners.length === 0) {
    return pairs;
  }
  const alone = new Map<number, number[]>();
  for (const [at, { block }] of works.entries()) {
    const partnersOf = partners[block];
    if (partnersOf === undefined) {
      continue;
    }
    const start = starts[at] ?? 0;
    const beside = alone.get(start) ?? [];
    const other = beside.find((each) => partnersOf.has(works[each]?.block ?? -1));
    if (other === undefined) {
      alone.set(start, [...beside, at]);
      continue;
    }
    const duration = partnersOf.get(works[other]?.block ?? -1) ?? 0;
    pairs.set(at, { other, duration });
    pairs.set(other, { other: at, duration });
    alone.set(
      start,
      beside.filter((each) => each !== other),
    );
  }
  return pairs;
}

/** Two works as one, which takes their joint time and does to memory what both do. */
export function jointWork(one: Work, other: Work, duration: number): Work {
  const changes = new Map(one.changes.map((each) => [each.device, each]));
  for (const { device, atStart, atEnd } of other.changes) {
    const known = changes.get(device);
    changes.set(device, {
      device,
      atStart: atStart + (known?.atStart ?? 0),
      atEnd: atEnd + (known?.atEnd ?? 0),
    });
  }
  return { ...one, duration, changes: [...changes.values()] };
}

/** Works that are ready to be placed and have partners, by block. */
export class ReadyPartners {
  readonly #problem: InstanceProblem;
  readonly #key: Float64Array;
  readonly #ready: Set<number>[];

  constructor(problem: InstanceProblem, key: Float64Array) {
    this.#problem = problem;
    this.#key = key;
    this.#ready = problem.partners.map(() => new Set());
  }

  /** Notes that a work is ready, or no longer. */
  note(at: number, isReady: boolean): void {
    const own = this.#ready[this.#problem.works[at]?.block ?? -1];
    if (isReady) {
      own?.add(at);
    } else {
      own?.delete(at);
    }
  }

  /** The ready partner of each block that can overlap with a work: that of the least key, then by position. */
  of(at: number): readonly { readonly work: number; readonly duration: number }[] {
    const { works, partners } = this.#problem;
    const found: { work: number; duration: number }[] = [];
    for (const [block, duration] of partners[works[at]?.block ?? -1] ?? []) {
      let best: number | undefined;
      for (const each of this.#ready[block] ?? []) {
        const [key, least] = [this.#key[each] ?? 0, this.#key[best ?? -1] ?? 0];
        best = best === undefined || key < least || (key === least && each < best) ? each : best;
      }
      if (best !== undefined) {
        found.push({ work: best, duration });
      }
    }
    return found;
  }
}
