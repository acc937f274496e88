import type { CyclicOrders } from "./cyclic-orders.js";

/**
 * The earliest start times of cyclic orders with an integer `period`, the first at 0.
 *
 * Longest paths, round after round until nothing moves. Requires: a period that the orders allow.
 * Cost: O(n * m) at worst.
 */
export function timesOf(orders: CyclicOrders, period: number): Float64Array {
  const { problem, entriesOf, next, blockOf, height } = orders;
  const times = new Float64Array(problem.count);
  let moves = true;
  const push = (block: number, time: number): void => {
    if ((times[block] ?? 0) < time) {
      times[block] = time;
      moves = true;
    }
  };
  for (let round = 0; moves && round <= problem.count * 2; round++) {
    moves = false;
    for (const block of problem.topological) {
      const start = times[block] ?? 0;
      for (const { block: to, gap } of problem.after[block] ?? []) {
        push(to, start + gap);
      }
      const end = start + (problem.duration[block] ?? 0);
      for (const entry of entriesOf[block] ?? []) {
        push(blockOf[next[entry] ?? 0] ?? 0, end - (height[entry] ?? 0) * period);
      }
    }
  }
  const first = times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
  return times.map((time) => time - first);
}
