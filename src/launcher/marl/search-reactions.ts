/**
 * Launchers that react at every launch, searched from a static policy: random steps from the best that is known, each
 * tried on the same training samples in full detail, and given up as soon as it is sure to cost more.
 */
import { type Random, seededRandom } from "../../core/random.js";
import type { ReactiveLauncher } from "../../schedule/serving/adaptive-launcher.js";
import { reachBytes, reachOf } from "../../schedule/serving/adaptive-memory.js";
import type { Reaction } from "../../schedule/serving/reaction.js";
import type { LauncherPolicy } from "../../schedule/serving/serving-model.js";
import { leastBy } from "../descend-grid.js";
import type { LauncherCosts } from "../policy-costs.js";
import type { ServingJob } from "../serving-job.js";
import { type Move, movesOf, type Reacts, STILL } from "./reaction-moves.js";
import { templatesOf } from "./reaction-templates.js";
import type { CurvePoint, TrainingOptions } from "./training.js";
import { trialCosts } from "./trial-cost.js";

/**
 * Searches that go on by themselves, in half of all tries, from the static policy and from the best template in turns; the
 * best of them goes on in the other half.
 */
const ISLANDS = 4;

/** Samples on which steps are tried, and the first of them: others than those for trials. */
const SAMPLES = 4;
const FIRST_SAMPLE = 2000;

/** What a search found: the launcher and the trials, as `Trained`. */
export interface FoundReactions {
  readonly launcher: ReactiveLauncher;
  readonly curve: readonly CurvePoint[];
}

/**
 * Searches from a static policy; `steps` is the number of policies tried. `undefined`: the policy does not fit into
 * memory. With `reacts` "never" only policies that stay the same are tried, by the same steps and as many: what of a gain
 * is due to the search alone.
 *
 * The same inputs give the same launcher on every machine. Cost: a simulation of four samples for each step, most of
 * them not to the end.
 */
export function searchReactions(
  job: ServingJob,
  policy: LauncherPolicy,
  { seed, steps, onTrial }: TrainingOptions,
  reacts: Reacts = "at-launches",
): FoundReactions | undefined {
  const start = { ...policy, models: policy.models.map((own) => ({ ...own, reaction: STILL })) };
  if (!fits(job, start)) {
    return undefined;
  }
  const around: Around = {
    job,
    move: movesOf(job, reacts),
    costOf: onPolicies(trialCosts(job, seed, { from: FIRST_SAMPLE, count: SAMPLES })),
  };
  const trialOf = onPolicies(trialCosts(job, seed));
  const curve: CurvePoint[] = [];
  const tried = (step: number, found: LauncherPolicy): void => {
    const point = { step, cost: Math.min(trialOf(found), curve.at(-1)?.cost ?? Infinity) };
    curve.push(point);
    onTrial?.(point);
  };
  tried(0, start);
  const random = seededRandom(seed).fork(7);
  const each = Math.floor(steps / 2 / ISLANDS);
  const templates = templatesOf(job, start, reacts).filter((each) => fits(job, each));
  const template = leastBy([start, ...templates], around.costOf);
  const ends: LauncherPolicy[] = [];
  for (let island = 0; island < ISLANDS; island++) {
    const end = climb(around, island % 2 === 0 ? template : start, each, random.fork(island));
    ends.push(end);
    tried((island + 1) * each, end);
  }
  const best = leastBy(ends, around.costOf);
  const last = simplified(around, climb(around, best, steps - ISLANDS * each, random.fork(99)));
  tried(steps, last);
  return { launcher: reactive(leastBy([start, ...ends, last], trialOf)), curve };
}

interface Around {
  readonly job: ServingJob;
  readonly move: Move;
  readonly costOf: LauncherCosts<LauncherPolicy>;
}

function reactive(policy: LauncherPolicy): ReactiveLauncher {
  return { kind: "reactive", policy };
}

function onPolicies(costOf: LauncherCosts): LauncherCosts<LauncherPolicy> {
  return (policy, atMost) => costOf(reactive(policy), atMost);
}

function fits({ problem }: ServingJob, policy: LauncherPolicy): boolean {
  const { memoryBytes = Number.POSITIVE_INFINITY } = problem.device;
  return reachBytes(problem, reachOf(reactive(policy)), policy.inFlight) <= memoryBytes;
}

/** Goes on from a policy by random steps, as long as they cost less. */
function climb(
  { job, move, costOf }: Around,
  start: LauncherPolicy,
  steps: number,
  random: Random,
): LauncherPolicy {
  let best = { policy: start, cost: costOf(start) };
  for (let step = 0; step < steps; step++) {
    const policy = move(best.policy, random);
    const cost = fits(job, policy) ? costOf(policy, best.cost) : Number.POSITIVE_INFINITY;
    best = cost < best.cost ? { policy, cost } : best;
  }
  return best.policy;
}

/** Ways in which a reaction may be simpler. */
const SIMPLER: readonly ((reaction: Reaction) => Reaction)[] = [
  ...[2, 1, 0].map((at) => (own: Reaction): Reaction => {
    return { ...own, steps: own.steps.filter((_, step) => step !== at) };
  }),
  (own) => ({ ...own, fill: 0 }),
  (own) => ({ ...own, dueNs: 0 }),
  (own) => ({ ...own, atLeast: 1, busy: 0, holdNs: 0 }),
];

/** The policy without the parts of reactions that gain nothing. */
function simplified({ costOf }: Around, policy: LauncherPolicy): LauncherPolicy {
  let best = { policy, cost: costOf(policy) };
  for (const at of policy.models.keys()) {
    for (const simpler of SIMPLER) {
      const models = best.policy.models.map(({ reaction = STILL, ...own }, model) => {
        return { ...own, reaction: model === at ? simpler(reaction) : reaction };
      });
      const tried = { ...best.policy, models };
      const cost = costOf(tried, best.cost);
      best = cost <= best.cost ? { policy: tried, cost } : best;
    }
  }
  return best.policy;
}
