/**
 * Our search: the best period with proof, the steadiest order among equals, and the shortest whole
 * schedule that anything here finds.
 *
 * 1. `searchPeriod`: the shortest time per micro-batch, the least memory at it, the least latency.
 * 2. Several orders may be equal on paper. Other orders of the search give other schedules with the
 *    same period, peak and latency; the one whose pace suffers least from noise is taken.
 * 3. The whole schedule: the periodic one cut to N micro-batches, and everything that other
 *    algorithms make within the memory limits, each shortened; the shortest wins, ours when equal. Where the whole again
 *    and again takes less for each micro-batch, it is what repeats. For few block instances the shortest possible is searched.
 *
 * Example: V-shape, four devices, memory 4, 16 micro-batches: period 4 (load), whole 76.
 */
import { fail, ok, type Result } from "../../core/result.js";
import { limitMemory } from "../../placement/limit-memory.js";
import type { Placement } from "../../placement/placement.js";
import { reduced } from "../../schedule/max-cycle-ratio.js";
import type { Effort } from "../../schedule/pipeline-efforts.js";
import type { Objective } from "../../schedule/pipeline-objectives.js";
import type { PipelineOutcome, TightBound } from "../../schedule/pipeline-outcome.js";
import type { PeriodicSchedule, PipelineSchedule } from "../../schedule/pipeline-schedule.js";
import { rankByNoisyPeriod } from "../../schedule/robust-period.js";
import { steadyStateOf } from "../../schedule/steady-state.js";
import { completeSchedule } from "./complete-schedule.js";
import { type Shares, sharesOf } from "./effort.js";
import { noScheduleWithin, provedInfeasible } from "./failures.js";
import { type FoundPeriod, periodicOf } from "./found-period.js";
import { returnsMemory } from "./memory-needs.js";
import { outwardOrder } from "./modulo/modulo-order.js";
import { moduloProblem } from "./modulo/modulo-problem.js";
import { searchModulo } from "./modulo/modulo-search.js";
import { DEFAULT_MICRO_BATCHES, type PeriodResult } from "./period-result.js";
import { searchPeriod } from "./period-search.js";
import type { KnownPeriod, OnPipelineProgress } from "./progress.js";
import { wholeScheduleOf } from "./whole-schedule.js";

/** Limits of our search. */
export interface TopCompileOptions {
  readonly maxNodes?: number | undefined;
  /** Default: `default`. */
  readonly effort?: Effort | undefined;
  readonly seed?: number | undefined;
  /** Default: `makespan`. */
  readonly objective?: Objective | undefined;
  readonly shouldStop?: (() => boolean) | undefined;
  readonly onProgress?: OnPipelineProgress | undefined;
  /** Whole schedules of other algorithms, all within memory. */
  readonly rivals: readonly PipelineOutcome[];
}

/** Work left for the whole schedule when somebody asked to stop. */
const STOPPED_NODES = 10_000;
/** Nodes for a schedule within the least memory, when less is not enough. */
const LEAST_MEMORY_NODES = 20_000;
/** Periods above have one order only: that of the search. */
const MAX_EQUAL_PERIOD = 256;
const MAX_EQUAL_BLOCKS = 64;

/**
 * The schedule for `microBatches`; deterministic unless `shouldStop` ends it.
 *
 * Fails: `placement-infeasible` (proved), `no-schedule-found`.
 */
export function topCompileSchedule(
  placement: Placement,
  microBatches: number,
  options: TopCompileOptions,
): Result<PipelineOutcome> {
  const { maxNodes, effort = "default", seed = 1, shouldStop, onProgress, rivals } = options;
  const { objective = "makespan" } = options;
  const shares = sharesOf(effort, placement, maxNodes);
  const found = searchPeriod(placement, {
    maxNodes: shares.period,
    shareOfMore: shares.shareOfMore,
    memoryNodes: shares.memory,
    latencyNodes: shares.latency,
    seed,
    ...(shouldStop === undefined ? {} : { shouldStop }),
    onProgress,
  });
  if (found.status === "infeasible") {
    return fail([provedInfeasible(placement, found.leastMemory, isEnough(placement, found))]);
  }
  const faster = fastestRival(found.schedule, rivals);
  const steady = { nodes: shares.steadiness, seed, shouldStop };
  const periodic =
    faster?.periodic ?? (found.schedule && steadiest(placement, found, found.schedule, steady));
  if (periodic === undefined) {
    return fail([noScheduleWithin(found.nodes)]);
  }
  const completed = [periodic, ...found.earlier].map((each) =>
    completeSchedule(placement, each, microBatches),
  );
  const wholes = [...completed, ...rivals.map((rival) => rival.whole)].filter(
    (one) => one !== undefined,
  );
  const known = { phase: "whole" as const, known: knownOf(found, periodic) };
  const isStopped = shouldStop?.() === true;
  const whole = wholeScheduleOf(placement, wholes, {
    shares: isStopped ? stopped(shares) : shares,
    seed,
    objective,
    // Run again and again, a shorter one would be a period below the bound.
    floor: Math.ceil((microBatches * found.lowerBound.numerator) / found.lowerBound.denominator),
    onRound: onProgress && ((done, total) => onProgress({ ...known, done, total })),
  });
  if (whole === undefined) {
    return fail([noScheduleWithin(found.nodes)]);
  }
  const { numerator, denominator } = found.lowerBound;
  const again = repeatedWhole(placement, whole.whole, rateOf(periodic));
  const repeating = again ?? periodic;
  const { period, microBatchesPerPeriod } = repeating;
  const isTight = period * denominator === numerator * microBatchesPerPeriod;
  const { exhaustedUpTo } = found;
  const leastUpTo =
    isTight || faster !== undefined || again !== undefined || exhaustedUpTo < microBatchesPerPeriod
      ? {}
      : { leastUpTo: exhaustedUpTo };
  return ok({
    algorithm: "top-compile",
    periodic: repeating,
    ...boundOf(found, repeating),
    ...leastUpTo,
    status: isTight ? "optimal" : "bounded",
    ...whole,
    nodes: found.nodes,
    isCutShort: !isTight && leastUpTo.leastUpTo !== DEFAULT_MICRO_BATCHES,
  });
}

/** Little work for the whole schedule. */
function stopped(shares: Shares): Shares {
  const whole = Math.min(shares.whole, STOPPED_NODES);
  return { ...shares, whole, wholeMemory: 0, bound: 0, exact: 0, question: 0 };
}

function knownOf(
  { lowerBound: { numerator, denominator } }: PeriodResult,
  { period, microBatchesPerPeriod }: PeriodicSchedule,
): KnownPeriod {
  const lowerBound = Math.ceil((numerator * microBatchesPerPeriod) / denominator);
  return { period, microBatchesPerPeriod, lowerBound };
}

/** Larger wholes are not repeated: the repetend would be as large. */
const MOST_REPEATED = 4096;

/** The whole schedule again and again, or what repeats in it, where that takes less than `rate` for each micro-batch. */
function repeatedWhole(
  placement: Placement,
  whole: PipelineSchedule,
  rate: number,
): PeriodicSchedule | undefined {
  const first = placement.devices.map(() => Number.POSITIVE_INFINITY);
  const last = placement.devices.map(() => 0);
  for (const { block, start, end } of whole.instances) {
    for (const device of placement.blocks[block]?.devices ?? []) {
      first[device] = Math.min(first[device] ?? 0, start);
      last[device] = Math.max(last[device] ?? 0, end);
    }
  }
  const longest = last.reduce((most, end, at) => Math.max(most, end - (first[at] ?? 0)), 0);
  const isShorter = longest < rate * whole.microBatches;
  return isShorter && whole.instances.length <= MOST_REPEATED && allReturned(placement)
    ? steadyStateOf(placement, whole)
    : undefined;
}

/** Whether no device keeps memory when a micro-batch has ended. */
function allReturned(placement: Placement): boolean {
  const problem = moduloProblem(placement, 1);
  return placement.devices.every((_, device) => returnsMemory(problem, device));
}

function rateOf({ period, microBatchesPerPeriod }: PeriodicSchedule): number {
  return period / microBatchesPerPeriod;
}

/** A rival with less time per micro-batch than what was found. */
function fastestRival(
  found: PeriodicSchedule | undefined,
  rivals: readonly PipelineOutcome[],
): PipelineOutcome | undefined {
  const [best] = [...rivals].sort((a, b) => rateOf(a.periodic) - rateOf(b.periodic));
  const isFaster =
    best !== undefined && (found === undefined || rateOf(best.periodic) < rateOf(found));
  return isFaster ? best : undefined;
}

const BY_SEARCH: TightBound = { kind: "search", blocks: [] };

function boundOf(
  { lowerBound, boundedBy }: PeriodResult,
  { microBatchesPerPeriod: q }: PeriodicSchedule,
): Pick<PipelineOutcome, "periodLowerBound" | "boundEach" | "boundedBy"> {
  const { numerator, denominator } = lowerBound;
  const { kind, device, blocks, weights, beside } = boundedBy ?? BY_SEARCH;
  return {
    periodLowerBound: Math.max(1, Math.ceil((numerator * q) / denominator)),
    boundEach: reduced(numerator, denominator),
    boundedBy: {
      kind,
      ...(device === undefined ? {} : { device }),
      blocks,
      ...(weights === undefined ? {} : { weights }),
      ...(beside === undefined ? {} : { beside }),
    },
  };
}

/** Whether the least memory that an infeasible placement needs is enough for some schedule. */
function isEnough(placement: Placement, { leastMemory }: PeriodResult): boolean {
  if (leastMemory === undefined || leastMemory.some((least) => least === undefined)) {
    return false;
  }
  const devices = placement.devices.map(({ name, memory }, at) => ({
    name,
    memory: memory === undefined ? undefined : Math.max(memory, leastMemory[at] ?? 0),
  }));
  const raised = limitMemory({ ...placement, devices });
  const options = { maxNodes: LEAST_MEMORY_NODES, seed: 1, maxMicroBatches: 1, polish: false };
  return raised.ok && searchPeriod(raised.value, options).schedule !== undefined;
}

/**
 * Of schedules with the same period, peaks and latency the one that noise slows down least; the given
 * one when somebody asked to stop.
 */
function steadiest(
  placement: Placement,
  result: PeriodResult,
  schedule: PeriodicSchedule,
  {
    nodes,
    seed,
    shouldStop,
  }: Pick<TopCompileOptions, "shouldStop"> & { readonly nodes: number; readonly seed: number },
): PeriodicSchedule {
  const { period, microBatchesPerPeriod: copies } = schedule;
  const problem = moduloProblem(placement, copies);
  const one = moduloProblem(placement, 1);
  if (nodes === 0 || period > MAX_EQUAL_PERIOD || problem.count > MAX_EQUAL_BLOCKS) {
    return schedule;
  }
  const highest = Math.max(0, ...result.peaks.map((peak) => peak ?? 0));
  const all = result.peaks.every((peak) => peak !== undefined);
  const orders = [
    one.topological,
    [...one.topological].reverse(),
    [...outwardOrder(one)].reverse(),
  ];
  const others = orders.flatMap((order): readonly PeriodicSchedule[] => {
    const { times } = searchModulo(problem, period, {
      limits: placement.devices.map(({ memory }) =>
        all ? Math.min(memory ?? highest, highest) : memory,
      ),
      order,
      latency: result.latency,
      maxNodes: nodes,
      ...(shouldStop === undefined ? {} : { shouldStop }),
    });
    const found: FoundPeriod | undefined = times && { problem, copies, period, times };
    return found === undefined ? [] : [periodicOf(found)];
  });
  if (shouldStop?.() === true) {
    return schedule;
  }
  const ranked = rankByNoisyPeriod(placement, [schedule, ...others], { seed });
  return ranked[0]?.schedule ?? schedule;
}
