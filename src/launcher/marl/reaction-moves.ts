/** Small random changes of policies with reactions, for the search that tries them. */

import { present } from "../../core/invariant.js";
import type { Random } from "../../core/random.js";
import type { Reaction, ReactionStep } from "../../schedule/serving/reaction.js";
import type {
  LauncherPolicy,
  LaunchKnobs,
  ModelPolicy,
} from "../../schedule/serving/serving-model.js";
import { concurrenciesOf } from "../descend-grid.js";
import { ratesOf, type ServingJob } from "../serving-job.js";

/** Periods, as shares of the time in which a batch arrives. */
const PERIODS: readonly number[] = [0, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 1];

/** Waiting requests from which a step holds, where it is new, and times these where it moves. */
const WAITING: readonly number[] = [2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96];
const MOVES: readonly number[] = [0.5, 0.7, 0.85, 1.2, 1.4, 2];

/** Most steps of a model. */
const MOST_STEPS = 3;

const FILLS: readonly number[] = [0, 0.25, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

/** Times that are added to arrivals, and for which tasks are held, in objectives. */
const DUE: readonly number[] = [0, 0.1, 0.2, 0.3, 0.5, 0.7, 1];
const HOLDS: readonly number[] = [0.02, 0.05, 0.1, 0.15, 0.2, 0.3];
const AT_LEAST: readonly number[] = [1, 2, 4, 8, 12, 16, 24, 32];
const BUSY: readonly number[] = [0, 1, 2, 3];

/** Tasks in flight of all models; 0: no limit. */
const IN_FLIGHT: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 8];

/** Changes at a time. */
const MOST_CHANGES = 3;

/** The reaction that changes nothing. */
export const STILL: Reaction = { steps: [], fill: 0, dueNs: 0, atLeast: 1, busy: 0, holdNs: 0 };

/** A policy beside another: one to three random changes of it. Its models have reactions. */
export type Move = (policy: LauncherPolicy, random: Random) => LauncherPolicy;

/** What may be chosen for a model. */
interface Choices {
  readonly rate: number;
  readonly objectiveNs: number;
  readonly variants: number;
  /** Those that every variant has. */
  readonly batches: readonly number[];
  readonly concurrencies: readonly number[];
}

/** Whether policies react to what waits, or stay the same. */
export type Reacts = "at-launches" | "never";

/** Random changes of policies for a job. Requires: every model has a batch that all its variants have. */
export function movesOf(job: ServingJob, reacts: Reacts): Move {
  const { problem, objectives } = job;
  const rates = ratesOf(job);
  const choices = problem.models.map(({ variants }, at): Choices => {
    const lists = variants.map(({ runs }) => runs.map(({ batch }) => batch));
    return {
      rate: present(rates[at], "a rate"),
      objectiveNs: present(objectives[at], "an objective"),
      variants: variants.length,
      batches: present(lists[0], "a variant").filter((batch) =>
        lists.every((list) => list.includes(batch)),
      ),
      concurrencies: [...new Set([...concurrenciesOf(problem), 3, 5, 6])].sort((a, b) => a - b),
    };
  });
  const changes = reacts === "never" ? CHANGES.slice(0, 1) : CHANGES;
  return (policy, random) => {
    let moved = policy;
    for (let change = random.integer(MOST_CHANGES); change >= 0; change--) {
      moved = changed(moved, { choices, changes }, random);
    }
    return moved;
  };
}

function pick<Each>(values: readonly Each[], random: Random): Each {
  return values[random.integer(values.length)] as Each;
}

function changed(
  policy: LauncherPolicy,
  {
    choices,
    changes,
  }: { readonly choices: readonly Choices[]; readonly changes: readonly Change[] },
  random: Random,
): LauncherPolicy {
  const change = random.integer(changes.length + 1);
  if (change === changes.length) {
    const inFlight = pick(IN_FLIGHT, random);
    return inFlight === 0 ? { models: policy.models } : { ...policy, inFlight };
  }
  const at = random.integer(policy.models.length);
  const models = policy.models.map((own, model) =>
    model === at ? changes[change]!(own, choices[model]!, random) : own,
  );
  return { ...policy, models };
}

type Change = (own: ModelPolicy, choices: Choices, random: Random) => ModelPolicy;

/** One of them is drawn for a change; the first is of the knobs themselves. */
const CHANGES: readonly Change[] = [
  (own, choices, random) => ({ ...own, ...otherKnobs(own, choices, random) }),
  (own, choices, random) => reacting(own, { steps: otherSteps(own, choices, random) }),
  (own, _, random) => reacting(own, { fill: pick(FILLS, random) }),
  (own, { objectiveNs }, random) =>
    reacting(own, { dueNs: Math.round(pick(DUE, random) * objectiveNs) }),
  (own, { objectiveNs }, random) =>
    reacting(own, {
      atLeast: pick(AT_LEAST, random),
      busy: pick(BUSY, random),
      holdNs: Math.round(pick(HOLDS, random) * objectiveNs),
    }),
];

function reacting(own: ModelPolicy, part: Partial<Reaction>): ModelPolicy {
  return { ...own, reaction: { ...(own.reaction ?? STILL), ...part } };
}

/** The knobs with another variant, batch (and period to match), concurrency or period. */
function otherKnobs(
  { variant, batch, concurrency, periodNs }: LaunchKnobs,
  choices: Choices,
  random: Random,
): LaunchKnobs {
  const same = { variant, batch, concurrency, periodNs };
  switch (random.integer(4)) {
    case 0:
      return { ...same, variant: random.integer(choices.variants) };
    case 1: {
      const other = pick(choices.batches, random);
      return { ...same, batch: other, periodNs: Math.round((periodNs * other) / batch) };
    }
    case 2:
      return { ...same, concurrency: pick(choices.concurrencies, random) };
    default:
      return {
        ...same,
        periodNs: Math.round((pick(PERIODS, random) * batch * 1e9) / choices.rate),
      };
  }
}

/** The steps with one more, one less, or one that is another. */
function otherSteps(own: ModelPolicy, choices: Choices, random: Random): readonly ReactionStep[] {
  const { steps } = own.reaction ?? STILL;
  const change = random.integer(3);
  const at = random.integer(Math.max(1, steps.length));
  const old = steps[at];
  if (old === undefined || (change === 0 && steps.length < MOST_STEPS)) {
    const knobs = otherKnobs(old ?? own, choices, random);
    return ascending([...steps, { waiting: pick(WAITING, random), ...knobs }]);
  }
  const rest = steps.filter((_, step) => step !== at);
  return change === 1 ? rest : ascending([...rest, otherStep(old, choices, random)]);
}

function otherStep(step: ReactionStep, choices: Choices, random: Random): ReactionStep {
  const { waiting } = step;
  return random.integer(5) < 2
    ? { ...step, waiting: Math.max(2, Math.round(waiting * pick(MOVES, random))) }
    : { waiting, ...otherKnobs(step, choices, random) };
}

/** Of steps from the same number on the last one holds. */
function ascending(steps: readonly ReactionStep[]): readonly ReactionStep[] {
  const byWaiting = new Map(steps.map((step) => [step.waiting, step]));
  return [...byWaiting.values()].sort((a, b) => a.waiting - b.waiting);
}
