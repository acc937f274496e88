/**
 * The whole schedule that is written: of several the shortest, bounded, with as little memory as can be found; or
 * the one that takes least in the sense of another objective.
 */
import type { Placement } from "../../placement/placement.js";
import type { Objective } from "../../schedule/pipeline-objectives.js";
import type { PipelineOutcome } from "../../schedule/pipeline-outcome.js";
import type { PipelineSchedule } from "../../schedule/pipeline-schedule.js";
import type { Shares } from "./effort.js";
import { leastSpans } from "./makespan/close-spans.js";
import { exactWhole } from "./makespan/exact-whole.js";
import { leastWhole } from "./makespan/least-whole.js";
import { lowerMemory } from "./makespan/lower-memory.js";
import { ShortestOfAll } from "./makespan/shortest-schedule.js";
import { spanBound } from "./makespan/span-bound.js";
import { makespanBound } from "./path-bounds.js";
import { type OfOthers, shortestOfOthers } from "./shortest-of-others.js";
import { shortestWhole } from "./shortest-whole.js";

/** How much is worth doing, and for what. */
export interface WholeOptions {
  readonly shares: Shares;
  readonly seed: number;
  readonly objective: Objective;
  /** No schedule is shorter, as is known. */
  readonly floor: number;
  /** Told after each round of shortening how much work is done, and how much there may be. */
  readonly onRound?: ((done: number, total: number) => void) | undefined;
}

/** What an outcome says of its whole schedule. */
export type WholeOutcome = Pick<
  PipelineOutcome,
  "whole" | "makespanLowerBound" | "makespanStatus" | "objective" | "objectiveLowerBound"
>;

/** The whole schedule out of `wholes`, all within memory; `undefined` without any. Deterministic. */
export function wholeScheduleOf(
  placement: Placement,
  wholes: readonly PipelineSchedule[],
  { shares, seed, objective, floor, onRound }: WholeOptions,
): WholeOutcome | undefined {
  const microBatches = wholes[0]?.microBatches ?? 0;
  const high = wholes.reduce((least, { makespan }) => Math.min(least, makespan), Infinity);
  const low = Math.max(floor, makespanBound(placement, microBatches));
  const bound = leastWhole(placement, microBatches, { low, high, maxWork: shares.bound });
  const { whole: maxNodes, isThorough } = shares;
  const shortening = { maxNodes, isThorough, onRound, floor: bound, seed };
  const shortened = new ShortestOfAll(placement, wholes, shortening);
  const shortest = shortened.settle();
  if (shortest === undefined) {
    return undefined;
  }
  // What proves that nothing is shorter finds the shortest too: only what it leaves open is shortened at length.
  const early = settled(placement, shortest, bound, shares);
  const longer = early.isProved ? undefined : shortened.atLength();
  const { whole, isProved, ...exact } =
    longer !== undefined && longer.makespan < early.whole.makespan
      ? settled(placement, longer, early.bound, shares)
      : early;
  const makespanLowerBound = isProved ? whole.makespan : exact.bound;
  const lean = lowerMemory(placement, whole, wholes, { maxNodes: shares.wholeMemory, seed });
  if (objective === "makespan") {
    return { whole: lean, makespanLowerBound, makespanStatus: isProved ? "optimal" : "bounded" };
  }
  const spans = { objective, maxNodes, seed, floor: makespanLowerBound };
  const closed = leastSpans(placement, [lean, whole, ...wholes], spans);
  return {
    whole: closed,
    makespanLowerBound,
    makespanStatus: closed.makespan === makespanLowerBound ? "optimal" : "bounded",
    objective,
    objectiveLowerBound: spanBound(placement, closed, objective, shares.bound),
  };
}

/** The shortest schedule, by the exact methods that are worth their work, and the bound that is known then. */
function settled(
  placement: Placement,
  shortest: PipelineSchedule,
  floor: number,
  shares: Shares,
): OfOthers {
  const isDone = shortest.makespan <= floor;
  const others = isDone ? undefined : shortestOfOthers(placement, shortest, shares);
  const bound = Math.max(floor, others?.bound ?? floor);
  const known = others?.whole ?? shortest;
  if (known.makespan <= bound) {
    return { whole: known, isProved: true, bound };
  }
  const ordered = exactWhole(placement, known, bound, shares.exact);
  const exact = ordered.isProved
    ? ordered
    : shortestWhole(placement, ordered.whole, bound, shares.question);
  return { ...exact, bound };
}
