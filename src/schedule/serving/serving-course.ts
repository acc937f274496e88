/** Servers that serve step by step, under any launcher: for who need not see the end. */
import type { Launcher } from "./adaptive-launcher.js";
import type { RequestsSoFar } from "./serving-cost.js";
import { ServingEngine } from "./serving-engine.js";
import type { ServingProblem } from "./serving-model.js";
import type { ServingOptions } from "./serving-options.js";
import { AdaptiveServer, controlOf, withoutTicks } from "./simulate-adaptive.js";
import { isServed } from "./simulate-serving.js";
import { simulateWindows } from "./simulate-windows.js";

/** Requests that are being served. */
export interface ServingCourse {
  /** Goes on to about `untilNs`, to the last answer at most. Cost: of the simulation up to there. */
  advanceTo(untilNs: number): void;
  /** Up to when everything is known. */
  readonly nowNs: number;
  readonly isOver: boolean;
  readonly soFar: RequestsSoFar;
}

/** Begins to serve requests. A launcher with a window serves all of them at the first step. */
export function beginServing(
  problem: ServingProblem,
  arrivals: readonly Float64Array[],
  given: Launcher,
  options: ServingOptions = {},
): ServingCourse {
  const launcher = withoutTicks(given);
  if (!("kind" in launcher) && launcher.window !== undefined) {
    const soFar = simulateWindows(arrivals, launcher, options);
    return { advanceTo: () => {}, nowNs: Number.POSITIVE_INFINITY, isOver: true, soFar };
  }
  const server =
    "kind" in launcher
      ? new AdaptiveServer(problem, arrivals, controlOf(launcher), options)
      : { engine: new ServingEngine(problem, arrivals, launcher, options) };
  const { engine } = server;
  return {
    advanceTo: (untilNs) => {
      (server instanceof AdaptiveServer ? server : engine).advanceTo(untilNs);
    },
    get nowNs() {
      return engine.nowNs;
    },
    get isOver() {
      return isServed(engine);
    },
    soFar: {
      arrivalNs: arrivals,
      endNs: engine.queues.endNs,
      isRefused: engine.queues.isRefused,
    },
  };
}
