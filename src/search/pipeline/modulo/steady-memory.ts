import type { ModuloProblem } from "./modulo-problem.js";

/**
 * Highest level of a device in the steady state of `times` repeated every `period`.
 *
 * A change at time t has happened floor((x - t) / period) times at x, up to a number that cancels.
 * Changes at the same moment count together. Requires: changes that add up to 0. Cost: O(e log e).
 */
export function peakLevel(
  problem: ModuloProblem,
  device: number,
  times: Float64Array,
  period: number,
): number {
  const points: { at: number; change: number }[] = [];
  let level = 0;
  const add = (time: number, change: number): void => {
    const turns = Math.floor(time / period);
    points.push({ at: time - turns * period, change });
    level -= change * (turns + 1);
  };
  for (const { block, offset, change } of problem.events[device] ?? []) {
    add((times[block] ?? 0) + offset, change);
  }
  for (const block of problem.blocksOn[device] ?? []) {
    const workspace = problem.workspace[block] ?? 0;
    if (workspace > 0) {
      add(times[block] ?? 0, workspace);
      add((times[block] ?? 0) + (problem.duration[block] ?? 0), -workspace);
    }
  }
  points.sort((a, b) => a.at - b.at);
  let peak = 0;
  for (const [i, { at, change }] of points.entries()) {
    level += change;
    if (points[i + 1]?.at !== at) {
      peak = Math.max(peak, level);
    }
  }
  return peak;
}
