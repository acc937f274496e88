import { commonDivisor } from "../../core/common-divisor.js";
import type { Placement } from "../../placement/placement.js";
import { reduced } from "../../schedule/max-cycle-ratio.js";
import type { PipelineOutcome } from "../../schedule/pipeline-outcome.js";
import type { PeriodicSchedule, PipelineSchedule } from "../../schedule/pipeline-schedule.js";
import type { OnPipelineProgress } from "./progress.js";

/** The greatest unit in which all durations and latencies are whole; 1 without blocks. */
export function unitOfTime({ blocks, dependencies }: Placement): number {
  const durations = blocks.reduce((unit, { duration }) => commonDivisor(unit, duration), 0);
  return dependencies.reduce((unit, { latency }) => commonDivisor(unit, latency), durations) || 1;
}

/** The placement with its times counted in `unit`. Requires: all are multiples of it. */
export function inUnits(placement: Placement, unit: number): Placement {
  return unit === 1
    ? placement
    : {
        ...placement,
        blocks: placement.blocks.map((block) => ({ ...block, duration: block.duration / unit })),
        dependencies: placement.dependencies.map((each) => ({
          ...each,
          latency: each.latency / unit,
        })),
      };
}

/**
 * An outcome whose times are counted in `unit`, in single ones.
 *
 * What was denied by search in full was denied of starts at multiples of the unit: with others, periods that are no
 * multiple of it are possible. So `leastUpTo` goes.
 */
export function inSingleUnits(
  { leastUpTo, ...outcome }: PipelineOutcome,
  unit: number,
): PipelineOutcome {
  if (unit === 1) {
    return leastUpTo === undefined ? outcome : { ...outcome, leastUpTo };
  }
  const { boundEach, periodic } = outcome;
  const isLeftOpen = outcome.isCutShort || leastUpTo !== undefined;
  const numerator = boundEach.numerator * unit;
  const rounded = Math.ceil((numerator * periodic.microBatchesPerPeriod) / boundEach.denominator);
  return {
    ...outcome,
    periodic: longerPeriodic(periodic, unit),
    periodLowerBound: rounded,
    boundEach: reduced(numerator, boundEach.denominator),
    whole: longerWhole(outcome.whole, unit),
    makespanLowerBound: outcome.makespanLowerBound * unit,
    isCutShort: isLeftOpen,
  };
}

/** Tells of periods in single units what is told of them in `unit`. */
export function tellInSingleUnits(
  tell: OnPipelineProgress | undefined,
  unit: number,
): OnPipelineProgress | undefined {
  return (
    tell &&
    (({ known, trying, ...rest }) => {
      tell({
        ...rest,
        known: known && {
          ...known,
          period: known.period * unit,
          lowerBound: known.lowerBound * unit,
        },
        trying: trying && { ...trying, period: trying.period * unit },
      });
    })
  );
}

function longerPeriodic(
  { period, microBatchesPerPeriod, repetend }: PeriodicSchedule,
  unit: number,
): PeriodicSchedule {
  return {
    period: period * unit,
    microBatchesPerPeriod,
    repetend: repetend.map((entry) => ({ ...entry, offset: entry.offset * unit })),
  };
}

function longerWhole(whole: PipelineSchedule, unit: number): PipelineSchedule {
  return {
    ...whole,
    instances: whole.instances.map((each) => ({
      ...each,
      start: each.start * unit,
      end: each.end * unit,
    })),
    makespan: whole.makespan * unit,
  };
}
