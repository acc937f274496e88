/**
 * Short periods of placements whose durations are nearly multiples of some unit.
 *
 * Measured durations are never quite equal, and what is searched in full are small whole durations. So the
 * placement gets a twin: every duration and latency as the nearest multiple of a unit. What the twin
 * repeats is an order on every device, with as many micro-batches per period as are good for it; memory depends on the order
 * alone, so it fits here too; and the least period of that order with the durations as they are is found exactly
 * (`CycleRatio`). If no duration differs by more than a share e, no cycle does, and so the period differs by no more.
 *
 * Example: V-shape on four devices, memory 3, forward 10,001 and backward 29,998: the twin of 1 and 3 repeats three
 * micro-batches every 16, which makes 159,996 here, the lower bound.
 */
import type { Placement } from "../../../placement/placement.js";
import { deviceLoads } from "../../../schedule/pipeline-metrics.js";
import type { PeriodicSchedule } from "../../../schedule/pipeline-schedule.js";
import type { FoundPeriod } from "../found-period.js";
import { moduloProblem } from "../modulo/modulo-problem.js";
import { retimed } from "./retimed.js";

/** The largest load of a twin, in units. */
const MOST_LOAD = 64;
/** Parts of a duration that are tried as unit. */
const MOST_PARTS = 8;
/** A longer unit is taken if the durations of the twin differ by at most so much more, of all of them. */
const AS_GOOD = 1e-3;

/** A placement with small times that are nearly those of another, in some unit. */
export interface Twin {
  readonly placement: Placement;
  /** What its times are counted in, as times of the other. */
  readonly unit: number;
  /** No worse than what is measured: of all times, they differ by a thousandth at most. */
  readonly isClose: boolean;
}

/** The order that a twin repeats, with the placement's own durations; `undefined` where it does not fit. */
export function asTwin(
  placement: Placement,
  { microBatchesPerPeriod: copies, period, repetend }: PeriodicSchedule,
): FoundPeriod | undefined {
  const problem = moduloProblem(placement, copies);
  const times = Float64Array.from(repetend, ({ offset, shift }) => offset + shift * period);
  const found = retimed(placement, problem, { times, period });
  return found && { problem, copies, ...found };
}

/**
 * The placement with its times as the nearest multiples of a unit, in units, with a load of `mostLoad` at most; `undefined`: all
 * are too long for any, or are in one.
 */
export function twinOf(placement: Placement, mostLoad: number = MOST_LOAD): Twin | undefined {
  const { blocks } = placement;
  const durations = [...new Set(blocks.map(({ duration }) => duration))].sort((a, b) => a - b);
  const load = Math.max(...deviceLoads(placement));
  const units = durations
    .flatMap((duration) => Array.from({ length: MOST_PARTS }, (_, at) => duration / (at + 1)))
    .filter((unit) => load / unit <= mostLoad)
    .sort((a, b) => b - a);
  const errors = units.map((unit) => errorOf(placement, unit));
  const least = Math.min(...errors);
  const at = errors.findIndex((error) => error <= least + AS_GOOD);
  const [unit, error] = [units[at], errors[at]];
  // In single units it would be the placement itself.
  return unit === undefined || error === undefined || unit <= 1
    ? undefined
    : { placement: inMultiples(placement, unit), unit, isClose: error <= AS_GOOD };
}

function inMultiples(placement: Placement, unit: number): Placement {
  return {
    ...placement,
    blocks: placement.blocks.map((block) => ({
      ...block,
      duration: multipleOf(block.duration, unit),
    })),
    dependencies: placement.dependencies.map((each) => ({
      ...each,
      latency: Math.round(each.latency / unit),
    })),
  };
}

/** Blocks take at least one unit. */
function multipleOf(duration: number, unit: number): number {
  return Math.max(1, Math.round(duration / unit));
}

/** By how much the times of the twin differ, of all times. */
function errorOf({ blocks, dependencies }: Placement, unit: number): number {
  let [sum, difference] = [0, 0];
  for (const { duration } of blocks) {
    sum += duration;
    difference += Math.abs(duration - multipleOf(duration, unit) * unit);
  }
  for (const { latency } of dependencies) {
    sum += latency;
    difference += Math.abs(latency - Math.round(latency / unit) * unit);
  }
  return difference / sum;
}
