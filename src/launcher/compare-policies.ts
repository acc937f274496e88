import type { LauncherPolicy } from "../schedule/serving/serving-model.js";
import { evaluatePolicy, type PolicyEvaluation, policyCost } from "./evaluate-policy.js";
import type { ServingJob } from "./serving-job.js";
import { fifoPolicy, greedyPolicy, searchStaticPolicy } from "./static-policies.js";

/** Names of the policies that are compared, in their order. */
export const POLICY_NAMES = ["fifo", "greedy", "static"] as const;

/** One of `POLICY_NAMES`. */
export type PolicyName = (typeof POLICY_NAMES)[number];

/** A policy with what it costs on validation samples and how it does on held-out ones. */
export interface ComparedPolicy {
  readonly name: PolicyName;
  readonly policy: LauncherPolicy;
  readonly validationCost: number;
  readonly heldOut: PolicyEvaluation;
}

/** Policies, and the position of the one that is best on validation. */
export interface PolicyComparison {
  readonly policies: readonly ComparedPolicy[];
  readonly best: number;
}

/** Samples on which the best policy is chosen. */
const VALIDATION_SAMPLES = 3;

/**
 * Compares all policies. The best is chosen on validation samples, the figures are of `samples` held-out ones,
 * the same for every policy.
 */
export function comparePolicies(job: ServingJob, seed: number, samples: number): PolicyComparison {
  const made: Readonly<Record<PolicyName, LauncherPolicy | undefined>> = {
    fifo: fifoPolicy(job.problem),
    greedy: greedyPolicy(job.problem),
    static: searchStaticPolicy(job, seed),
  };
  const policies = POLICY_NAMES.flatMap((name): ComparedPolicy[] => {
    const policy = made[name];
    if (policy === undefined) {
      return [];
    }
    const validation = { seed, purpose: "validation", count: VALIDATION_SAMPLES } as const;
    const validationCost = policyCost(job, policy, validation);
    const heldOut = evaluatePolicy(job, policy, { seed, purpose: "held-out", count: samples });
    return [{ name, policy, validationCost, heldOut }];
  });
  const costs = policies.map(({ validationCost }) => validationCost);
  return { policies, best: costs.indexOf(Math.min(...costs)) };
}
