import type { Random } from "../../../core/random.js";
import type { ModuloProblem } from "../modulo/modulo-problem.js";

/**
 * All blocks, each after what it depends on: first those with the longest path behind them, after
 * chance has made each path up to `mixing` / 2 longer or shorter. Cost: O(n^2) at worst.
 */
export function placementOrder(
  problem: ModuloProblem,
  mixing: number,
  random: Random,
): readonly number[] {
  const path = new Float64Array(problem.count);
  for (const block of problem.topological.toReversed()) {
    let longest = 0;
    for (const { block: to, gap } of problem.after[block] ?? []) {
      longest = Math.max(longest, gap - (problem.duration[block] ?? 0) + (path[to] ?? 0));
    }
    path[block] = longest + (problem.duration[block] ?? 0);
  }
  const key = path.map((length) => length * (1 + mixing * (random.next() - 0.5)));
  const waits = Int32Array.from(problem.before, (list) => list.length);
  const ready = problem.topological.filter((block) => waits[block] === 0);
  const order: number[] = [];
  while (ready.length > 0) {
    let first = 0;
    for (let at = 1; at < ready.length; at++) {
      if ((key[ready[at] ?? 0] ?? 0) > (key[ready[first] ?? 0] ?? 0)) {
        first = at;
      }
    }
    const [block = 0] = ready.splice(first, 1);
    order.push(block);
    for (const { block: to } of problem.after[block] ?? []) {
      waits[to] = (waits[to] ?? 0) - 1;
      if (waits[to] === 0) {
        ready.push(to);
      }
    }
  }
  return order;
}
