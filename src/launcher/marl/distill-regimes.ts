/**
 * Learned launchers as tables: for each range of load the policy that the launcher takes most often in it. A table
 * can be read, and a server without networks can follow it.
 */
import { drawArrivals } from "../../arrivals/draw-arrivals.js";
import type {
  LearnedLauncher,
  Regime,
  RegimeLauncher,
} from "../../schedule/serving/adaptive-launcher.js";
import type { LauncherPolicy, ModelPolicy } from "../../schedule/serving/serving-model.js";
import { controlOf, simulateAdaptive } from "../../schedule/serving/simulate-adaptive.js";
import type { ServingJob } from "../serving-job.js";

/** Ranges of load, each with as many looks as any other. */
const RANGES = 4;

/** One look: the rates that were observed, and the policy taken. */
interface Look {
  readonly rates: readonly number[];
  /** Share of the time that requests at these rates need at least. */
  readonly load: number;
  readonly policy: LauncherPolicy;
}

/**
 * The regimes of a learned launcher on a training sample; equal neighbors are one regime.
 *
 * Cost: a simulation.
 */
export function distillRegimes(
  job: ServingJob,
  launcher: LearnedLauncher,
  seed: number,
): RegimeLauncher {
  const looks = looksOf(job, launcher, seed).sort((a, b) => a.load - b.load);
  const size = looks.length / RANGES;
  const regimes = Array.from({ length: RANGES }, (_, range) =>
    looks.slice(Math.round(range * size), Math.round((range + 1) * size)),
  )
    .filter((part) => part.length > 0)
    .map((part) => regimeOf(part, launcher));
  const kept = regimes.filter(
    ({ policy }, at) => JSON.stringify(policy) !== JSON.stringify(regimes[at - 1]?.policy),
  );
  return { kind: "regimes", tickNs: launcher.tickNs, regimes: kept };
}

function looksOf(
  { problem, workload }: ServingJob,
  launcher: LearnedLauncher,
  seed: number,
): Look[] {
  const arrivals = drawArrivals(workload, { seed, purpose: "training", episode: 0 });
  const control = controlOf(launcher);
  const looks: Look[] = [];
  const policyFor = (seen: Parameters<typeof control.policyFor>[0]): LauncherPolicy => {
    const policy = control.policyFor(seen);
    const rates = Array.from(seen.slowRate);
    const load = rates.reduce((sum, rate, at) => sum + rate * launcher.models[at]!.shareNs, 0);
    looks.push({ rates, load, policy });
    return policy;
  };
  simulateAdaptive(problem, arrivals, { ...control, policyFor }, { seed });
  return looks;
}

function regimeOf(looks: readonly Look[], { inFlight }: LearnedLauncher): Regime {
  const [first] = looks as readonly [Look];
  const rates = first.rates.map((_, model) =>
    Math.round(looks.reduce((sum, look) => sum + look.rates[model]!, 0) / looks.length),
  );
  const models = first.policy.models.map((_, model) =>
    withoutRule(mostOften(looks.map(({ policy }) => policy.models[model]!))),
  );
  return { rates, policy: { models, ...(inFlight === undefined ? {} : { inFlight }) } };
}

/** Which requests are refused is not decided by a table. */
function withoutRule({ shed: _, ...knobs }: ModelPolicy): ModelPolicy {
  return knobs;
}

function mostOften(policies: readonly ModelPolicy[]): ModelPolicy {
  const counts = new Map<string, number>();
  let best = policies[0]!;
  let most = 0;
  for (const policy of policies) {
    const key = JSON.stringify(policy);
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    if (count > most) {
      most = count;
      best = policy;
    }
  }
  return best;
}
