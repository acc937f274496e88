import { ACCELERATION_TASKS, MOST_ACCELERATION } from "../schedule/serving/serving-limits.js";
import type { ServingProblem } from "../schedule/serving/serving-model.js";
import { simulateServing } from "../schedule/serving/simulate-serving.js";

/**
 * The self-acceleration of a variant: requests per second that it answers, one in a task, with 1, 2, ... tasks in flight
 * and nothing else on the device. `MOST_ACCELERATION` figures, each of `ACCELERATION_TASKS` requests that wait from the
 * start to the last answer.
 *
 * Cost: as many simulations.
 */
export function accelerationOf(
  { device, models }: ServingProblem,
  model: number,
  variant: number,
): readonly number[] {
  const own = models[model];
  const problem: ServingProblem = { device, models: own === undefined ? [] : [own] };
  const waiting = [new Float64Array(ACCELERATION_TASKS)];
  return Array.from({ length: MOST_ACCELERATION }, (_, at) => {
    const policy = { models: [{ periodNs: 0, batch: 1, concurrency: at + 1, variant }] };
    const { endNs } = simulateServing(problem, waiting, policy);
    const last = Math.max(...(endNs[0] ?? []));
    return (ACCELERATION_TASKS * 1e9) / last;
  });
}
