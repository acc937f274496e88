/**
 * Schedules of placements with blocks that overlap.
 *
 * Two searches that know no overlaps give orders to begin with: one of all blocks apart, which is an answer by itself, and one
 * of blocks whose times are cut so that two that overlap take their joint time one after the other. A third order is that of a
 * period in which pairs always go together (`joint-period.ts`), which is an answer too. Instance by instance blocks then go
 * together where both are done earlier so.
 */
import { ok, type Result } from "../../../core/result.js";
import { withoutOverlaps } from "../../../placement/overlaps.js";
import type { Placement } from "../../../placement/placement.js";
import { outcomeInOrder } from "../../../schedule/in-order.js";
import { outcomeOfWhole } from "../../../schedule/outcome-of-whole.js";
import type { PipelineAlgorithm } from "../../../schedule/pipeline-algorithm-names.js";
import type { PipelineOutcome } from "../../../schedule/pipeline-outcome.js";
import type { PeriodicSchedule } from "../../../schedule/pipeline-schedule.js";
import { unrollPeriodic } from "../../../schedule/unroll-periodic.js";
import { jointPeriod } from "./joint-period.js";
import { type InstanceOptions, outcomeOfInstances, rateOf } from "./outcome-of-instances.js";

/** Searches a placement by the same algorithm; `isQuick`: for an order alone. */
export type SearchApart = (placement: Placement, isQuick: boolean) => Result<PipelineOutcome>;

/**
 * The outcome for a placement with overlaps: never a longer schedule, or a longer period, than without them.
 *
 * Fails: as `outcomeOfInstances`, where blocks apart have no schedule either.
 */
export function outcomeJoint(
  algorithm: PipelineAlgorithm,
  placement: Placement,
  microBatches: number,
  { search, ...options }: InstanceOptions & { readonly search: SearchApart },
): Result<PipelineOutcome> {
  const apart = search(withoutOverlaps(placement), false);
  const close = search(asIfJoint(placement), true);
  const joint = jointPeriod(placement, options.seed);
  const orders = [
    ...(apart.ok ? [apart.value.whole] : []),
    ...(close.ok
      ? [close.value.whole, unrollPeriodic(placement, close.value.periodic, microBatches)]
      : []),
    ...(joint === undefined ? [] : [unrollPeriodic(placement, joint, microBatches)]),
  ];
  const placed = outcomeOfInstances(algorithm, placement, microBatches, { ...options, orders });
  const found = placed.ok ? ok(withPeriod(placement, placed.value, joint)) : placed;
  if (!apart.ok || !found.ok) {
    return found.ok || !apart.ok ? found : ok(boundedAnew(placement, apart.value, 0));
  }
  const { makespanLowerBound } = found.value;
  const alone = boundedAnew(placement, apart.value, makespanLowerBound);
  const isShorter = alone.whole.makespan < found.value.whole.makespan;
  const isFaster = rateOf(alone.periodic) < rateOf(found.value.periodic);
  const [byWhole, byPeriod] = [isShorter ? alone : found.value, isFaster ? alone : found.value];
  return ok({
    ...byPeriod,
    whole: byWhole.whole,
    makespanStatus: byWhole.makespanStatus,
    nodes: apart.value.nodes + found.value.nodes,
    isCutShort: found.value.isCutShort,
  });
}

/** The outcome with another period where that takes less for each micro-batch. */
function withPeriod(
  placement: Placement,
  outcome: PipelineOutcome,
  periodic: PeriodicSchedule | undefined,
): PipelineOutcome {
  if (periodic === undefined || rateOf(periodic) >= rateOf(outcome.periodic)) {
    return outcome;
  }
  const { whole, makespanStatus, nodes, isCutShort } = outcome;
  const anew = boundedAnew(placement, { ...outcome, periodic }, outcome.makespanLowerBound);
  return { ...anew, whole, makespanStatus, nodes, isCutShort };
}

/** What was found of blocks apart, with the bounds of blocks that overlap. */
function boundedAnew(
  placement: Placement,
  { algorithm, whole, periodic }: PipelineOutcome,
  makespanLowerBound: number,
): PipelineOutcome {
  const outcome = outcomeOfWhole(placement, { algorithm, whole, periodic, makespanLowerBound });
  const isOurs = algorithm === "top-compile";
  return outcomeInOrder({
    ...outcome,
    status: isOurs && outcome.status === "heuristic" ? "bounded" : outcome.status,
    makespanStatus:
      isOurs && outcome.makespanStatus === "heuristic" ? "bounded" : outcome.makespanStatus,
  });
}

/** Times are cut to so many parts of a unit where units are coarse. */
const PARTS = 12;
/** Longest block for which a unit is coarse. */
const COARSE = 64;

/** The placement without overlaps, in finer units, the times of those that can overlap cut in proportion. */
function asIfJoint(placement: Placement): Placement {
  const { overlaps = [], ...rest } = placement;
  const longest = rest.blocks.reduce((most, { duration }) => Math.max(most, duration), 1);
  const scale = longest < COARSE ? PARTS : 1;
  const cut = new Map<number, number>();
  for (const { blocks: pair, duration } of overlaps) {
    const times = pair.map((at) => rest.blocks[at]?.duration ?? 0);
    const sum = times.reduce((total, time) => total + time, 0);
    for (const [side, time] of times.entries()) {
      const at = pair[side] ?? 0;
      const own = Math.max(1, Math.round((time * duration * scale) / sum));
      cut.set(at, Math.min(cut.get(at) ?? own, own));
    }
  }
  return {
    ...rest,
    dependencies: rest.dependencies.map((each) => ({ ...each, latency: each.latency * scale })),
    blocks: rest.blocks.map((block, at) => ({
      ...block,
      duration: cut.get(at) ?? block.duration * scale,
    })),
  };
}
