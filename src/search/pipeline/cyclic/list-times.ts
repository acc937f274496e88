import type { ModuloProblem } from "../modulo/modulo-problem.js";

/**
 * One micro-batch as early as dependencies and devices allow, and a period with which it repeats: the
 * longest time from a device's first start to its last end, or with `inFlight` 1 the whole, so that a
 * micro-batch begins when the one before has ended. Cost: O(n + m).
 */
export function listTimes(
  problem: ModuloProblem,
  inFlight: number,
): readonly [times: Float64Array, period: number] {
  const times = new Float64Array(problem.count);
  const first = new Float64Array(problem.blocksOn.length).fill(Number.POSITIVE_INFINITY);
  const free = new Float64Array(problem.blocksOn.length);
  for (const block of problem.topological) {
    const devices = problem.devicesOf[block] ?? [];
    let time = 0;
    for (const { block: from, gap } of problem.before[block] ?? []) {
      time = Math.max(time, (times[from] ?? 0) + gap);
    }
    for (const device of devices) {
      time = Math.max(time, free[device] ?? 0);
    }
    times[block] = time;
    for (const device of devices) {
      first[device] = Math.min(first[device] ?? 0, time);
      free[device] = time + (problem.duration[block] ?? 0);
    }
  }
  const whole = free.reduce((most, end) => Math.max(most, end), 1);
  const longest = free.reduce(
    (most, end, device) => Math.max(most, end === 0 ? 0 : end - (first[device] ?? 0)),
    1,
  );
  return [times, inFlight === 1 ? whole : longest];
}
