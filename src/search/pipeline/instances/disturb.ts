/**
 * Orders of works near that of a schedule, by chance: what a search by trial goes on from.
 *
 * Five ways, as likely as each other: all works somewhat later each; those of a stretch of time; a few works earlier or later by
 * a lot; two micro-batches exchanged; a micro-batch as a whole earlier or later. The last two are what helps micro-batches
 * that are not alike: which is where in the order matters more than anything within one.
 */
import type { seededRandom } from "../../../core/random.js";
import type { InstanceProblem } from "./instance-problem.js";

type Random = ReturnType<typeof seededRandom>;

/** A schedule to go on from. */
export interface Near {
  readonly starts: Float64Array;
  readonly makespan: number;
  /** Trials since the last gain: all works move the further, the more. */
  readonly failures: number;
}

/** A key by which works are placed again, least first. Cost: O(n). */
export function disturbedKey(problem: InstanceProblem, near: Near, random: Random): Float64Array {
  switch (random.integer(5)) {
    case 0:
      return allLater(problem, near, random);
    case 1:
      return stretchLater(problem, near, random);
    case 2:
      return fewMoved(near, random);
    case 3:
      return exchanged(problem, near.starts, random);
    default:
      return oneMoved(problem, near, random);
  }
}

function longestOf({ works }: InstanceProblem): number {
  return works.reduce((most, { duration }) => Math.max(most, duration), 0);
}

function allLater(
  problem: InstanceProblem,
  { starts, failures }: Near,
  random: Random,
): Float64Array {
  const spread = (1 + random.integer(2 + Math.min(6, failures))) * longestOf(problem);
  return starts.map((start) => start + random.next() * spread);
}

function stretchLater(
  problem: InstanceProblem,
  { starts, makespan }: Near,
  random: Random,
): Float64Array {
  const width = makespan * (0.1 + 0.3 * random.next());
  const from = random.next() * makespan - width / 2;
  const spread = (1 + random.integer(4)) * longestOf(problem);
  return starts.map((start) =>
    start >= from && start < from + width ? start + random.next() * spread : start,
  );
}

function fewMoved({ starts, makespan }: Near, random: Random): Float64Array {
  const key = starts.slice();
  for (let moves = 1 + random.integer(3); moves > 0; moves--) {
    const at = random.integer(key.length);
    key[at] = (key[at] ?? 0) + (random.next() * 2 - 1) * makespan * 0.25;
  }
  return key;
}

function microBatchesOf({ works }: InstanceProblem): number {
  return 1 + works.reduce((last, { microBatch }) => Math.max(last, microBatch), 0);
}

/** Each block of the one micro-batch has the turn of that of the other. */
function exchanged(problem: InstanceProblem, starts: Float64Array, random: Random): Float64Array {
  const count = microBatchesOf(problem);
  const [one, other] = [random.integer(count), random.integer(count)];
  const key = starts.slice();
  const ofOne = new Map<number, number>();
  for (const [at, { block, microBatch }] of problem.works.entries()) {
    if (microBatch === one) {
      ofOne.set(block, at);
    }
  }
  for (const [at, { block, microBatch }] of problem.works.entries()) {
    const partner = microBatch === other ? ofOne.get(block) : undefined;
    if (partner !== undefined) {
      key[at] = starts[partner] ?? 0;
      key[partner] = starts[at] ?? 0;
    }
  }
  return key;
}

function oneMoved(
  problem: InstanceProblem,
  { starts, makespan }: Near,
  random: Random,
): Float64Array {
  const one = random.integer(microBatchesOf(problem));
  const by = (random.next() * 2 - 1) * makespan * 0.3;
  return starts.map((start, at) => (problem.works[at]?.microBatch === one ? start + by : start));
}
