/** Serving under a policy that changes at ticks. */
import type { AdaptiveLauncher, Launcher, RegimeLauncher } from "./adaptive-launcher.js";
import { LauncherObserver } from "./launcher-observer.js";
import { learnedPolicy } from "./learned-policy.js";
import { ServingEngine, type ServingOptions } from "./serving-engine.js";
import type { LauncherPolicy, ServingProblem } from "./serving-model.js";
import type { ServingRun } from "./serving-run.js";
import { finishedRun, simulateServing } from "./simulate-serving.js";

/** Decides on a policy from what is seen at a tick. */
export interface LauncherControl {
  readonly tickNs: number;
  /** By model: the rates at which observation begins. */
  readonly rates: readonly number[];
  policyFor(seen: LauncherObserver): LauncherPolicy;
}

/**
 * Serves all requests, to the last answer, under a launcher that looks at the server at 0 and at every multiple of
 * its tick. The same inputs give the same run on every machine.
 *
 * Cost: as `ServingEngine.advanceTo`, and a decision for every tick until the last answer.
 */
export function simulateAdaptive(
  problem: ServingProblem,
  arrivals: readonly Float64Array[],
  control: LauncherControl,
  options: ServingOptions = {},
): ServingRun {
  const seen = new LauncherObserver(control.rates, control.tickNs);
  const engine = new ServingEngine(problem, arrivals, control.policyFor(seen), options);
  for (let tick = 1; !isOver(engine); tick++) {
    engine.advanceTo(tick * control.tickNs);
    seen.look(engine);
    engine.setPolicy(control.policyFor(seen));
  }
  return finishedRun(engine, arrivals);
}

/** Serves all requests under any launcher: `simulateServing` or `simulateAdaptive`. */
export function simulateLauncher(
  problem: ServingProblem,
  arrivals: readonly Float64Array[],
  launcher: Launcher,
  options: ServingOptions = {},
): ServingRun {
  return "kind" in launcher
    ? simulateAdaptive(problem, arrivals, controlOf(launcher), options)
    : simulateServing(problem, arrivals, launcher, options);
}

/** What decides for a launcher. */
export function controlOf(launcher: AdaptiveLauncher): LauncherControl {
  const { tickNs } = launcher;
  if (launcher.kind === "learned") {
    const rates = launcher.models.map(({ ratePerSecond }) => ratePerSecond);
    const { policyFor } = learnedPolicy(launcher);
    return { tickNs, rates, policyFor };
  }
  const { regimes } = launcher;
  const rates = regimes[0]?.rates ?? [];
  return { tickNs, rates, policyFor: ({ slowRate }) => nearest(regimes, slowRate) };
}

/** The policy whose rates differ least from those observed, in shares of their sums. */
function nearest(regimes: RegimeLauncher["regimes"], rates: Float64Array): LauncherPolicy {
  let best = regimes[0]!;
  let least = Number.POSITIVE_INFINITY;
  for (const regime of regimes) {
    const distance = regime.rates.reduce((sum, rate, model) => {
      const seen = rates[model]!;
      return rate + seen === 0 ? sum : sum + ((rate - seen) / (rate + seen)) ** 2;
    }, 0);
    if (distance < least) {
      least = distance;
      best = regime;
    }
  }
  return best.policy;
}

function isOver({ queues }: ServingEngine): boolean {
  return queues.arrivals.every(
    ({ length }, model) => queues.head[model] === length && queues.inFlight[model] === 0,
  );
}
