/** Launchers that are learned from a static policy: by cross-entropy, from there on by MADDPG, and as reactions. */
import type {
  AdaptiveLauncher,
  LearnedLauncher,
} from "../../schedule/serving/adaptive-launcher.js";
import type { LauncherPolicy } from "../../schedule/serving/serving-model.js";
import type { SampleSet } from "../evaluate-policy.js";
import { launcherCosts } from "../policy-costs.js";
import type { ServingJob } from "../serving-job.js";
import { searchByCrossEntropy } from "./cross-entropy.js";
import { distillRegimes } from "./distill-regimes.js";
import { searchReactions } from "./search-reactions.js";
import { startingLauncher } from "./starting-launcher.js";
import { type CurvePoint, trainAgents } from "./training.js";

/**
 * Names of the ways to learn, in their order: MADDPG goes on with the networks that cross-entropy has found, and so is used
 * only where that is worth something.
 */
export const LEARNED_NAMES = ["cross-entropy", "maddpg", "reactive"] as const;

/** One of `LEARNED_NAMES`. */
export type LearnedName = (typeof LEARNED_NAMES)[number];

/** A launcher that was learned, and how. */
export interface LearnedCandidate {
  readonly name: LearnedName;
  readonly launcher: AdaptiveLauncher;
  readonly curve: readonly CurvePoint[];
  /** The networks, where there are some, also where the launcher is a table that is as good. */
  readonly networks?: LearnedLauncher;
}

/** How much is learned, and who hears of it. */
export interface LearningOptions {
  readonly seed: number;
  /** Looks of the agents; for the others a simulation for every few of them. */
  readonly steps: number;
  readonly onTrial?: (name: LearnedName, point: CurvePoint, total: number) => void;
}

/** Looks of agents for each launcher that the other ways try, most of them not to the end of the sample. */
export const LOOKS_PER_SIMULATION = 6;

/**
 * Learns a launcher from a static policy; `undefined` where what it might choose does not fit into memory. MADDPG goes on
 * from `networks`, if there are some.
 *
 * The same inputs give the same launcher on every machine. Cost: with thousands of steps, ten seconds and more.
 */
export function learnLauncher(
  name: LearnedName,
  job: ServingJob,
  policy: LauncherPolicy,
  { seed, steps, onTrial }: LearningOptions,
  networks?: LearnedLauncher,
): LearnedCandidate | undefined {
  if (steps === 0) {
    return undefined;
  }
  if (name === "reactive") {
    const tries = Math.ceil(steps / LOOKS_PER_SIMULATION);
    const found = searchReactions(job, policy, {
      seed,
      steps: tries,
      onTrial: (point) => onTrial?.(name, point, tries),
    });
    return found && { name, ...found };
  }
  const start = (name === "maddpg" ? networks : undefined) ?? startingLauncher(job, policy);
  if (start === undefined) {
    return undefined;
  }
  const { learn, stepsOf } = WAYS[name];
  const total = stepsOf(steps);
  const { launcher, curve } = learn(job, start, {
    seed,
    steps: total,
    onTrial: (point) => onTrial?.(name, point, total),
  });
  return { name, launcher: simplest(job, launcher, seed), curve, networks: launcher };
}

/** What `learnLauncher` learns in every way. Cost: of all of them, one after the other. */
export function learnLaunchers(
  job: ServingJob,
  policy: LauncherPolicy,
  options: LearningOptions,
): readonly LearnedCandidate[] {
  let networks: LearnedLauncher | undefined;
  return LEARNED_NAMES.flatMap((name) => {
    const found = learnLauncher(name, job, policy, options, networks);
    networks = found?.networks ?? networks;
    return found ?? [];
  });
}

/** How each that looks at ticks is learned, and how many of its own steps there are. */
const WAYS: Readonly<
  Record<
    Exclude<LearnedName, "reactive">,
    {
      readonly learn: typeof trainAgents;
      readonly stepsOf: (steps: number) => number;
    }
  >
> = {
  maddpg: { learn: trainAgents, stepsOf: (steps) => steps },
  "cross-entropy": {
    learn: searchByCrossEntropy,
    stepsOf: (steps) => Math.ceil(steps / LOOKS_PER_SIMULATION),
  },
};

/** The launcher as a table of regimes where that is at least as good on validation samples. */
function simplest(job: ServingJob, launcher: LearnedLauncher, seed: number): AdaptiveLauncher {
  const table = distillRegimes(job, launcher, seed);
  const validation: SampleSet = { seed, purpose: "validation", count: 2 };
  const costOf = launcherCosts(job, validation);
  return costOf(table) <= costOf(launcher) ? table : launcher;
}
