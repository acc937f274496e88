/**
 * Layouts whose slowest rank has as little to do as possible.
 *
 * All layers take the same time, so the work of a rank follows from how many it has, in whichever of its stages; only embedding, head
 * and layers of multi-token prediction differ, and they stand at the ends. The least time of the slowest rank is found
 * exactly: a time is enough if the layers that fit beside the fixed parts of each rank are as many as there are. Every stage has some part.
 *
 * Where more layers would fit than there are, some ranks have room left. Which ones decides how long the ramps of the
 * schedule are, and that is not seen before it is searched; so a few ways are given.
 *
 * Example: 11 layers and a head that takes as long as two of them, on 4 ranks: a time of 4 lets 4 + 4 + 4 + 2 layers fit, 3 would let 3 + 3 + 3 + 1
 * fit; three of the 14 places stay empty.
 */
import type { Layout, LayoutPart } from "./layout.js";
import { type LayoutSizes, withEnds } from "./stage-layouts.js";

/** What layouts are balanced by. */
export interface BalanceProblem extends LayoutSizes {
  /** Layers of multi-token prediction. */
  readonly predictions: number;
  /** Whole time of a part, forward and backward. */
  readonly timeOf: (part: LayoutPart) => number;
}

/** Most stages over which layers of multi-token prediction are spread. */
const MOST_PREDICTION_STAGES = 4;

/**
 * The layouts with the least work of the slowest rank, the likeliest first, all different; none: there are fewer layers than stages that
 * need one.
 *
 * Order: where room is left on the last ranks first, then on those with most work, then on the first. Cost: O(layers * stages).
 */
export function balancedLayouts(problem: BalanceProblem): readonly Layout[] {
  const options = predictionSplits(problem).flatMap((predictions) => {
    const seats = seatsOf(problem, predictions);
    const least = leastTime(problem, seats);
    return least === undefined ? [] : [{ predictions, seats, least }];
  });
  const best = Math.min(...options.map(({ least }) => least));
  const layouts = options
    .filter(({ least }) => least === best)
    .flatMap(({ predictions, seats, least }) =>
      TRIMS.flatMap((trim) => {
        const counts = trimmed(problem, seats, least, trim);
        return SPREADS.map((spread) =>
          withEnds(stageCounts(problem, predictions, counts, spread), predictions),
        );
      }),
    );
  const seen = new Set<string>();
  return layouts.filter((layout) => {
    const key = layout.map((stage) => stage.length).join(" ");
    return !seen.has(key) && seen.add(key).size > 0;
  });
}

/** By stage: layers of multi-token prediction. All in the last stage, or some in those before, behind all layers. */
function predictionSplits({
  predictions,
  devices,
  chunks,
}: BalanceProblem): readonly (readonly number[])[] {
  const stages = devices * chunks;
  const splits: (readonly number[])[] = [];
  const most = Math.min(predictions, stages - 1, MOST_PREDICTION_STAGES);
  for (let before = 0; before <= most; before++) {
    // One in each of the stages before the last, what is left in the last.
    splits.push(
      Array.from({ length: stages }, (_, stage) => {
        if (stage === stages - 1) {
          return predictions - before;
        }
        return stage >= stages - 1 - before ? 1 : 0;
      }),
    );
  }
  return splits;
}

/** A rank: the time of its fixed parts, and its stages that may have layers. */
interface Seat {
  readonly fixed: number;
  readonly stages: readonly number[];
  /** Stages that have no other part, and so need a layer. */
  readonly least: number;
}

function seatsOf(
  { devices, chunks, timeOf }: BalanceProblem,
  predictions: readonly number[],
): readonly Seat[] {
  const count = devices * chunks;
  const first = predictions.findIndex((each) => each > 0);
  // A stage behind layers of multi-token prediction has no layer.
  const last = first < 0 ? count - 1 : first;
  return Array.from({ length: devices }, (_, rank) => {
    const own = Array.from({ length: chunks }, (__, chunk) => chunk * devices + rank);
    const fixed = own.reduce(
      (sum, stage) =>
        sum +
        (stage === 0 ? timeOf("E") : 0) +
        (predictions[stage] ?? 0) * timeOf("m") +
        (stage === count - 1 ? timeOf("L") : 0),
      0,
    );
    const stages = own.filter((stage) => stage <= last);
    const bare = stages.filter(
      (stage) => stage !== 0 && stage !== count - 1 && (predictions[stage] ?? 0) === 0,
    );
    return { fixed, stages, least: bare.length };
  });
}

/** How many layers fit on a rank within a time. */
function roomOn({ fixed, stages }: Seat, time: number, layer: number): number {
  return stages.length === 0 ? 0 : Math.floor((time - fixed) / layer);
}

/** The least time of the slowest rank; `undefined`: there are too few layers, or no stage for them. */
function leastTime({ layers, timeOf }: BalanceProblem, seats: readonly Seat[]): number | undefined {
  const layer = timeOf("t");
  const needed = seats.reduce((sum, { least }) => sum + least, 0);
  if (needed > layers || seats.every(({ stages }) => stages.length === 0)) {
    return undefined;
  }
  const isEnough = (time: number): boolean =>
    seats.every((seat) => roomOn(seat, time, layer) >= seat.least && time >= seat.fixed) &&
    seats.reduce((sum, seat) => sum + roomOn(seat, time, layer), 0) >= layers;
  let low = 0;
  let high = Math.max(...seats.map(({ fixed }) => fixed)) + layers * layer;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isEnough(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/** The rank that gives up a layer, by ranks that can, with the time that each has left to work. */
type Trim = (ranks: readonly number[], times: readonly number[]) => number;

const TRIMS: readonly Trim[] = [
  (ranks) => ranks.at(-1) ?? 0,
  (ranks, times) =>
    ranks.reduce(
      (most, rank) => ((times[rank] ?? 0) > (times[most] ?? 0) ? rank : most),
      ranks[0] ?? 0,
    ),
  (ranks) => ranks[0] ?? 0,
];

/** Layers on each rank: as many as fit, less those that are not there. */
function trimmed(
  { layers, timeOf }: BalanceProblem,
  seats: readonly Seat[],
  least: number,
  trim: Trim,
): readonly number[] {
  const layer = timeOf("t");
  const counts = seats.map((seat) => roomOn(seat, least, layer));
  const taken = seats.map(() => 0);
  for (let over = counts.reduce((sum, count) => sum + count, 0) - layers; over > 0; over--) {
    const able = seats.flatMap(({ least: few }, rank) => ((counts[rank] ?? 0) > few ? [rank] : []));
    // In turns, so that no rank gives up a second layer before the others gave up one.
    const fewest = Math.min(...able.map((rank) => taken[rank] ?? 0));
    const times = seats.map(({ fixed }, rank) => fixed + (counts[rank] ?? 0) * layer);
    const rank = trim(
      able.filter((each) => taken[each] === fewest),
      times,
    );
    counts[rank] = (counts[rank] ?? 0) - 1;
    taken[rank] = (taken[rank] ?? 0) + 1;
  }
  return counts;
}

/** The stage of a rank that gets the next layer, by stages with the time that they have so far. */
type Spread = (stages: readonly number[], times: readonly number[]) => number;

/** To the stage with least time; of several the first, or the last. */
const SPREADS: readonly Spread[] = [
  (stages, times) => stages[times.indexOf(Math.min(...times))] ?? 0,
  (stages, times) => stages[times.lastIndexOf(Math.min(...times))] ?? 0,
];

/** Layers in each stage. */
function stageCounts(
  problem: BalanceProblem,
  predictions: readonly number[],
  counts: readonly number[],
  spread: Spread,
): readonly number[] {
  const { devices, chunks, timeOf } = problem;
  const count = devices * chunks;
  const result = Array.from({ length: count }, () => 0);
  seatsOf(problem, predictions).forEach(({ stages }, rank) => {
    const fixed = stages.map(
      (stage) =>
        (stage === 0 ? timeOf("E") : 0) +
        (predictions[stage] ?? 0) * timeOf("m") +
        (stage === count - 1 ? timeOf("L") : 0),
    );
    const isBare = stages.map(
      (stage) => stage !== 0 && stage !== count - 1 && (predictions[stage] ?? 0) === 0,
    );
    for (let left = counts[rank] ?? 0; left > 0; left--) {
      const bare = stages.findIndex((stage, at) => isBare[at] === true && result[stage] === 0);
      const times = stages.map(
        (stage, at) => (fixed[at] ?? 0) + (result[stage] ?? 0) * timeOf("t"),
      );
      const stage = (bare >= 0 ? stages[bare] : undefined) ?? spread(stages, times);
      result[stage] = (result[stage] ?? 0) + 1;
    }
  });
  return result;
}
