/**
 * Schedules of placements whose transfers keep an order, and that are plain apart from that.
 *
 * What is found in any order may keep it already: then it is the answer, with its proofs. Otherwise the same order of works is
 * placed again with everything in its turn, and improved instance by instance; bounds stay those of any order.
 */
import { ok, type Result } from "../../../core/result.js";
import type { Placement } from "../../../placement/placement.js";
import { outcomeInOrder } from "../../../schedule/in-order.js";
import type { PipelineAlgorithm } from "../../../schedule/pipeline-algorithm-names.js";
import type { PipelineOutcome } from "../../../schedule/pipeline-outcome.js";
import type { PipelineSchedule } from "../../../schedule/pipeline-schedule.js";
import { unrollPeriodic } from "../../../schedule/unroll-periodic.js";
import { verifyPeriodicSchedule } from "../../../schedule/verify-periodic-schedule.js";
import { verifyPipelineSchedule } from "../../../schedule/verify-pipeline-schedule.js";
import { type InstanceOptions, outcomeOfInstances, rateOf } from "./outcome-of-instances.js";

/**
 * The outcome for a placement whose transfers keep an order, by what the algorithm finds in any order.
 *
 * Fails: as `outcomeOfInstances`.
 */
export function outcomeInTurn(
  algorithm: PipelineAlgorithm,
  placement: Placement,
  free: PipelineOutcome,
  options: InstanceOptions,
): Result<PipelineOutcome> {
  const { microBatches } = free.whole;
  const repeats = verifyPeriodicSchedule(placement, free.periodic).length === 0;
  const again = unrollPeriodic(placement, free.periodic, microBatches);
  const kept = [free.whole, again].filter(
    (whole) => verifyPipelineSchedule(placement, whole).length === 0,
  );
  if (repeats && kept[0] === free.whole) {
    return ok(free);
  }
  const orders = [free.whole, again];
  const found = outcomeOfInstances(algorithm, placement, microBatches, { ...options, orders });
  if (!found.ok) {
    return found;
  }
  const whole = shortestOf([...kept, found.value.whole]);
  const isFaster = repeats && rateOf(free.periodic) < rateOf(found.value.periodic);
  const { leastUpTo, boundEach, boundedBy } = free;
  const periodic = isFaster ? free.periodic : found.value.periodic;
  const { period, microBatchesPerPeriod: q } = periodic;
  const { numerator, denominator } = boundEach;
  const makespanLowerBound = Math.max(free.makespanLowerBound, found.value.makespanLowerBound);
  const isTight = period * denominator === numerator * q;
  const short = algorithm === "top-compile" ? "bounded" : "heuristic";
  return ok(
    outcomeInOrder({
      algorithm,
      periodic,
      periodLowerBound: Math.ceil((numerator * q) / denominator),
      boundEach,
      boundedBy,
      ...(isFaster && !isTight && leastUpTo !== undefined ? { leastUpTo } : {}),
      status: isTight ? "optimal" : short,
      whole,
      makespanLowerBound,
      makespanStatus: whole.makespan === makespanLowerBound ? "optimal" : short,
      nodes: free.nodes + found.value.nodes,
      isCutShort: free.isCutShort || found.value.isCutShort,
    }),
  );
}

/** The first of the shortest. */
function shortestOf(wholes: readonly PipelineSchedule[]): PipelineSchedule {
  return wholes.reduce((best, each) => (each.makespan < best.makespan ? each : best));
}
