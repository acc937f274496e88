import { limitMemory } from "../../placement/limit-memory.js";
import type { Placement } from "../../placement/placement.js";
import { periodBounds } from "./lower-bounds.js";
import { memoryNeeds } from "./memory-needs.js";
import { searchPeriod } from "./period-search.js";

/** The best time per micro-batch within one memory limit for every device. */
export interface ParetoPoint {
  readonly memory: number;
  readonly period: number;
  readonly microBatchesPerPeriod: number;
  /** `optimal` with up to three micro-batches per period, or only the best found. */
  readonly status: "optimal" | "bounded";
}

/** What limits the search for all points. */
export interface ParetoOptions {
  /** Nodes per memory limit. */
  readonly maxNodes: number;
  readonly seed: number;
  readonly shouldStop?: () => boolean;
}

/** Limits that are tried at most; more are left out evenly. */
const MOST_LIMITS = 64;

/**
 * Period against memory: from the least memory with which anything runs to the least with which the
 * lower bound of unlimited memory is reached, every limit that makes the period shorter.
 *
 * Limits of the placement are replaced. Devices whose micro-batches leave memory behind make it
 * empty. Example: V-shape, four devices: memory 1 gives 16, 2 gives 8, 3 gives 16/3, 4 gives 4.
 */
export function paretoFront(placement: Placement, options: ParetoOptions): readonly ParetoPoint[] {
  const needs = memoryNeeds(placement);
  if (needs.some((need) => need === undefined)) {
    return [];
  }
  const least = Math.max(0, ...needs.map((need) => need ?? 0));
  const free: Placement = {
    ...placement,
    devices: placement.devices.map(({ name }) => ({ name, memory: undefined })),
  };
  const unlimited = searchPeriod(free, options);
  const most = Math.max(least, ...unlimited.peaks.map((peak) => peak ?? 0));
  const bound = periodBounds(free)[0];
  const step = Math.max(1, Math.ceil((most - least) / MOST_LIMITS));
  const points: ParetoPoint[] = [];
  let best = Number.POSITIVE_INFINITY;
  for (let memory = least; memory < most + step; memory += step) {
    const limited = limitMemory(placement, "placement", memory);
    if (!limited.ok || options.shouldStop?.() === true) {
      continue;
    }
    const found = searchPeriod(limited.value, { ...options, polish: false });
    const { schedule, lowerBound } = found;
    if (schedule === undefined) {
      continue;
    }
    const { period, microBatchesPerPeriod } = schedule;
    if (period / microBatchesPerPeriod < best) {
      best = period / microBatchesPerPeriod;
      // A bound that is a fraction is met by the next whole period, as for one schedule.
      const least = Math.ceil(
        (lowerBound.numerator * microBatchesPerPeriod) / lowerBound.denominator,
      );
      const isOptimal = found.status === "optimal" || period === least;
      points.push({
        memory,
        period,
        microBatchesPerPeriod,
        status: isOptimal ? "optimal" : "bounded",
      });
    }
    if (bound !== undefined && best * bound.denominator <= bound.numerator) {
      break;
    }
  }
  return points;
}
