/** Contradictions of launchers that change their policy, and what they may choose. */
import type {
  ArtifactAdaptive,
  ArtifactKnobs,
  ArtifactLearnedModel,
  ArtifactReaction,
  ArtifactTableRow,
} from "../artifact/adaptive-policy.js";
import type { RegimePolicy } from "../artifact/launcher-policies.js";
import type { ArtifactServedModel, LauncherSection } from "../artifact/launcher-section.js";
import { brokenChecks, type Check } from "../core/checks.js";
import type { ModelReach } from "../schedule/serving/adaptive-memory.js";
import type { ServingModel } from "../schedule/serving/serving-model.js";
import { profileNs } from "../schedule/serving/task-profile.js";
import { parametersNeeded } from "./replay-launcher.js";

type Table = Extract<ArtifactAdaptive, { readonly kind: "regimes" }>;
type Networks = Extract<ArtifactAdaptive, { readonly kind: "learned" }>;

/** Contradictions inside how a policy changes, in words that begin with the place. */
export function adaptiveProblems(
  { adaptive, models }: Pick<RegimePolicy, "adaptive" | "models">,
  section: LauncherSection,
  ratesPerSecond: readonly number[],
  policyPlace: string,
): readonly string[] {
  const place = `${policyPlace}/adaptive`;
  if (adaptive === undefined) {
    return [];
  }
  switch (adaptive.kind) {
    case "regimes":
      return tableProblems(adaptive, section, place);
    case "reactive":
      return reactionProblems(adaptive.models, section, place);
    default:
      return networkProblems(adaptive, section, { ratesPerSecond, start: models }, place);
  }
}

function reactionProblems(
  reactions: readonly ArtifactReaction[],
  { models }: LauncherSection,
  place: string,
): string[] {
  if (reactions.length !== models.length) {
    return [`${place}/models are not those of /launcher`];
  }
  return reactions.flatMap(({ steps }, model) => {
    const own = `${place}/models/${model}/steps`;
    const served = models[model] as ArtifactServedModel;
    return [
      ...(isAscending(steps.map(({ waiting }) => waiting)) ? [] : [`${own} are not ascending`]),
      ...steps.flatMap((step, at) => knobProblems(step, served, `${own}/${at}`)),
    ];
  });
}

function tableProblems({ rows }: Table, { models }: LauncherSection, place: string): string[] {
  return rows.flatMap((row: ArtifactTableRow, at) => {
    const own = `${place}/rows/${at}`;
    if (row.models.length !== models.length || row.ratesPerSecond.length !== models.length) {
      return [`${own} is not of every model`];
    }
    return row.models.flatMap((knobs, model) =>
      knobProblems(knobs, models[model] as ArtifactServedModel, `${own}/models/${model}`),
    );
  });
}

function knobProblems(
  { variant, batch }: ArtifactKnobs,
  { variants }: ArtifactServedModel,
  place: string,
): string[] {
  const runs = variants.find(({ name }) => name === variant)?.runs;
  return brokenChecks([
    [runs === undefined, `${place}/variant is none of the model's`],
    [batch > (runs?.at(-1)?.batch ?? batch), `${place}/batch is larger than that of any run`],
  ]);
}

interface Origin {
  readonly ratesPerSecond: readonly number[];
  /** The policy from which the networks take steps. */
  readonly start: readonly ArtifactKnobs[];
}

function networkProblems(
  { models, hidden, launcher, scheduler }: Networks,
  section: LauncherSection,
  origin: Origin,
  place: string,
): string[] {
  if (models.length !== section.models.length) {
    return [`${place}/models are not those of /launcher`];
  }
  return [
    ...brokenChecks(
      (["launcher", "scheduler"] as const).map((agent): Check => {
        const text = agent === "launcher" ? launcher : scheduler;
        return [
          !isParameters(text, parametersNeeded(agent, hidden)),
          `${place}/${agent} are not the parameters of such a network`,
        ];
      }),
    ),
    ...models.flatMap((model, at) =>
      learnedModelProblems(model, section.models[at] as ArtifactServedModel, {
        place: `${place}/models/${at}`,
        rate: origin.ratesPerSecond[at] ?? 0,
        start: origin.start[at] as ArtifactKnobs,
      }),
    ),
  ];
}

/** Whether a text is that of so many parameters, written in the one way there is. */
function isParameters(text: string, count: number): boolean {
  const bytes = Buffer.from(text, "base64");
  return bytes.length === 2 * count && bytes.toString("base64") === text;
}

function learnedModelProblems(
  { ratePerSecond, periodShares, batches, concurrencies, start: at }: ArtifactLearnedModel,
  { variants }: ArtifactServedModel,
  origin: { readonly place: string; readonly rate: number; readonly start: ArtifactKnobs },
): string[] {
  const { place, rate, start } = origin;
  const most = Math.min(...variants.map(({ runs }) => runs.at(-1)?.batch ?? 0));
  const batch = batches[at.batch] ?? 0;
  const periodNs = Math.round(((periodShares[at.period] ?? 0) * batch * 1e9) / ratePerSecond);
  return brokenChecks([
    [ratePerSecond !== rate, `${place}/ratePerSecond is not that of the regime`],
    [!isAscending(periodShares), `${place}/periodShares are not ascending`],
    [!isAscending(batches), `${place}/batches are not ascending`],
    [!isAscending(concurrencies), `${place}/concurrencies are not ascending`],
    [(batches.at(-1) ?? 0) > most, `${place}/batches has more than some variant`],
    [
      variants[at.variant]?.name !== start.variant ||
        batch !== start.batch ||
        concurrencies[at.concurrency] !== start.concurrency ||
        periodNs !== start.periodNs,
      `${place}/start is not the policy that it begins with`,
    ],
  ]);
}

function isAscending(values: readonly number[]): boolean {
  return values.every((value, at) => at === 0 || value > (values[at - 1] ?? value));
}

/** A policy that changes. */
type ReachingPolicy = Pick<RegimePolicy, "models"> & { readonly adaptive: ArtifactAdaptive };

/** What a launcher may choose. Requires: variants that the models have. */
export function reachOfArtifact(
  { adaptive, ...policy }: ReachingPolicy,
  models: readonly ServingModel[],
): readonly ModelReach[] {
  return models.map(({ variants }, at): ModelReach => {
    if (adaptive.kind === "learned") {
      const { batches = [], concurrencies = [] } = adaptive.models[at] ?? {};
      return {
        batch: Math.max(...batches),
        concurrency: Math.max(...concurrencies),
        variants: [...variants.keys()],
      };
    }
    const own =
      adaptive.kind === "regimes"
        ? adaptive.rows.flatMap((row) => row.models[at] ?? [])
        : [...policy.models.slice(at, at + 1), ...(adaptive.models[at]?.steps ?? [])];
    const names = new Set(own.map(({ variant }) => variant));
    return {
      batch: Math.max(...own.map(({ batch }) => batch)),
      concurrency: Math.max(...own.map(({ concurrency }) => concurrency)),
      variants: [...variants.keys()].filter((number) => names.has(variants[number]?.name ?? "")),
    };
  });
}

/** Sums of stages may be rounded in another order. */
const ROUNDING = 1e-9;

/** Figures of models that do not follow from their profiles, in words that begin with the place. */
export function learnedFigureProblems(
  adaptive: ArtifactAdaptive | undefined,
  models: readonly ServingModel[],
  place: string,
): readonly string[] {
  if (adaptive?.kind !== "learned") {
    return [];
  }
  return adaptive.models.flatMap(({ aloneNs, shareNs }, at) => {
    const runs = (models[at]?.variants ?? []).flatMap((variant) => variant.runs);
    const alone = runs.filter(({ batch }) => batch === 1).map(({ profile }) => profileNs(profile));
    const shares = runs.map(({ batch, profile }) => profileNs(profile) / batch);
    return brokenChecks([
      [
        !isNear(aloneNs, Math.min(...alone)),
        `${place}/models/${at}/aloneNs is not that of any run`,
      ],
      [
        !isNear(shareNs, Math.min(...shares)),
        `${place}/models/${at}/shareNs is not that of any run`,
      ],
    ]);
  });
}

function isNear(recorded: number, found: number): boolean {
  return Math.abs(recorded - found) <= ROUNDING * found;
}
