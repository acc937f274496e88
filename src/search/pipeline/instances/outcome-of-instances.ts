import { fail, ok, type Result } from "../../../core/result.js";
import { areAlike, statedMicroBatches } from "../../../placement/micro-batches.js";
import type { Placement } from "../../../placement/placement.js";
import { outcomeInOrder } from "../../../schedule/in-order.js";
import { isGreater } from "../../../schedule/max-cycle-ratio.js";
import { outcomeOfWhole } from "../../../schedule/outcome-of-whole.js";
import type { PipelineAlgorithm } from "../../../schedule/pipeline-algorithm-names.js";
import type { PipelineOutcome } from "../../../schedule/pipeline-outcome.js";
import type { PeriodicSchedule, PipelineSchedule } from "../../../schedule/pipeline-schedule.js";
import { steadyStateOf } from "../../../schedule/steady-state.js";
import { noScheduleFound, noScheduleWithin } from "../failures.js";
import { algorithmTooPlain, microBatchesDiffer, stepWaitsForItself } from "./failures.js";
import { instanceProblem, waitingForThemselves } from "./instance-problem.js";
import { longestLoop } from "./loop-bound.js";
import { searchInstances } from "./search-instances.js";

/** How long to look, for `top-compile`. */
export interface InstanceOptions {
  readonly maxNodes: number;
  readonly seed: number;
  readonly shouldStop?: (() => boolean) | undefined;
  /** Orders of works to start from too. */
  readonly orders?: readonly PipelineSchedule[];
}

/**
 * The schedule of a placement that is not plain: by `top-compile`, or by `greedy` and `quick`, which take the best start.
 * Its period is what repeats in the whole schedule; where micro-batches are not alike that is all of it.
 *
 * Fails: `algorithm-too-plain`, `micro-batches-differ`, `step-waits-for-itself`, `no-schedule-found`.
 */
export function outcomeOfInstances(
  algorithm: PipelineAlgorithm,
  placement: Placement,
  microBatches: number,
  options: InstanceOptions,
): Result<PipelineOutcome> {
  const stated = statedMicroBatches(placement) ?? microBatches;
  if (stated !== microBatches) {
    return fail([microBatchesDiffer(microBatches, stated)]);
  }
  const isOurs = algorithm === "top-compile";
  if (!knowsInstances(algorithm)) {
    return fail([
      algorithmTooPlain(`--algorithm ${algorithm}`, placement, "use top-compile, quick or greedy"),
    ]);
  }
  const waiting = waitingForThemselves(instanceProblem(placement, microBatches), placement);
  if (waiting.length > 0) {
    return fail([stepWaitsForItself(placement, waiting)]);
  }
  const limits = isOurs ? options : { ...options, maxNodes: 0 };
  const { wholes, nodes, bound } = searchInstances(placement, microBatches, limits);
  const [whole] = wholes;
  if (whole === undefined) {
    return fail([isOurs ? noScheduleWithin(nodes) : noScheduleFound(algorithm)]);
  }
  const periodic = wholes
    .map((each) => steadyStateOf(placement, each))
    .reduce((best, each) => (rateOf(each) < rateOf(best) ? each : best));
  const byLoad = outcomeOfWhole(placement, {
    algorithm,
    whole,
    periodic,
    makespanLowerBound: bound,
  });
  const outcome = areAlike(placement) ? outcomeInOrder(boundedByLoop(placement, byLoad)) : byLoad;
  return ok(
    isOurs ? { ...outcome, ...statusesOf(outcome, nodes >= options.maxNodes), nodes } : outcome,
  );
}

/** Whether an algorithm places instance by instance what is not plain. */
export function knowsInstances(algorithm: PipelineAlgorithm): boolean {
  return algorithm === "top-compile" || algorithm === "greedy" || algorithm === "quick";
}

/** The outcome with the bound of its longest loop of dependencies, where that is the higher one. */
function boundedByLoop(placement: Placement, outcome: PipelineOutcome): PipelineOutcome {
  const loop = longestLoop(placement);
  if (loop === undefined || !isGreater(loop.each, outcome.boundEach)) {
    return outcome;
  }
  const { period, microBatchesPerPeriod: q } = outcome.periodic;
  const { numerator, denominator } = loop.each;
  return {
    ...outcome,
    periodLowerBound: Math.ceil((numerator * q) / denominator),
    boundEach: loop.each,
    boundedBy: { kind: "loop", blocks: loop.blocks },
    status: period * denominator === numerator * q ? "optimal" : "heuristic",
  };
}

/** Time for each micro-batch. */
export function rateOf({ period, microBatchesPerPeriod }: PeriodicSchedule): number {
  return period / microBatchesPerPeriod;
}

/** What is not at its bound is bounded: our search tries to prove it. */
function statusesOf(
  { status, makespanStatus }: PipelineOutcome,
  isLimited: boolean,
): Pick<PipelineOutcome, "status" | "makespanStatus" | "isCutShort"> {
  return {
    status: status === "optimal" ? "optimal" : "bounded",
    makespanStatus: makespanStatus === "optimal" ? "optimal" : "bounded",
    isCutShort: isLimited && makespanStatus !== "optimal",
  };
}
