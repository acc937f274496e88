/**
 * The policy of a learned launcher: features of every model, two networks, levels.
 *
 * Each network reads a row of features per model and answers with a row of numbers per model; every model is
 * linked to all others, so what is decided for a model depends on it and on the mean of the others, not on their order.
 * A number z becomes the step u = z / (1 + |z|) of the way from the starting level to the end of the levels. Networks of
 * zeros leave the starting policy as it is.
 */
import { type GraphNetwork, graphNetwork, type NetworkShape } from "../../learn/graph-network.js";
import { linksOfAll } from "../../learn/links-of-all.js";
import type { LearnedLauncher, LearnedModel, PolicyPoint } from "./adaptive-launcher.js";
import type { LauncherObserver } from "./launcher-observer.js";
import type { LauncherPolicy, ModelPolicy } from "./serving-model.js";
import { withShedRules } from "./shed-rules.js";

/** Numbers that each agent sees of a model, and that it answers with. */
export const AGENTS = {
  launcher: { features: 8, outputs: 3 },
  scheduler: { features: 10, outputs: 1 },
} as const;

/** One of the two agents. */
export type AgentName = keyof typeof AGENTS;

/** The network of an agent. */
export function agentShape(agent: AgentName, hidden: number): NetworkShape {
  return { ...AGENTS[agent], hidden, layers: 1 };
}

/** Most that a wait in objectives, and tasks in flight of those allowed at the start, count. */
const MOST = 2;

/** What an agent sees: a row per model, into `rows`. */
export function observe(
  agent: AgentName,
  { models }: Pick<LearnedLauncher, "models">,
  seen: LauncherObserver,
  rows: Float64Array,
): void {
  const shortest = models.reduce((least, each) => Math.min(least, each.objectiveNs), Infinity);
  const { features } = AGENTS[agent];
  for (const [at, model] of models.entries()) {
    const { ratePerSecond, objectiveNs, aloneNs, shareNs, levels, start } = model;
    const waiting = seen.waiting[at]!;
    const fast = seen.fastRate[at]!;
    const slow = seen.slowRate[at]!;
    const concurrency = levels.concurrencies[start.concurrency]!;
    const common = [
      waiting / (waiting + levels.batches[start.batch]!),
      Math.min(MOST, seen.inFlight[at]! / concurrency),
      fast / (fast + ratePerSecond) - 0.5,
      aloneNs / objectiveNs,
      (ratePerSecond * shareNs) / 1e9,
      shortest / objectiveNs,
    ];
    const own =
      agent === "launcher"
        ? [Math.min(MOST, seen.headWaitNs[at]! / objectiveNs), slow / (slow + ratePerSecond) - 0.5]
        : Array.from(seen.quarters[at]!, (count) => Math.min(MOST, count / concurrency));
    rows.set(common, at * features);
    rows.set(own, at * features + common.length);
  }
}

/** What the agents answer, between -1 and 1: into `steps`, a row per model. */
export function squash(answers: Float64Array, steps: Float64Array): void {
  for (let at = 0; at < answers.length; at++) {
    const answer = answers[at]!;
    steps[at] = answer / (1 + Math.abs(answer));
  }
}

/** The policy that steps of the launcher (3 per model) and the scheduler (1 per model) make. */
export function policyOfSteps(
  { models, inFlight, shed }: Pick<LearnedLauncher, "models" | "inFlight" | "shed">,
  launcher: Float64Array,
  scheduler: Float64Array,
): LauncherPolicy {
  const policy: LauncherPolicy = {
    models: models.map((model, at) => {
      const { levels, start } = model;
      return modelPolicyAt(model, {
        period: stepped(start.period, levels.periodShares.length, launcher[3 * at]!),
        batch: stepped(start.batch, levels.batches.length, launcher[3 * at + 1]!),
        concurrency: stepped(start.concurrency, levels.concurrencies.length, launcher[3 * at + 2]!),
        variant: stepped(start.variant, levels.variants, scheduler[at]!),
      });
    }),
    ...(inFlight === undefined ? {} : { inFlight }),
  };
  return withShedRules(policy, shed);
}

/** The policy of a point of the levels. */
export function modelPolicyAt(
  { levels, ratePerSecond }: Pick<LearnedModel, "levels" | "ratePerSecond">,
  point: PolicyPoint,
): ModelPolicy {
  const batch = levels.batches[point.batch]!;
  const share = levels.periodShares[point.period]!;
  return {
    periodNs: Math.round((share * batch * 1e9) / ratePerSecond),
    batch,
    concurrency: levels.concurrencies[point.concurrency]!,
    variant: point.variant,
  };
}

/** A step of 1 would be as many levels as there are, so that both ends can be reached from anywhere. */
function stepped(start: number, count: number, step: number): number {
  return Math.max(0, Math.min(count - 1, start + Math.round(step * count)));
}

/** Answers the state of a server with a policy. Its buffers are reused. */
export interface LearnedPolicy {
  policyFor(seen: LauncherObserver): LauncherPolicy;
}

/** The networks of a learned launcher. Cost per answer: O(parameters x models + models^2). */
export function learnedPolicy(launcher: LearnedLauncher): LearnedPolicy {
  const agents = (["launcher", "scheduler"] as const).map((name) => agentOf(name, launcher));
  return {
    policyFor(seen): LauncherPolicy {
      const [launches, variants] = agents.map((agent) => agent(seen));
      return policyOfSteps(launcher, launches!, variants!);
    },
  };
}

/** The network of an agent for the models of a launcher: one row each. */
export function agentNetwork(
  name: AgentName,
  { models, hidden }: Pick<LearnedLauncher, "models" | "hidden">,
): GraphNetwork {
  return graphNetwork(agentShape(name, hidden), models.length, linksOfAll(1, models.length));
}

function agentOf(
  name: AgentName,
  launcher: LearnedLauncher,
): (seen: LauncherObserver) => Float64Array {
  const count = launcher.models.length;
  const { features, outputs } = AGENTS[name];
  const network = agentNetwork(name, launcher);
  const rows = new Float64Array(count * features);
  const steps = new Float64Array(count * outputs);
  return (seen) => {
    observe(name, launcher, seen, rows);
    squash(network.forward(launcher[name], rows), steps);
    return steps;
  };
}
