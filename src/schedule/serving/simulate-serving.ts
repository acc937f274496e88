import { ServingEngine, type ServingOptions } from "./serving-engine.js";
import type { LauncherPolicy, ServingProblem } from "./serving-model.js";

/** What became of all requests. */
export interface ServingRun {
  /** By model and request: arrival, launch of its task, answer, in nanoseconds. */
  readonly arrivalNs: readonly Float64Array[];
  readonly launchNs: readonly Float64Array[];
  readonly endNs: readonly Float64Array[];
  /** By model: tasks launched. */
  readonly launches: readonly number[];
  /** Work done: use of each resource times nanoseconds. */
  readonly doneNs: {
    readonly share: number;
    readonly arithmetic: number;
    readonly bandwidth: number;
  };
  /** Ends of stages: the unit of the simulator's throughput. */
  readonly events: number;
}

/**
 * Serves all requests under a policy, to the last answer; how it works is in `serving-engine.ts`.
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
  const engine = new ServingEngine(problem, arrivals, policy, options);
  engine.advanceTo(Number.POSITIVE_INFINITY);
  const { queues, doneNs, events } = engine;
  return {
    arrivalNs: arrivals,
    launchNs: queues.launchNs,
    endNs: queues.endNs,
    launches: Array.from(queues.launches),
    doneNs,
    events,
  };
}
