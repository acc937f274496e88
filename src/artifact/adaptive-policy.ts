/** Launchers that change their policy, as artifacts record them: tables of regimes, and networks. */
import { list, object } from "../core/json-containers.js";
import { integer, number, oneOf, type Shape, text } from "../core/json-shape.js";
import { tagged } from "../core/json-tagged.js";
import { NANOSECONDS } from "./nanoseconds.js";

/** What is done about one model. */
export interface ArtifactKnobs {
  readonly variant: string;
  readonly batch: number;
  readonly concurrency: number;
  readonly periodNs: number;
}

/** A row of a table: what is done about every model where the observed rates are nearest to these. */
export interface ArtifactTableRow {
  /** By model, as the policies are. */
  readonly ratesPerSecond: readonly number[];
  readonly models: readonly ArtifactKnobs[];
}

/** What networks know of a model, and what they may choose for it. */
export interface ArtifactLearnedModel {
  readonly ratePerSecond: number;
  readonly aloneNs: number;
  readonly shareNs: number;
  /** Periods as shares of the time in which a batch arrives. */
  readonly periodShares: readonly number[];
  readonly batches: readonly number[];
  readonly concurrencies: readonly number[];
  /** Positions in the levels, and of the variant among the model's. */
  readonly start: {
    readonly period: number;
    readonly batch: number;
    readonly concurrency: number;
    readonly variant: number;
  };
}

/** What is done about a model from a number of waiting requests on. */
export interface ArtifactReactionStep extends ArtifactKnobs {
  readonly waiting: number;
}

/** How launches of a model follow what waits; with few waiting requests the knobs of the policy itself hold. */
export interface ArtifactReaction {
  readonly steps: readonly ArtifactReactionStep[];
  readonly fill: number;
  readonly dueNs: number;
  readonly atLeast: number;
  readonly busy: number;
  readonly holdNs: number;
}

/** How a policy changes: from tick to tick, or at every launch. */
export type ArtifactAdaptive =
  | { readonly kind: "reactive"; readonly models: readonly ArtifactReaction[] }
  | {
      readonly kind: "regimes";
      readonly tickNs: number;
      readonly rows: readonly ArtifactTableRow[];
    }
  | {
      readonly kind: "learned";
      readonly tickNs: number;
      /** Width of the networks' hidden layer. */
      readonly hidden: number;
      readonly models: readonly ArtifactLearnedModel[];
      /** Parameters: 16-bit numbers, little-endian, in base64; 4096 is 1. */
      readonly launcher: string;
      readonly scheduler: string;
    };

type AdaptiveOf<Kind extends ArtifactAdaptive["kind"]> = Extract<
  ArtifactAdaptive,
  { readonly kind: Kind }
>;

const MOST_MODELS = 64;
const MOST_LEVELS = 32;
const BATCH = integer(1, 1024);
const CONCURRENCY = integer(1, 128);
const LEVEL = integer(0, 100);
const PARAMETERS = text(1_000_000);
const TICK = integer(1).describe("Nanoseconds from one look at the server to the next.");

const KNOBS: Shape<ArtifactKnobs> = object<ArtifactKnobs>({
  variant: text(100),
  batch: BATCH,
  concurrency: CONCURRENCY,
  periodNs: NANOSECONDS,
}).named("knobs");

const LEARNED_MODEL: Shape<ArtifactLearnedModel> = object<ArtifactLearnedModel>({
  ratePerSecond: number(Number.MIN_VALUE).describe("In the long run."),
  aloneNs: number(0).describe("A request alone in the fastest variant."),
  shareNs: number(0).describe("Least time per request of any variant and batch, alone."),
  periodShares: list(number(0), MOST_LEVELS, 1).describe(
    "Periods that may be chosen, over the time in which a batch arrives: ascending.",
  ),
  batches: list(BATCH, MOST_LEVELS, 1),
  concurrencies: list(CONCURRENCY, MOST_LEVELS, 1),
  start: object<ArtifactLearnedModel["start"]>({
    period: LEVEL,
    batch: LEVEL,
    concurrency: LEVEL,
    variant: LEVEL,
  }).describe("Positions from which the networks take steps."),
});

const REACTION: Shape<ArtifactReaction> = object<ArtifactReaction>({
  steps: list(
    object<ArtifactReactionStep>({
      waiting: integer(2, 1_000_000).describe("From so many waiting requests on."),
      variant: text(100),
      batch: BATCH,
      concurrency: CONCURRENCY,
      periodNs: NANOSECONDS,
    }),
    MOST_LEVELS,
  ).describe("By waiting, ascending: the last that is reached holds instead of the policy's own."),
  fill: number(0, 1).describe(
    "Share of a batch that must be filled for it to be taken rather than a smaller one.",
  ),
  dueNs: NANOSECONDS.describe("Added to arrivals when the model whose turn it is is chosen."),
  atLeast: integer(1, 1_000_000).describe("With fewer waiting requests a task is held:"),
  busy: integer(0, 128).describe("while so many tasks or more are in flight,"),
  holdNs: NANOSECONDS.describe("until the first request has waited that long."),
}).named("reaction");

/** The form of how a policy changes. */
export const adaptiveShape: Shape<ArtifactAdaptive> = tagged<ArtifactAdaptive>("kind", {
  reactive: object<AdaptiveOf<"reactive">>({
    kind: oneOf("reactive"),
    models: list(REACTION, MOST_MODELS, 1),
  }),
  regimes: object<AdaptiveOf<"regimes">>({
    kind: oneOf("regimes"),
    tickNs: TICK,
    rows: list(
      object<ArtifactTableRow>({
        ratesPerSecond: list(number(0), MOST_MODELS, 1),
        models: list(KNOBS, MOST_MODELS, 1),
      }),
      100,
      1,
    ).describe("The row whose rates are nearest to the observed ones holds until the next look."),
  }),
  learned: object<AdaptiveOf<"learned">>({
    kind: oneOf("learned"),
    tickNs: TICK,
    hidden: integer(1, 1024).describe("Width of the networks' hidden layer."),
    models: list(LEARNED_MODEL, MOST_MODELS, 1),
    launcher: PARAMETERS.describe(
      "Parameters that choose period, batch and concurrency: 16-bit numbers in base64, 4096 is 1.",
    ),
    scheduler: PARAMETERS.describe("Parameters that choose the variant."),
  }),
}).describe("How the policy changes as time goes on (docs/launcher.md).");
