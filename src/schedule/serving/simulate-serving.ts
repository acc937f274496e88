import { ServingEngine } from "./serving-engine.js";
import type { LauncherPolicy, ServingProblem } from "./serving-model.js";
import type { ServingOptions } from "./serving-options.js";
import type { ServingRun } from "./serving-run.js";
import { simulateWindows } from "./simulate-windows.js";

/**
 * Serves all requests under a policy, to the last answer; how it works is in `serving-engine.ts`, and for a policy
 * with a window in `simulate-windows.ts`.
 *
 * Requires: a policy that names variants and batches that there are. The same inputs give the same
 * run on every machine. Cost: as `ServingEngine.advanceTo`.
 */
export function simulateServing(
  problem: ServingProblem,
  arrivals: readonly Float64Array[],
  policy: LauncherPolicy,
  options: ServingOptions = {},
): ServingRun {
  if (policy.window !== undefined) {
    return simulateWindows(arrivals, policy, options);
  }
  const engine = new ServingEngine(problem, arrivals, policy, options);
  engine.advanceTo(Number.POSITIVE_INFINITY);
  return finishedRun(engine, arrivals);
}

/** Whether all requests are answered or refused. */
export function isServed({ queues }: ServingEngine): boolean {
  return queues.arrivals.every(
    ({ length }, model) => queues.head[model] === length && queues.inFlight[model] === 0,
  );
}

/** What an engine has served. Requires: all requests are answered or refused. */
export function finishedRun(
  { queues, doneNs, events }: ServingEngine,
  arrivals: readonly Float64Array[],
): ServingRun {
  return {
    arrivalNs: arrivals,
    launchNs: queues.launchNs,
    endNs: queues.endNs,
    isRefused: queues.isRefused,
    taskOf: queues.taskOf,
    launches: Array.from(queues.launches),
    doneNs,
    events,
  };
}
