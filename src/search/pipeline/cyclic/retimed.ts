import type { Placement } from "../../../placement/placement.js";
import { limitsOf } from "../memory-needs.js";
import type { ModuloProblem } from "../modulo/modulo-problem.js";
import { CycleRatio } from "./cycle-ratio.js";
import { CyclicOrders } from "./cyclic-orders.js";
import type { Repeating } from "./repeating.js";
import { timesOf } from "./times-of.js";

/** Periods are ratios of whole numbers, with rounding errors below this. */
const CLOSE = 1e-3;

/**
 * The least period of the order that some times give every device, and times for it; `undefined` where memory is short
 * in that order, or no period is long enough for it.
 *
 * `problem`: that of the placement, for as many micro-batches as the times are for. Blocks must not overlap at these times
 * with their durations there, but may have others here.
 */
export function retimed(
  placement: Placement,
  problem: ModuloProblem,
  { times, period }: Repeating,
): Repeating | undefined {
  const limits = limitsOf(
    problem,
    placement.devices.map(({ memory }) => memory),
  );
  const isAtEnd = placement.memoryRelease === "end";
  const orders = new CyclicOrders(problem, times, period, limits, isAtEnd);
  const least = orders.fullDevice() < 0 ? new CycleRatio(orders).compute() : undefined;
  if (least === undefined || !Number.isFinite(least)) {
    return undefined;
  }
  const whole = Math.ceil(least - CLOSE);
  return { period: whole, times: timesOf(orders, whole) };
}
