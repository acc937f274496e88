/**
 * Less memory and latency at a period that is found.
 *
 * The highest peak over all devices is lowered: limits below the average (time held over period) are
 * impossible, those above are searched from the least up, so the first that works is the least. Then
 * latency the same way. What ends early proves nothing and keeps what was found.
 */
import type { Placement } from "../../placement/placement.js";
import { type FoundPeriod, latencyAtLeast, latencyOf } from "./found-period.js";
import { heldTime } from "./lower-bounds.js";
import { largestTake, returnsMemory } from "./memory-needs.js";
import { outwardOrder } from "./modulo/modulo-order.js";
import { moduloProblem } from "./modulo/modulo-problem.js";
import { searchModulo } from "./modulo/modulo-search.js";
import { peakLevel } from "./modulo/steady-memory.js";
import type { WorkLimit } from "./work-limit.js";

/** A schedule and whether nothing is better in what was looked for. */
export interface Polished {
  readonly found: FoundPeriod;
  readonly isProved: boolean;
}

/** Limits that are tried between the least and what was found. */
const MOST_LIMITS = 32;
/** Shares of the work that is left for one limit, and for one latency. */
const LIMIT_SHARE = 0.15;
const LATENCY_SHARE = 0.1;

/** The same period with the highest peak of all devices as low as it goes. */
export function leaner(placement: Placement, found: FoundPeriod, work: WorkLimit): Polished {
  const { problem, period, copies } = found;
  const devices = problem.blocksOn.map((_, at) => at).filter((at) => returnsMemory(problem, at));
  const peak = highestPeak(found, devices);
  const one = moduloProblem(placement, 1);
  const least = Math.max(
    0,
    ...devices.map((d) => Math.ceil(((heldTime(one, d)?.time ?? 0) * copies) / period)),
    ...devices.map((d) => largestTake(one, d)),
  );
  const order = outwardOrder(one);
  let isProved = devices.length === problem.blocksOn.length;
  const step = Math.max(1, Math.floor((peak - least) / MOST_LIMITS));
  for (let most = least; most < peak; most += step) {
    const outcome = searchModulo(problem, period, {
      limits: placement.devices.map(({ memory }) => Math.min(memory ?? most, most)),
      order,
      maxNodes: Math.ceil(work.left() * LIMIT_SHARE),
      shouldStop: () => work.isStopped(),
    });
    work.spend(outcome.nodes);
    if (outcome.times !== undefined) {
      const lean = { ...found, times: outcome.times };
      return { found: lean, isProved: isProved && step === 1 };
    }
    isProved &&= outcome.exhausted;
    if (work.isSpent()) {
      return { found, isProved: false };
    }
  }
  return { found, isProved: isProved && step === 1 };
}

/** The same period and highest peak with latency as short as it goes. */
export function quicker(placement: Placement, found: FoundPeriod, work: WorkLimit): Polished {
  const { problem, period } = found;
  const devices = problem.blocksOn.map((_, at) => at).filter((at) => returnsMemory(problem, at));
  const peak = highestPeak(found, devices);
  const all = devices.length === problem.blocksOn.length;
  const order = outwardOrder(moduloProblem(placement, 1));
  const now = latencyOf(found);
  let isProved = true;
  for (let latency = latencyAtLeast(problem); latency < now; latency++) {
    const outcome = searchModulo(problem, period, {
      limits: placement.devices.map(({ memory }) =>
        all ? Math.min(memory ?? peak, peak) : memory,
      ),
      order,
      latency,
      maxNodes: Math.ceil(work.left() * LATENCY_SHARE),
      shouldStop: () => work.isStopped(),
    });
    work.spend(outcome.nodes);
    if (outcome.times !== undefined) {
      return { found: { ...found, times: outcome.times }, isProved };
    }
    isProved &&= outcome.exhausted;
    if (work.isSpent()) {
      return { found, isProved: false };
    }
  }
  return { found, isProved };
}

function highestPeak({ problem, times, period }: FoundPeriod, devices: readonly number[]): number {
  return Math.max(0, ...devices.map((device) => peakLevel(problem, device, times, period)));
}
