/**
 * The grid of static policies: variants, batches, tasks in flight and periods of each model.
 *
 * With several models it is far too large to try every point, so models take turns: one goes to its best point with the
 * others as they are, until no turn changes anything. Where models must change together that ends too early; so it
 * starts from several policies, and also where every model keeps to one variant.
 */
import type {
  LauncherPolicy,
  ModelPolicy,
  ServingProblem,
} from "../schedule/serving/serving-model.js";
import { variantNamed } from "../schedule/serving/variant-named.js";
import type { LauncherCosts } from "./policy-costs.js";
import { ratesOf, type ServingJob } from "./serving-job.js";

/** What a policy costs; `Infinity`: more than `atMost`. Asked again for the same one, it answers at once. */
export type PolicyCosts = LauncherCosts<LauncherPolicy>;

/** Tasks of a model in flight that are tried on a GPU. */
const CONCURRENCIES: readonly number[] = [1, 2, 4, 8];

/** Periods that are tried, as shares of the time in which a batch arrives. */
const PERIODS: readonly number[] = [0, 0.5, 0.9];

/** Turns of all models. */
const MOST_TURNS = 3;

/** Tasks of a model in flight that are tried: on a CPU up to twice as many as it has cores. */
export function concurrenciesOf({ device }: ServingProblem): readonly number[] {
  return device.kind === "gpu" ? CONCURRENCIES : [1, ...stepsTo(2 * device.workers)];
}

/** 2, 3, 4, 6, 8, 12, ... up to `most`. */
function stepsTo(most: number): readonly number[] {
  const steps: number[] = [];
  for (let step = 2; step <= most; step *= 2) {
    steps.push(step, ...(step * 1.5 <= most ? [step * 1.5] : []));
  }
  return steps;
}

/** The policies that a turn of one model may go to. */
type Neighbors = (job: ServingJob, policy: LauncherPolicy, model: number) => LauncherPolicy[];

/**
 * Where turns end from a policy, of those that `mayBe` allows: it costs no more than the start. Cost: for each turn and
 * model one cost for every point of its grid.
 */
export function descendGrid(
  job: ServingJob,
  start: LauncherPolicy,
  costOf: PolicyCosts,
  mayBe: (policy: LauncherPolicy) => boolean,
  neighborsOf: Neighbors = otherPoints,
): LauncherPolicy {
  let best = start;
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const before = best;
    for (const [model] of job.problem.models.entries()) {
      best = leastBy([best, ...neighborsOf(job, best, model).filter(mayBe)], costOf);
    }
    if (best === before) {
      break;
    }
  }
  return best;
}

/** Where the grid ends. */
export interface GridEnds {
  /** All ends, no policy twice. */
  readonly all: readonly LauncherPolicy[];
  /** With every model in the variant of that name; none where no start can be. */
  readonly inVariant: ReadonlyMap<string, LauncherPolicy>;
}

/**
 * Where the grid ends: from the best start; with every model in one variant, for each; and on from those ends with all
 * variants. With the starts themselves. Cost: of a descent for each variant
 * and, from near its end, another.
 */
export function gridEnds(
  job: ServingJob,
  starts: readonly LauncherPolicy[],
  costOf: PolicyCosts,
  mayBe: (policy: LauncherPolicy) => boolean,
): GridEnds {
  const { problem } = job;
  const names = problem.models.flatMap(({ variants }) =>
    variants.flatMap(({ name, also = [] }) => [name, ...also]),
  );
  // Names that mean the same for every model have one end.
  const ends = new Map<string, LauncherPolicy>();
  const single = new Map<string, LauncherPolicy>();
  for (const name of new Set(names)) {
    const own = starts.flatMap((start) => inVariant(problem, start, name) ?? []).filter(mayBe);
    if (own.length > 0) {
      const keeps = (policy: LauncherPolicy): boolean =>
        mayBe(policy) && keepsToVariant(problem, policy, name);
      const key = problem.models.map((model) => variantNamed(model, name)).join();
      const end = ends.get(key) ?? descendGrid(job, leastBy(own, costOf), costOf, keeps);
      ends.set(key, end);
      single.set(name, end);
    }
  }
  const onwards = [leastBy(starts, costOf), ...ends.values()].map((start) =>
    descendGrid(job, start, costOf, mayBe, otherVariants),
  );
  const all = [...starts, ...ends.values(), ...onwards];
  const different = new Map(all.map((policy) => [JSON.stringify(policy), policy]));
  return { all: [...different.values()], inVariant: single };
}

/** Of those that cost least, the one with the fewest requests in tasks at once; of these the first. */
export function leastBy(policies: readonly LauncherPolicy[], costOf: PolicyCosts): LauncherPolicy {
  let least = Number.POSITIVE_INFINITY;
  const costs = policies.map((policy) => {
    const cost = costOf(policy, least);
    least = Math.min(least, cost);
    return cost;
  });
  const equal = policies.filter((_, at) => costs[at] === least);
  const sizes = equal.map(mostInTasks);
  return equal[sizes.indexOf(Math.min(...sizes))] as LauncherPolicy;
}

function mostInTasks({ models }: LauncherPolicy): number {
  return models.reduce((sum, { batch, concurrency }) => sum + batch * concurrency, 0);
}

/**
 * The policy with every model in the variant of a name; a model that has none of that name stays as it is.
 * `undefined`: a variant has no run of the policy's batch.
 */
function inVariant(
  { models }: ServingProblem,
  policy: LauncherPolicy,
  name: string,
): LauncherPolicy | undefined {
  const changed = models.map((model, at): ModelPolicy => {
    const variant = variantNamed(model, name);
    const own = policy.models[at] as ModelPolicy;
    return variant < 0 ? own : { ...own, variant };
  });
  const areRun = changed.every(({ variant, batch }, at) =>
    models[at]?.variants[variant]?.runs.some((run) => run.batch === batch),
  );
  return areRun ? { ...policy, models: changed } : undefined;
}

/** Whether every model that has a variant of a name runs it. */
export function keepsToVariant(
  { models }: ServingProblem,
  policy: LauncherPolicy,
  name: string,
): boolean {
  return models.every((model, at) => {
    const sought = variantNamed(model, name);
    return sought < 0 || policy.models[at]?.variant === sought;
  });
}

/** The policies with any point of the grid for one model, in its variant; without a limit for all models. */
function otherPoints(
  { problem, ...job }: ServingJob,
  policy: LauncherPolicy,
  model: number,
): LauncherPolicy[] {
  const rate = ratesOf({ problem, ...job })[model] ?? 1;
  const { variant } = policy.models[model] as ModelPolicy;
  const runs = problem.models[model]?.variants[variant]?.runs ?? [];
  // One task alone gains nothing from parts.
  const several = concurrenciesOf(problem).filter((each) => each > 1);
  const points = runs.flatMap(({ batch, pipeline }) =>
    (pipeline === undefined ? concurrenciesOf(problem) : several).flatMap((concurrency) =>
      (batch === 1 ? PERIODS.slice(0, 1) : PERIODS).map((share): ModelPolicy => {
        return { periodNs: Math.round((share * batch * 1e9) / rate), batch, concurrency, variant };
      }),
    ),
  );
  return points.map((point) => withPoint(policy, model, point));
}

/** The policies with any variant and batch for one model, and the same period for the time in which a batch arrives. */
function otherVariants(
  { problem }: ServingJob,
  policy: LauncherPolicy,
  model: number,
): LauncherPolicy[] {
  const own = policy.models[model] as ModelPolicy;
  const points = (problem.models[model]?.variants ?? []).flatMap(({ runs }, variant) =>
    runs.map(({ batch }): ModelPolicy => {
      return { ...own, variant, batch, periodNs: Math.round((own.periodNs * batch) / own.batch) };
    }),
  );
  return points.map((point) => withPoint(policy, model, point));
}

function withPoint({ models }: LauncherPolicy, model: number, point: ModelPolicy): LauncherPolicy {
  return { models: models.map((each, at) => (at === model ? point : each)) };
}
