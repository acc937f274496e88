/** Whether the policy to use passes the gate of docs/serving.md, by recorded samples; shares no code with `launch`. */
import type { ArtifactAdaptive, ArtifactKnobs } from "../artifact/adaptive-policy.js";
import { figuresOver } from "../artifact/figures-over-samples.js";
import type {
  ArtifactInterval,
  ModelFigures,
  RegimePolicy,
} from "../artifact/launcher-policies.js";
import type { ArtifactRegime, LauncherSection } from "../artifact/launcher-section.js";

/** Samples after which policies are compared, with Student's t for 99 % and one degree of freedom less. */
const LOOKS: readonly { readonly samples: number; readonly t: number }[] = [
  { samples: 3, t: 9.925 },
  { samples: 6, t: 4.032 },
  { samples: 12, t: 3.106 },
  { samples: 24, t: 2.807 },
];

/** Requests of all samples of a policy, beyond the first look. */
const MOST_REQUESTS = 300_000;

/** Contradictions between the policy to use, the samples of all policies, and the gate; in words that begin with the place. */
export function gateProblems(
  { best, policies, ratesPerSecond }: ArtifactRegime,
  section: LauncherSection,
  place: string,
): readonly string[] {
  const requests = ratesPerSecond.reduce((sum, rate) => sum + (rate * section.durationNs) / 1e9, 0);
  const looks = LOOKS.filter(({ samples }) => samples === 3 || samples * requests <= MOST_REQUESTS);
  const needs = new Map(policies.map((policy) => [policy, 3]));
  const need = (policy: RegimePolicy, samples: number): void => {
    needs.set(policy, Math.max(samples, needs.get(policy) ?? 0));
  };
  const hasAll = (): boolean =>
    policies.every((policy) => policy.validation.samples.length >= (needs.get(policy) ?? 0));
  const isUp = (policy: RegimePolicy): boolean => keepsUp(policy, needs.get(policy) ?? 0);
  let able = policies.some(isUp) ? policies.filter(isUp) : policies;
  let winner: RegimePolicy | undefined;
  while (able.length > 0 && hasAll()) {
    const fixed = able.findIndex(({ name }) => name === "static");
    const queue = [...able];
    const front = queue.splice(Math.max(0, fixed), 1);
    winner = [...front, ...queue].reduce((one, other) =>
      beats(other, one, looks, need) ? other : one,
    );
    const others = able.filter(isUp);
    if (isUp(winner) || others.length === 0) {
      break;
    }
    able = others;
  }
  const wrong = policies.flatMap((policy, at) => {
    const samples = needs.get(policy);
    return policy.validation.samples.length === samples
      ? []
      : [
          `${place}/policies/${at}/validation/samples are not as many as the gate needs, ${samples}`,
        ];
  });
  const used =
    section.device.kind === "cpu" && winner !== undefined
      ? smallest(winner, policies.some(isUp) ? policies.filter(isUp) : policies, section)
      : winner;
  return wrong.length > 0 || best === used?.name
    ? wrong
    : [`${place}/best is not the policy that passes the gate, "${used?.name ?? ""}"`];
}

/** On a CPU a policy with fewer threads is used that costs at most so many times as much, and not so much more. */
const AS_GOOD = 1.25;
const TOO_MUCH_MORE = 0.02;

/** The policy that is used on a CPU where `winner` has passed the gate. */
function smallest(
  winner: RegimePolicy,
  able: readonly RegimePolicy[],
  section: LauncherSection,
): RegimePolicy {
  const cost = firstCost(winner);
  const most = Math.min(AS_GOOD * cost, cost + TOO_MUCH_MORE);
  let used = winner;
  for (const policy of able) {
    const fewer = threadsOf(used, section) - threadsOf(policy, section);
    const isCheaper = used !== winner && fewer === 0 && firstCost(policy) < firstCost(used);
    used = firstCost(policy) <= most && (fewer > 0 || isCheaper) ? policy : used;
  }
  return used;
}

/** What a policy costs on the samples that all have, on average. */
function firstCost({ validation }: RegimePolicy): number {
  return figuresOver(validation.samples.slice(0, 3)).cost.mean;
}

/** Threads of all sessions, those of every variant that may be chosen: it is named by the threads of one of its sessions. */
function threadsOf(
  { adaptive, models }: RegimePolicy,
  { models: served }: LauncherSection,
): number {
  return sumOf(
    served.map(({ variants }, at) => {
      const names = variants.map(({ name }) => name);
      const [least] = models.slice(at, at + 1);
      const learned = adaptive?.kind === "learned" ? adaptive.models[at] : undefined;
      if (learned !== undefined) {
        return Math.max(...learned.concurrencies) * sumOf(names.map(threadsNamed));
      }
      const own = least === undefined ? [] : knobsOf(adaptive, least, at);
      const chosen = new Set(own.map(({ variant }) => variant));
      return (
        Math.max(0, ...own.map(({ concurrency }) => concurrency)) *
        sumOf([...chosen].map(threadsNamed))
      );
    }),
  );
}

/** Everything that a policy may do for a model, unless it has networks. */
function knobsOf(
  adaptive: ArtifactAdaptive | undefined,
  own: ArtifactKnobs,
  model: number,
): readonly ArtifactKnobs[] {
  switch (adaptive?.kind) {
    case "regimes":
      return adaptive.rows.flatMap((row) => row.models[model] ?? []);
    case "reactive":
      return [own, ...(adaptive.models[model]?.steps ?? [])];
    default:
      return [own];
  }
}

function threadsNamed(variant: string): number {
  return Number.parseInt(variant, 10);
}

/** Whether one policy takes the place of another. `need` hears how many samples it takes to know. */
function beats(
  one: RegimePolicy,
  other: RegimePolicy,
  looks: typeof LOOKS,
  need: (policy: RegimePolicy, samples: number) => void,
): boolean {
  for (const { samples, t } of looks) {
    need(one, samples);
    need(other, samples);
    const [mine, theirs] = [one, other].map(({ validation }) =>
      validation.samples.slice(0, samples),
    );
    if (mine?.length !== samples || theirs?.length !== samples) {
      return false;
    }
    const gains = mine.map(({ cost }, at) => (theirs[at]?.cost ?? 0) - cost);
    const gain = meanOf(gains);
    const deviation = Math.sqrt(sumOf(gains.map((each) => (each - gain) ** 2)) / (samples - 1));
    const doubt = (t * deviation) / Math.sqrt(samples);
    if (Math.abs(gain) > doubt || gain === -doubt) {
      return gain > 0;
    }
    if (samples >= 6 && gain <= 0) {
      return false;
    }
  }
  return false;
}

/** Whether no backlog grows by more than 1 % of what is answered, by the lower end of its slope's interval. */
function keepsUp({ validation }: RegimePolicy, samples: number): boolean {
  const { models } = figuresOver(validation.samples.slice(0, samples));
  return !models.some(
    ({ slope, throughput }: ModelFigures<ArtifactInterval>) =>
      slope.mean - slope.half > 0.01 * throughput.mean,
  );
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0);
}

function meanOf(values: readonly number[]): number {
  return sumOf(values) / values.length;
}
