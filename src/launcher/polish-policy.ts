/** Small steps from a static policy, on more requests than a grid can be tried on. */
import type { LauncherPolicy, ModelPolicy } from "../schedule/serving/serving-model.js";
import { concurrenciesOf, type PolicyCosts } from "./descend-grid.js";
import { ratesOf, type ServingJob } from "./serving-job.js";

/** Periods that are tried, as shares of the time in which a batch arrives. */
const PERIODS: readonly number[] = [0, 0.25, 0.5, 0.75, 0.9];

/** Tasks of a model in flight that are tried on a GPU. */
const CONCURRENCIES: readonly number[] = [1, 2, 3, 4, 6, 8];

/** Rounds over all models. */
const MOST_ROUNDS = 2;

/**
 * Changes one knob of one model at a time as long as that costs less. Policies that `mayBe` refuses
 * are not tried. Cost: for each round and model some fifteen costs.
 */
export function polishPolicy(
  job: ServingJob,
  start: LauncherPolicy,
  costOf: PolicyCosts,
  mayBe: (policy: LauncherPolicy) => boolean,
): LauncherPolicy {
  let best = { policy: start, cost: costOf(start) };
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const before = best;
    for (const [model] of job.problem.models.entries()) {
      for (const policy of besideOf(job, best.policy, model).filter(mayBe)) {
        const cost = costOf(policy, best.cost);
        best = cost < best.cost ? { policy, cost } : best;
      }
    }
    if (best === before) {
      break;
    }
  }
  return best.policy;
}

/** The policies that differ in one knob of one model: the next batch either way, any other value of the rest. */
function besideOf(job: ServingJob, policy: LauncherPolicy, model: number): LauncherPolicy[] {
  const own = policy.models[model]!;
  const { variants } = job.problem.models[model]!;
  const rate = ratesOf(job)[model]!;
  const batches = variants[own.variant]!.runs.map(({ batch }) => batch);
  const at = batches.indexOf(own.batch);
  const share = (own.periodNs * rate) / own.batch;
  const isGpu = job.problem.device.kind === "gpu";
  const concurrencies = isGpu ? CONCURRENCIES : concurrenciesOf(job.problem);
  const changes: readonly Partial<ModelPolicy>[] = [
    ...variants.map((_, variant) => ({ variant })),
    ...[batches[at - 1], batches[at + 1]].flatMap((batch) =>
      batch === undefined ? [] : [{ batch, periodNs: Math.round((share * batch) / rate) }],
    ),
    ...concurrencies.map((concurrency) => ({ concurrency })),
    ...PERIODS.map((each) => ({ periodNs: Math.round((each * own.batch * 1e9) / rate) })),
  ];
  return changes
    .map((change): ModelPolicy => ({ ...own, ...change }))
    .filter((each) => JSON.stringify(each) !== JSON.stringify(own))
    .map((each) => ({
      ...policy,
      models: policy.models.map((other, i) => (i === model ? each : other)),
    }));
}
