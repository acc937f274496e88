/**
 * The pipeline algorithms by name: one interface for the command line and for comparisons.
 */
import type { Failure } from "../../core/failure.js";
import { fail, ok, type Result } from "../../core/result.js";
import { inAnyOrder, isPlain, isPlainInAnyOrder } from "../../placement/micro-batches.js";
import type { Placement } from "../../placement/placement.js";
import { FAMILIES } from "../../schedule/family-names.js";
import { outcomeInOrder } from "../../schedule/in-order.js";
import { outcomeOfWhole } from "../../schedule/outcome-of-whole.js";
import type { PipelineAlgorithm } from "../../schedule/pipeline-algorithm-names.js";
import type { Effort } from "../../schedule/pipeline-efforts.js";
import type { Objective } from "../../schedule/pipeline-objectives.js";
import type { PipelineOutcome } from "../../schedule/pipeline-outcome.js";
import type { PeriodicSchedule, PipelineSchedule } from "../../schedule/pipeline-schedule.js";
import { simulatePipeline } from "../../schedule/simulate-pipeline.js";
import { steadyStateOf } from "../../schedule/steady-state.js";
import { asEarlyAsPossible } from "./complete-schedule.js";
import { asTwin, twinOf } from "./cyclic/twins.js";
import { sharesOf } from "./effort.js";
import { noScheduleFound } from "./failures.js";
import { periodicOf } from "./found-period.js";
import { algorithmTooPlain } from "./instances/failures.js";
import { outcomeInTurn } from "./instances/outcome-in-turn.js";
import { outcomeJoint } from "./instances/outcome-joint.js";
import { knowsInstances, outcomeOfInstances } from "./instances/outcome-of-instances.js";
import { makespanBound } from "./path-bounds.js";
import type { OnPipelineProgress } from "./progress.js";
import { middleOf, withEnds } from "./quick/batched-ends.js";
import { firstFitPeriod } from "./quick/first-fit-period.js";
import { greedySchedule } from "./quick/greedy.js";
import { safeListSchedules } from "./quick/safe-list.js";
import { withoutSends, withTransfers } from "./quick/with-transfers.js";
import { MAX_ITEMS } from "./reference/disjunctive.js";
import { tooManyBlocks, tooManyInstances } from "./reference/failures.js";
import { familySchedule } from "./reference/families.js";
import { tesselSchedule } from "./reference/tessel.js";
import { tesselFastSchedule } from "./reference/tessel-fast.js";
import { topCompileSchedule } from "./top-compile.js";
import { inSingleUnits, inUnits, tellInSingleUnits, unitOfTime } from "./unit-of-time.js";

/** Larger schedules are refused: they would take gigabytes to hold and to write. */
const MAX_INSTANCES = 1_000_000;

/** Instances from which `greedy` takes seconds. */
const LARGE = 20_000;

/** Comparisons of blocks with others of their devices, at worst, from which `modulo` is left out. */
const CROWDED = 2e8;

/** For an order to begin with. */
const QUICK: PipelineSearchOptions = { effort: "quick" };

/** Instances that are placed by themselves in the time of one that is placed for a whole schedule. */
const WORKS_PER_NODE = 8;

/** Whole schedules of what is placed instance by instance are compared by their makespan alone. */
const LEAVE_OUT = "leave --objective out: the makespan is what is least then";

/** What limits a search. */
export interface PipelineSearchOptions {
  /** Nodes, in the algorithm's own unit; absent: its own usual limit. */
  readonly maxNodes?: number | undefined;
  /** For `top-compile`: how much work it is worth; default: `default`. */
  readonly effort?: Effort | undefined;
  /** For `top-compile`: what the whole schedule is to be least in; default: `makespan`. */
  readonly objective?: Objective | undefined;
  /** For `top-compile`; default 1. */
  readonly seed?: number | undefined;
  /** Ends `top-compile` early with what it has: the result then depends on the machine. */
  readonly shouldStop?: (() => boolean) | undefined;
  /** Hears of `top-compile` at work. */
  readonly onProgress?: OnPipelineProgress | undefined;
  /** Told of each algorithm that `top-compile` cannot compare its schedule with, and why. */
  readonly onLeftOut?: ((algorithm: PipelineAlgorithm, reason: Failure) => void) | undefined;
}

/**
 * Runs an algorithm for `microBatches` micro-batches. `top-compile` is ours; `quick` is the better of `modulo` and
 * `greedy`: the shorter period per micro-batch, then the shorter makespan. Whatever the algorithm, every block
 * takes the micro-batches in their order, and the unit of time does not matter.
 *
 * Fails: `family-does-not-fit`, `family-deadlocks`, `family-exceeds-memory`, `repetend-exceeds-memory`,
 * `no-schedule-found`, `algorithm-too-plain`, `micro-batches-differ`, `too-many-blocks`, `too-many-instances`, `placement-infeasible`.
 */
export function searchPipeline(
  algorithm: PipelineAlgorithm,
  placement: Placement,
  microBatches: number,
  options: PipelineSearchOptions = {},
): Result<PipelineOutcome> {
  const instances = placement.blocks.length * microBatches;
  if (instances > MAX_INSTANCES) {
    return fail([tooManyInstances(instances, MAX_INSTANCES)]);
  }
  if (!isPlain(placement)) {
    const { effort = "default", objective = "makespan", maxNodes, seed = 1, shouldStop } = options;
    if (objective !== "makespan") {
      return fail([algorithmTooPlain(`--objective ${objective}`, placement, LEAVE_OUT)]);
    }
    const { whole } = sharesOf(effort, placement, maxNodes);
    const limits = { maxNodes: WORKS_PER_NODE * whole, seed, shouldStop };
    if (placement.overlaps !== undefined && knowsInstances(algorithm)) {
      const search = (each: Placement, isQuick: boolean): Result<PipelineOutcome> =>
        searchPipeline(algorithm, each, microBatches, isQuick ? QUICK : options);
      return outcomeJoint(algorithm, placement, microBatches, { ...limits, search });
    }
    const isKnown = isPlainInAnyOrder(placement) && knowsInstances(algorithm);
    const free = isKnown
      ? searchPipeline(algorithm, inAnyOrder(placement), microBatches, options)
      : undefined;
    if (free?.ok === false && free.error[0].code === "placement-infeasible") {
      return free;
    }
    return free?.ok === true
      ? outcomeInTurn(algorithm, placement, free.value, limits)
      : outcomeOfInstances(algorithm, placement, microBatches, limits);
  }
  const unit = unitOfTime(placement);
  const found = searchBy(algorithm, inUnits(placement, unit), microBatches, {
    ...options,
    onProgress: tellInSingleUnits(options.onProgress, unit),
  });
  return found.ok ? ok(outcomeInOrder(inSingleUnits(found.value, unit))) : found;
}

function searchBy(
  algorithm: PipelineAlgorithm,
  placement: Placement,
  microBatches: number,
  options: PipelineSearchOptions,
): Result<PipelineOutcome> {
  const { maxNodes } = options;
  switch (algorithm) {
    case "top-compile": {
      const rivals = rivalsOf(placement, microBatches, options);
      return topCompileSchedule(placement, microBatches, { ...options, rivals });
    }
    case "quick":
      return quick(placement, microBatches);
    case "modulo": {
      const found = firstFitPeriod(placement, microBatches);
      return found === undefined || !isRight(placement, found.whole)
        ? fail([noScheduleFound(algorithm)])
        : ok(outcomeOf(algorithm, placement, found.whole, found.periodic));
    }
    case "greedy": {
      const greedy = greedySchedule(placement, microBatches);
      const [whole] = isRight(placement, greedy)
        ? [greedy]
        : safeListSchedules(placement, microBatches);
      return whole === undefined
        ? fail([noScheduleFound(algorithm)])
        : ok(outcomeOf(algorithm, placement, whole));
    }
    case "tessel": {
      if (placement.blocks.length > MAX_ITEMS) {
        return fail([tooManyBlocks(algorithm, placement.blocks.length, MAX_ITEMS)]);
      }
      const limits = { ...TESSEL_LIMITS, ...(maxNodes === undefined ? {} : { maxNodes }) };
      const found = tesselSchedule(placement, microBatches, limits);
      return found === undefined || !isRight(placement, found.whole)
        ? fail([noScheduleFound(algorithm)])
        : ok({
            ...outcomeOf(algorithm, placement, found.whole, found.periodic),
            nodes: found.nodes,
            isCutShort: found.isCutShort,
          });
    }
    case "tessel-fast": {
      const nodes = maxNodes ?? TESSEL_LIMITS.maxPartNodes;
      const found = tesselFastSchedule(placement, microBatches, nodes);
      if (!found.ok) {
        return found;
      }
      const { whole, periodic, ...rest } = found.value;
      return isRight(placement, whole)
        ? ok({ ...outcomeOf(algorithm, placement, whole, periodic), ...rest })
        : fail([noScheduleFound(algorithm)]);
    }
    default: {
      const whole = familySchedule(algorithm, placement, microBatches);
      return whole.ok ? ok(outcomeOf(algorithm, placement, whole.value)) : whole;
    }
  }
}

/** Algorithms that take little time and never more memory than there is. */
const RIVALS = ["modulo", "greedy", ...FAMILIES] as const;

/** What the quick algorithms make of a placement, those that can before somebody asks to stop. */
function rivalsOf(
  placement: Placement,
  microBatches: number,
  options: PipelineSearchOptions,
): readonly PipelineOutcome[] {
  const { shouldStop, onLeftOut } = options;
  const isLarge = placement.blocks.length * microBatches > LARGE;
  const rivals = RIVALS.flatMap((name) => {
    const isSlow = name === "greedy" ? isLarge : name === "modulo" && isCrowded(placement);
    if (isSlow || shouldStop?.() === true) {
      return [];
    }
    const found = searchPipeline(name, placement, microBatches);
    if (!found.ok) {
      onLeftOut?.(name, found.error[0]);
      return [];
    }
    return [found.value];
  });
  return [
    ...rivals,
    ...(isLarge ? [] : liftedRivals(placement, microBatches, shouldStop)),
    ...batched(placement, microBatches, options),
    ...(isLarge ? [] : smoothed(placement, microBatches, options)),
  ];
}

/** Times shorter than so many of a unit are no multiples of it with some noise. */
const LEAST_UNIT = 16;
/** The largest load, in units, of a placement without noise. */
const MOST_UNITS = 4096;

/** What a search makes of a placement without the noise of its times, with these put in again; nothing where there is more than noise. */
function smoothed(
  placement: Placement,
  microBatches: number,
  options: PipelineSearchOptions,
): readonly PipelineOutcome[] {
  const twin = twinOf(placement, MOST_UNITS);
  const isNoisy = twin?.isClose === true && twin.unit >= LEAST_UNIT;
  if (!isNoisy || options.shouldStop?.() === true) {
    return [];
  }
  const { onProgress: _, onLeftOut: __, objective: ___, ...own } = options;
  const found = searchPipeline("top-compile", twin.placement, microBatches, own);
  if (!found.ok) {
    return [];
  }
  const whole = asEarlyAsPossible(placement, found.value.whole);
  const period = asTwin(placement, found.value.periodic);
  return isRight(placement, whole)
    ? [outcomeOf("top-compile", placement, whole, period && periodicOf(period))]
    : [];
}

/** What families make of a placement whose transfers are left out, with these put in again. */
function liftedRivals(
  placement: Placement,
  microBatches: number,
  shouldStop: PipelineSearchOptions["shouldStop"],
): readonly PipelineOutcome[] {
  const without = withoutSends(placement);
  return FAMILIES.flatMap((name) => {
    if (without === undefined || shouldStop?.() === true) {
      return [];
    }
    const found = familySchedule(name, without.placement, microBatches);
    const whole = found.ok ? withTransfers(placement, without, found.value) : undefined;
    return whole === undefined ? [] : [outcomeInOrder(outcomeOf(name, placement, whole))];
  });
}

/** Work for the middle, between what runs for all micro-batches before and after it. */
const MIDDLE_NODES = 20_000;

/** With everything that holds no memory before or after all that does; nothing where that is not possible. */
function batched(
  placement: Placement,
  microBatches: number,
  { maxNodes = MIDDLE_NODES, seed, shouldStop }: PipelineSearchOptions,
): readonly PipelineOutcome[] {
  const middle = middleOf(placement);
  if (middle === undefined || shouldStop?.() === true) {
    return [];
  }
  const found = searchPipeline("top-compile", middle.placement, microBatches, {
    effort: "quick",
    maxNodes: Math.min(maxNodes, MIDDLE_NODES),
    seed,
    shouldStop,
  });
  return found.ok
    ? [outcomeOf("top-compile", placement, withEnds(placement, middle, found.value.whole))]
    : [];
}

/** So many blocks on a device that `modulo`, which compares them all for each, takes long. */
function isCrowded({ blocks, devices }: Placement): boolean {
  const counts = devices.map(() => 0);
  for (const device of blocks.flatMap((block) => block.devices)) {
    counts[device] = (counts[device] ?? 0) + 1;
  }
  return counts.reduce((sum, count) => sum + count ** 3, 0) > CROWDED;
}

/** The better of the two; for large schedules `greedy`, the slow one, only if the other is not at its bound. */
function quick(placement: Placement, microBatches: number): Result<PipelineOutcome> {
  const modulo = searchPipeline("modulo", placement, microBatches);
  const isLarge = placement.blocks.length * microBatches > LARGE;
  if (modulo.ok && isLarge && modulo.value.status === "optimal") {
    return modulo;
  }
  const greedy = searchPipeline("greedy", placement, microBatches);
  const [best] = [modulo, greedy]
    .flatMap((result) => (result.ok ? [result.value] : []))
    .sort(comparePeriods);
  return best === undefined ? fail([noScheduleFound("quick")]) : ok(best);
}

const TESSEL_LIMITS = { maxNodes: 50_000, maxPartNodes: 1000 };

/** Rules that do not look at memory while they place blocks are asked afterwards. */
function isRight(placement: Placement, whole: PipelineSchedule): boolean {
  return simulatePipeline(placement, whole).every(({ peakMemory }, device) => {
    const limit = placement.devices[device]?.memory;
    return limit === undefined || peakMemory <= limit;
  });
}

function comparePeriods(a: PipelineOutcome, b: PipelineOutcome): number {
  const [one, other] = [a.periodic, b.periodic];
  return (
    one.period * other.microBatchesPerPeriod - other.period * one.microBatchesPerPeriod ||
    a.whole.makespan - b.whole.makespan
  );
}

/** A whole schedule with the period in it and the bounds that need no search. */
function outcomeOf(
  algorithm: PipelineAlgorithm,
  placement: Placement,
  whole: PipelineSchedule,
  periodic: PeriodicSchedule = steadyStateOf(placement, whole),
): PipelineOutcome {
  const makespanLowerBound = makespanBound(placement, whole.microBatches);
  return outcomeOfWhole(placement, { algorithm, whole, periodic, makespanLowerBound });
}
