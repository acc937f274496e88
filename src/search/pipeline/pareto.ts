import { limitMemory } from "../../placement/limit-memory.js";
import type { Placement } from "../../placement/placement.js";
import { periodBounds } from "./lower-bounds.js";
import { memoryNeeds } from "./memory-needs.js";
import { searchPeriod } from "./period-search.js";
import { inUnits, unitOfTime } from "./unit-of-time.js";

/** The best time per micro-batch within one memory limit for every device. */
export interface ParetoPoint {
  readonly memory: number;
  readonly period: number;
  readonly microBatchesPerPeriod: number;
  /** `optimal`: the bound of any number of micro-batches per period, unrounded, is reached. */
  readonly status: "optimal" | "bounded";
  /** Nothing with up to so many micro-batches per period takes less for each; absent: optimal, or not proved. */
  readonly leastUpTo?: number;
}

/** What limits the search for all points. */
export interface ParetoOptions {
  /** Nodes per memory limit. */
  readonly maxNodes: number;
  readonly seed: number;
  readonly shouldStop?: () => boolean;
  readonly onProgress?: OnParetoProgress | undefined;
}

/** What the search for all points is at, and what it has. */
export interface ParetoProgress {
  /** The limit that is tried; `undefined`: none, to learn how far memory helps. */
  readonly memory: number | undefined;
  /** Nodes since the start, of all limits together. */
  readonly nodes: number;
  /** Limits done and at most. */
  readonly done: number;
  readonly total: number;
  readonly points: readonly ParetoPoint[];
}

/** Hears of the search every few milliseconds; what it does has no part in the result. */
export type OnParetoProgress = (progress: ParetoProgress) => void;

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
  const unit = unitOfTime(placement);
  const { onProgress } = options;
  const inSingle = (point: ParetoPoint): ParetoPoint => pointInSingleUnits(point, unit);
  const tell: OnParetoProgress = (progress) => {
    onProgress?.({ ...progress, points: progress.points.map(inSingle) });
  };
  return frontOf(inUnits(placement, unit), { ...options, onProgress: tell }).map(inSingle);
}

/** What was denied by search in full was denied of multiples of the unit only. */
function pointInSingleUnits({ leastUpTo, ...point }: ParetoPoint, unit: number): ParetoPoint {
  const least = unit > 1 || leastUpTo === undefined ? {} : { leastUpTo };
  return { ...point, period: point.period * unit, ...least };
}

function frontOf(placement: Placement, options: ParetoOptions): readonly ParetoPoint[] {
  const needs = memoryNeeds(placement);
  if (needs.some((need) => need === undefined)) {
    return [];
  }
  const reserved = placement.devices.map((device) => device.reserved ?? 0);
  const least = Math.max(0, ...needs.map((need, at) => (need ?? 0) + (reserved[at] ?? 0)));
  const free: Placement = {
    ...placement,
    devices: placement.devices.map((device) => ({ ...device, memory: undefined })),
  };
  const { onProgress, ...limits } = options;
  const points: ParetoPoint[] = [];
  let nodes = 0;
  const searched = (
    within: Placement,
    polish: boolean,
    at: Pick<ParetoProgress, "memory" | "done" | "total">,
  ) => {
    let last = 0;
    const found = searchPeriod(within, {
      ...limits,
      polish,
      onProgress: ({ done }) => {
        last = done;
        onProgress?.({ ...at, nodes: nodes + done, points });
      },
    });
    nodes += last;
    return found;
  };
  const unlimited = searched(free, true, { memory: undefined, done: 0, total: MOST_LIMITS });
  const most = Math.max(
    least,
    ...unlimited.peaks.map((peak, at) => (peak ?? 0) + (reserved[at] ?? 0)),
  );
  const bound = periodBounds(free)[0];
  const step = Math.max(1, Math.ceil((most - least) / MOST_LIMITS));
  const total = Math.ceil((most + step - least) / step);
  let best = Number.POSITIVE_INFINITY;
  for (let memory = least; memory < most + step; memory += step) {
    const limited = limitMemory(placement, "placement", memory);
    if (!limited.ok || options.shouldStop?.() === true) {
      continue;
    }
    const found = searched(limited.value, false, { memory, done: (memory - least) / step, total });
    const { schedule, exhaustedUpTo } = found;
    if (schedule === undefined) {
      continue;
    }
    const { period, microBatchesPerPeriod } = schedule;
    if (period / microBatchesPerPeriod < best) {
      best = period / microBatchesPerPeriod;
      const status = found.status === "optimal" ? "optimal" : "bounded";
      const leastUpTo =
        status === "optimal" || exhaustedUpTo < microBatchesPerPeriod
          ? {}
          : { leastUpTo: exhaustedUpTo };
      points.push({ memory, period, microBatchesPerPeriod, status, ...leastUpTo });
    }
    if (bound !== undefined && best * bound.denominator <= bound.numerator) {
      break;
    }
  }
  return points;
}
