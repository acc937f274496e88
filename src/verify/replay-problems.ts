/** The figures of policies against a second simulation of the same requests. */
import { drawArrivals } from "../arrivals/draw-arrivals.js";
import type { Workload } from "../arrivals/workload.js";
import type { ArtifactShed, RegimePolicy, SampleFigures } from "../artifact/launcher-policies.js";
import type { LauncherSection } from "../artifact/launcher-section.js";
import { sixDigits } from "../core/six-digits.js";
import type { OnProgress } from "../profile/progress.js";
import { ACCELERATION_TASKS } from "../schedule/serving/serving-limits.js";
import type {
  LauncherPolicy,
  LauncherWindow,
  ServingProblem,
} from "../schedule/serving/serving-model.js";
import { workloadOf } from "./launcher-problems.js";
import { replayedLauncher } from "./replay-launcher.js";
import { type ReplayedPolicies, type ReplayedSample, replayOrder } from "./replay-order.js";
import { type ReplayOptions, replayRequests } from "./replay-requests.js";
import { replayWindows } from "./replay-windows.js";
import { figuresOfReplay } from "./replayed-figures.js";
import type { Replay } from "./replayed-requests.js";
import { WindowTimes } from "./window-times.js";

/** What a second simulation found. */
export interface ReplayedSamples {
  /** In words that begin with the place. */
  readonly problems: readonly string[];
  /** Samples that there are, and those that were simulated again. */
  readonly samples: number;
  readonly replayed: number;
}

/** How far samples are simulated again, and who hears of it. */
export interface ReplayLimits {
  /** Ends of stages. */
  readonly mostStages?: number;
  readonly onProgress?: OnProgress;
}

/** Ends of stages that are simulated in all: about half a minute, and more where many tasks are in flight. */
const MOST_STAGES = 40_000_000;

/**
 * Simulates the samples of all policies again in the order of `replayOrder`, as far as `mostStages` goes: what is expected to
 * take more than is left is left out.
 *
 * Cost: at most `mostStages` ends of stages.
 */
export function replaySamples(
  section: LauncherSection,
  served: ReplayedPolicies,
  seed: number,
  { mostStages = MOST_STAGES, onProgress }: ReplayLimits = {},
): ReplayedSamples {
  const { problem, policies } = served;
  const samples = replayOrder(section, served);
  const workloads = section.regimes.map(({ scale }) => workloadOf(section, scale));
  const replays = section.regimes.map(({ shed }, regime) =>
    (policies[regime] ?? []).map((policy) => replayOf(problem, treatment(policy, section, shed))),
  );
  const problems: string[] = [];
  let left = mostStages;
  let replayed = 0;
  const expected = samples.reduce((sum, { stages }) => sum + stages, 0);
  const total = Math.round(Math.min(mostStages, expected));
  for (const { stages, ...sample } of samples) {
    if (stages > left) {
      continue;
    }
    const done = Math.min(total, mostStages - left);
    onProgress?.({ phase: "samples", done, total, label: "simulating samples again" });
    const policy = section.regimes[sample.regime]?.policies[sample.policy] as RegimePolicy;
    const workload = workloads[sample.regime] as Workload;
    const arrivals = drawArrivals(workload, { seed, ...sample });
    const replay = replays[sample.regime]?.[sample.policy]?.(arrivals, {
      ...launcherOf(policy, section),
      mostStages: left,
      seed: seed + sample.episode,
    });
    if (replay === undefined) {
      // It took more than was expected, which is all that was left.
      break;
    }
    left -= replay.stages;
    replayed++;
    const objectives = section.models.map(({ objectiveNs }) => objectiveNs);
    const figures = figuresOfReplay(replay, objectives, section.durationNs);
    const slack = slopeSlack(arrivals, section.durationNs);
    problems.push(...differences(policy, figures, { ...sample, slack }));
  }
  return { problems, samples: samples.length, replayed };
}

/** Replays requests under a policy (`replayRequests`, `replayWindows`). */
function replayOf(
  problem: ServingProblem,
  policy: LauncherPolicy,
): (arrivals: readonly Float64Array[], options: ReplayOptions) => Replay | undefined {
  if (policy.window === undefined) {
    return (arrivals, options) => replayRequests(problem, arrivals, policy, options);
  }
  const times = new WindowTimes(policy.window);
  return (arrivals, { mostStages }) => replayWindows(times, arrivals, policy, mostStages);
}

/**
 * Self-accelerations that are not those of a second simulation, in words that begin with the place. Cost: of
 * some hundred tasks of every variant.
 */
export function accelerationProblems(
  { models }: LauncherSection,
  problem: ServingProblem,
): readonly string[] {
  const waiting = [new Float64Array(ACCELERATION_TASKS)];
  return models.flatMap(({ variants }, model) =>
    variants.flatMap(({ acceleration }, variant) =>
      acceleration.flatMap((recorded, at) => {
        const own = { device: problem.device, models: problem.models.slice(model, model + 1) };
        const policy = { models: [{ periodNs: 0, batch: 1, concurrency: at + 1, variant }] };
        const [requests = []] = replayRequests(own, waiting, policy)?.requests ?? [];
        const last = requests.reduce((most, { endNs }) => Math.max(most, endNs), 0);
        return agrees(recorded, (ACCELERATION_TASKS * 1e9) / last) &&
          sixDigits(recorded) === recorded
          ? []
          : [
              `/launcher/models/${model}/variants/${variant}/acceleration/${at} is not what simulating it again gives`,
            ];
      }),
    ),
  );
}

/** What decides, at its start: at every tick or at every launch; nothing if the policy stays the same. */
function launcherOf(
  { adaptive }: RegimePolicy,
  { models }: LauncherSection,
): Pick<ReplayOptions, "launcher" | "reactions"> {
  if (adaptive === undefined) {
    return {};
  }
  if (adaptive.kind === "reactive") {
    return { reactions: adaptive.models };
  }
  const known = models.map(({ objectiveNs, variants }) => {
    return { objectiveNs, variants: variants.map(({ name }) => name) };
  });
  return { launcher: replayedLauncher(adaptive, known) };
}

/**
 * A recorded policy as simulators take it, with its window, if it has one. Requires: names that the problem has. What runs
 * in a window is no variant of a model; all of them hold as much memory.
 */
export function launcherPolicy(
  { models }: ServingProblem,
  policy: RegimePolicy,
  window: LauncherWindow | undefined,
): LauncherPolicy {
  return {
    models: policy.models.map(({ variant, batch, concurrency, periodNs }, at) => {
      const number = models[at]?.variants.findIndex(({ name }) => name === variant) ?? -1;
      return { variant: window === undefined ? number : 0, batch, concurrency, periodNs };
    }),
    ...(policy.inFlight === undefined ? {} : { inFlight: policy.inFlight }),
    ...(window === undefined ? {} : { window }),
  };
}

/** A policy with the rules by which requests are refused. */
function treatment(
  policy: LauncherPolicy,
  { models }: LauncherSection,
  shed: readonly ArtifactShed[],
): LauncherPolicy {
  return {
    ...policy,
    models: policy.models.map((each, at) => {
      const rule = shed[at] ?? { kind: "none" };
      switch (rule.kind) {
        case "none":
          return each;
        case "deadline":
          return { ...each, shed: { kind: "deadline", objectiveNs: models[at]?.objectiveNs ?? 0 } };
        default:
          return { ...each, shed: rule };
      }
    }),
  };
}

function differences(
  { validation, heldOut }: RegimePolicy,
  figures: SampleFigures,
  { regime, policy, purpose, episode, slack }: ReplayedSample & { readonly slack: number },
): string[] {
  const [part, { samples }] =
    purpose === "validation" ? ["validation", validation] : ["heldOut", heldOut];
  const place = `/launcher/regimes/${regime}/policies/${policy}/${part}/samples/${episode}`;
  const recorded = samples[episode] as SampleFigures;
  const wrong = recorded.models.flatMap((each, model) =>
    Object.entries(each).flatMap(([key, value]) => {
      const found = figures.models[model]?.[key as keyof typeof each] ?? Number.NaN;
      return agrees(value, found, key === "slope" ? ROUNDING + slack : 0)
        ? []
        : [`/models/${model}/${key}`];
    }),
  );
  const fields = [...(agrees(recorded.cost, figures.cost) ? [] : ["/cost"]), ...wrong];
  return fields.map((field) => `${place}${field} is not what simulating the sample again gives`);
}

/** The part of a sample whose requests are counted. */
const COUNTED = 0.9;

/**
 * How much slopes may differ because times are rounded. A time is a sum of as many terms as tasks came before it, each
 * rounded to 53 bits, so it may be off by `requests` / 2 ^ 53 of the sample. A request that ends later by a share of the span
 * that is counted, nine tenths of the sample, adds at most six times that share to the slope over the span.
 */
export function slopeSlack(arrivals: readonly Float64Array[], durationNs: number): number {
  const requests = arrivals.reduce((sum, { length }) => sum + length, 0);
  const share = requests / 2 ** 53 / COUNTED;
  return (6 * requests * share * 1e9) / (COUNTED * durationNs);
}

/** Figures of which this share differs differ by rounding; so do slopes near 0 by as much a second. */
const ROUNDING = 1e-9;

/** Whether a figure of six digits is what another simulator found, but for rounding. */
function agrees(recorded: number, found: number, slack = 0): boolean {
  const exponent = Number(found.toExponential().split("e")[1]);
  const digit = found === 0 ? 0 : 10 ** (exponent - 5);
  return Math.abs(recorded - found) <= 0.5 * digit + ROUNDING * Math.abs(found) + slack;
}
