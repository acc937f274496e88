/** Where training begins: a learned launcher that does what a static policy does. */
import { parameterCount } from "../../learn/graph-network.js";
import type {
  LearnedLauncher,
  LearnedModel,
  PolicyPoint,
} from "../../schedule/serving/adaptive-launcher.js";
import { reachBytes, reachOf } from "../../schedule/serving/adaptive-memory.js";
import { agentShape } from "../../schedule/serving/learned-policy.js";
import type {
  LauncherPolicy,
  ModelPolicy,
  ServingModel,
} from "../../schedule/serving/serving-model.js";
import { profileNs } from "../../schedule/serving/task-profile.js";
import { concurrenciesOf } from "../descend-grid.js";
import { ratesOf, type ServingJob } from "../serving-job.js";

/** Periods that may be chosen, as shares of the time in which a batch arrives. */
const PERIODS: readonly number[] = [0, 0.25, 0.5, 0.75, 0.9];

/** Looks at the server in the time of the shortest objective. */
const LOOKS = 8;

/** Shortest time between two looks, in nanoseconds. */
const SHORTEST_TICK = 10_000;

/** Width of the networks' hidden layer. */
const HIDDEN = 16;

/**
 * The learned launcher whose networks are zeros: it behaves as `policy`. `undefined`: what it might choose
 * does not fit into memory.
 */
export function startingLauncher(
  job: ServingJob,
  policy: LauncherPolicy,
): LearnedLauncher | undefined {
  const { problem, objectives } = job;
  const rates = ratesOf(job);
  const { inFlight } = policy;
  const tickNs = Math.max(SHORTEST_TICK, Math.round(Math.min(...objectives) / LOOKS));
  const empty = (agent: "launcher" | "scheduler") =>
    new Float64Array(parameterCount(agentShape(agent, HIDDEN)));
  const concurrencies = concurrenciesOf(problem);
  for (let most = concurrencies.length; most > 0; most--) {
    const models = problem.models.map((model, at) =>
      learnedModel(model, policy.models[at]!, {
        rate: rates[at]!,
        objectiveNs: objectives[at]!,
        concurrencies: concurrencies.slice(0, most),
      }),
    );
    const found: LearnedLauncher = {
      kind: "learned",
      tickNs,
      models,
      ...(inFlight === undefined ? {} : { inFlight }),
      ...(job.shed === undefined ? {} : { shed: job.shed }),
      hidden: HIDDEN,
      launcher: empty("launcher"),
      scheduler: empty("scheduler"),
    };
    const { memoryBytes = Number.POSITIVE_INFINITY } = problem.device;
    if (reachBytes(problem, reachOf(found), inFlight) <= memoryBytes) {
      return found;
    }
  }
  return undefined;
}

interface ModelFacts {
  readonly rate: number;
  readonly objectiveNs: number;
  readonly concurrencies: readonly number[];
}

function learnedModel(
  { variants }: ServingModel,
  policy: ModelPolicy,
  { rate, objectiveNs, concurrencies }: ModelFacts,
): LearnedModel {
  const lists = variants.map(({ runs }) => runs.map(({ batch }) => batch));
  const batches = lists[0]!.filter((batch) => lists.every((list) => list.includes(batch)));
  const share = (policy.periodNs * rate) / (policy.batch * 1e9);
  const levels = {
    periodShares: withLevel(PERIODS, nearLevel(PERIODS, share)),
    batches: withLevel(batches, policy.batch),
    concurrencies: withLevel(concurrencies, policy.concurrency),
    variants: variants.length,
  };
  const start: PolicyPoint = {
    period: levels.periodShares.indexOf(nearLevel(PERIODS, share)),
    batch: levels.batches.indexOf(policy.batch),
    concurrency: levels.concurrencies.indexOf(policy.concurrency),
    variant: policy.variant,
  };
  const alone = variants.map(({ runs }) => profileNs(runs[0]!.profile));
  const perRequest = variants.flatMap(({ runs }) =>
    runs.map(({ profile, batch }) => profileNs(profile) / batch),
  );
  return {
    ratePerSecond: rate,
    objectiveNs,
    aloneNs: Math.min(...alone),
    shareNs: Math.min(...perRequest),
    levels,
    start,
  };
}

/** Periods are rounded to nanoseconds: a share that is nearly a level is that level. */
function nearLevel(levels: readonly number[], share: number): number {
  return levels.find((level) => Math.abs(level - share) < 1e-6) ?? share;
}

function withLevel(levels: readonly number[], level: number): readonly number[] {
  return levels.includes(level) ? levels : [...levels, level].sort((a, b) => a - b);
}
