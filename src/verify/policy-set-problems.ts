/** Which policies and variants a `launcher` section has, and which of those that it should have are missing. */
import type { RegimePolicy } from "../artifact/launcher-policies.js";
import type {
  ArtifactRegime,
  ArtifactServedModel,
  LauncherSection,
} from "../artifact/launcher-section.js";
import { brokenChecks } from "../core/checks.js";
import { isSame } from "./is-same.js";

/** Policies of every comparison, in their order; what was learned stands behind them. */
const EVERY: readonly string[] = ["fifo", "greedy", "opara", "ios", "static", "merged"];

/** Policies that have every model in the schedule of their name. */
const SCHEDULERS: readonly string[] = ["opara", "ios"];

/** Variants of a model on a GPU, in their order: how schedules are made. */
const SCHEDULES: readonly string[] = [
  "sequential",
  "narrow",
  "opara",
  "wide",
  "ios",
  "top-compile",
  "pipelined-2",
  "pipelined-4",
];

/**
 * Contradictions between the policies of a regime, those that it says it has not, and what may be missing, in words that begin
 * with the place. Requires: the models of each policy are those of the section.
 */
export function policySetProblems(
  { policies, absent }: ArtifactRegime,
  section: LauncherSection,
  hasTraining: boolean,
  place: string,
): readonly string[] {
  const plain = policies.filter(({ adaptive }) => adaptive === undefined);
  const there = plain.map(({ name }) => name);
  const missing = absent.map(({ policy }) => policy);
  return [
    ...brokenChecks([
      [
        !isSame(
          there,
          EVERY.filter((name) => !missing.some((each) => each === name)),
        ) || policies.slice(0, plain.length).some(({ adaptive }) => adaptive !== undefined),
        `${place}/policies are not those of every comparison in their order, but for those that are absent`,
      ],
      [
        policies.some(({ name, adaptive }) => adaptive !== undefined && EVERY.includes(name)),
        `${place}/policies has one that changes under the name of one that does not`,
      ],
      [
        plain.length < policies.length && !hasTraining,
        `${place}/policies has one that was learned, but /provenance/options has no steps`,
      ],
      [
        !isSame(
          missing,
          EVERY.filter((name) => missing.some((each) => each === name)),
        ),
        `${place}/absent is not in the order of policies`,
      ],
    ]),
    ...absent.flatMap(({ policy, reason }, at) =>
      mayBeAbsent(policy, reason, section)
        ? []
        : [`${place}/absent/${at} is no reason for which "${policy}" is missing`],
    ),
    ...policies.flatMap((policy, at) => ownProblems(policy, section, `${place}/policies/${at}`)),
  ];
}

/** Whether a policy is missing for that reason; that no window is small enough cannot be seen. */
function mayBeAbsent(policy: string, reason: string, section: LauncherSection): boolean {
  const isOnCpu = section.device.kind === "cpu";
  switch (policy) {
    case "greedy":
      return reason === "exceeds-memory" && !largestFit(section);
    case "opara":
      return reason === "cpu" && isOnCpu;
    case "ios":
      return isOnCpu
        ? reason === "cpu"
        : reason === "too-many-operators" &&
            section.models.some((model) => !hasName(model, policy));
    case "merged":
      return reason === (isOnCpu ? "cpu" : "no-window");
    default:
      return false;
  }
}

/** Whether a task of each model, with the largest batch of its widest variant, fits into memory. */
function largestFit({ device, models }: LauncherSection): boolean {
  const { memoryBytes = Number.POSITIVE_INFINITY } = device;
  const need = models.reduce((sum, { residentBytes, variants }) => {
    const named = (sought: string) => variants.find((variant) => isNamed(variant, sought));
    const widest = named("wide") ?? named("opara") ?? variants.at(-1);
    return sum + residentBytes + (widest?.runs.at(-1)?.workspaceBytes ?? 0);
  }, 0);
  return need <= memoryBytes;
}

/** What a name promises of a policy that stays the same. */
function ownProblems(
  { name, models, adaptive, inFlight, window }: RegimePolicy,
  section: LauncherSection,
  place: string,
): readonly string[] {
  if (adaptive !== undefined) {
    return [];
  }
  const isInTurns = models.every(({ batch, concurrency, periodNs }) => {
    return batch === 1 && concurrency === 1 && periodNs === 0;
  });
  const isWidest = models.every(({ batch, periodNs }, at) => {
    return batch === section.models[at]?.variants[0]?.runs.at(-1)?.batch && periodNs === 0;
  });
  return brokenChecks([
    [
      name === "fifo" && !(isInTurns && inFlight === 1),
      `${place} is named "fifo", but has more than one request in flight, or waits`,
    ],
    [
      name === "greedy" && !isWidest,
      `${place} is named "greedy", but has not the largest batches, or waits`,
    ],
    [
      SCHEDULERS.includes(name) &&
        models.some(({ variant }, at) => {
          const own = section.models[at]?.variants.find((each) => each.name === variant);
          return own === undefined || !isNamed(own, name);
        }),
      `${place} is named "${name}", but has a model in another variant`,
    ],
    [
      (name === "merged") !== (window !== undefined),
      `${place}/window is of another policy than "merged", or missing there`,
    ],
  ]);
}

/**
 * Contradictions of the variants' names: on a GPU every way to make schedules is there once, in its order, by itself or with an
 * earlier one that is the same; only IOS may have none. On a CPU no variant has two names.
 */
export function variantNameProblems(
  { variants }: ArtifactServedModel,
  { device }: LauncherSection,
  place: string,
): readonly string[] {
  if (device.kind === "cpu") {
    return brokenChecks([
      [variants.some(({ also }) => also !== undefined), `${place}/variants has two names for one`],
    ]);
  }
  const first = variants.map(({ name }) => name);
  const all = variants.flatMap(({ name, also = [] }) => [name, ...also]);
  const known = SCHEDULES.filter((name) => name !== "ios" || all.includes(name));
  return brokenChecks([
    [
      !isSame(first, inOrder(first)) || !isSame(inOrder(all), known) || all.length !== known.length,
      `${place}/variants are not the ways to make schedules, each once and in their order`,
    ],
    [
      variants.some(
        ({ name, also }) =>
          also !== undefined &&
          (also.length === 0 || !isSame([name, ...also], inOrder([name, ...also]))),
      ),
      `${place}/variants has other names that are not of later ones, in their order`,
    ],
  ]);
}

function inOrder(names: readonly string[]): readonly string[] {
  return SCHEDULES.filter((name) => names.includes(name));
}

function hasName({ variants }: ArtifactServedModel, sought: string): boolean {
  return variants.some((variant) => isNamed(variant, sought));
}

function isNamed(
  { name, also = [] }: ArtifactServedModel["variants"][number],
  sought: string,
): boolean {
  return name === sought || also.includes(sought);
}
