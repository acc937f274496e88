/** Serving under a policy that changes at ticks. */
import type { Launcher, TickedLauncher } from "./adaptive-launcher.js";
import { LauncherObserver } from "./launcher-observer.js";
import { learnedPolicy } from "./learned-policy.js";
import { nearestRegime } from "./nearest-regime.js";
import { ServingEngine } from "./serving-engine.js";
import type { LauncherPolicy, ServingProblem } from "./serving-model.js";
import type { ServingOptions } from "./serving-options.js";
import type { ServingRun } from "./serving-run.js";
import { withShedRules } from "./shed-rules.js";
import { finishedRun, isServed, simulateServing } from "./simulate-serving.js";

/** Decides on a policy from what is seen at a tick. */
export interface LauncherControl {
  readonly tickNs: number;
  /** By model: the rates at which observation begins. */
  readonly rates: readonly number[];
  policyFor(seen: LauncherObserver): LauncherPolicy;
}

/** A server whose policy changes at ticks. */
export class AdaptiveServer {
  readonly engine: ServingEngine;
  readonly #control: LauncherControl;
  readonly #seen: LauncherObserver;
  #ticks = 0;

  /** The launcher looks at the server for the first time now. Cost: as `ServingEngine`. */
  constructor(
    problem: ServingProblem,
    arrivals: readonly Float64Array[],
    control: LauncherControl,
    options: ServingOptions,
  ) {
    this.#control = control;
    this.#seen = new LauncherObserver(control.rates, control.tickNs);
    this.engine = new ServingEngine(problem, arrivals, control.policyFor(this.#seen), options);
  }

  /**
   * Serves up to the last tick that is not after `untilNs`, or to the last answer.
   *
   * Cost: as `ServingEngine.advanceTo`, and a decision for every tick at which there are requests.
   */
  advanceTo(untilNs: number): void {
    const { engine } = this;
    const { tickNs } = this.#control;
    for (let now = (this.#ticks + 1) * tickNs; now <= untilNs && !isServed(engine); ) {
      engine.advanceTo(now);
      this.#seen.look(engine);
      // Without requests only the last decision before the next one comes matters.
      if (!engine.queues.isIdle || engine.queues.nextArrivalNs <= now + tickNs) {
        engine.setPolicy(this.#control.policyFor(this.#seen));
      }
      this.#ticks++;
      now = (this.#ticks + 1) * tickNs;
    }
  }
}

/**
 * Serves all requests, to the last answer, under a launcher that looks at the server at 0 and at every multiple of
 * its tick. The same inputs give the same run on every machine.
 *
 * Cost: as `AdaptiveServer.advanceTo`.
 */
export function simulateAdaptive(
  problem: ServingProblem,
  arrivals: readonly Float64Array[],
  control: LauncherControl,
  options: ServingOptions = {},
): ServingRun {
  const server = new AdaptiveServer(problem, arrivals, control, options);
  server.advanceTo(Number.POSITIVE_INFINITY);
  return finishedRun(server.engine, arrivals);
}

/** A launcher as a policy, where it does not look at ticks; else itself. */
export function withoutTicks(launcher: Launcher): LauncherPolicy | TickedLauncher {
  return "kind" in launcher && launcher.kind === "reactive"
    ? withShedRules(launcher.policy, launcher.shed)
    : launcher;
}

/** Serves all requests under any launcher: `simulateServing` or `simulateAdaptive`. */
export function simulateLauncher(
  problem: ServingProblem,
  arrivals: readonly Float64Array[],
  launcher: Launcher,
  options: ServingOptions = {},
): ServingRun {
  const served = withoutTicks(launcher);
  return "kind" in served
    ? simulateAdaptive(problem, arrivals, controlOf(served), options)
    : simulateServing(problem, arrivals, served, options);
}

/** What decides for a launcher. */
export function controlOf(launcher: TickedLauncher): LauncherControl {
  const { tickNs } = launcher;
  if (launcher.kind === "learned") {
    const rates = launcher.models.map(({ ratePerSecond }) => ratePerSecond);
    const { policyFor } = learnedPolicy(launcher);
    return { tickNs, rates, policyFor };
  }
  const regimes = launcher.regimes.map(({ rates, policy }) => {
    return { rates, policy: withShedRules(policy, launcher.shed) };
  });
  const rates = regimes[0]?.rates ?? [];
  return { tickNs, rates, policyFor: ({ slowRate }) => nearestRegime(regimes, slowRate).policy };
}
