/** Parts of the `launcher` section: requests, policies and how they do. */
import type { ArrivalProcess, ShedSpec } from "../arrivals/workload.js";
import { type Fields, list, object, optional } from "../core/json-containers.js";
import { integer, number, oneOf, type Shape, text, textLike } from "../core/json-shape.js";
import { tagged } from "../core/json-tagged.js";
import type { ServedSchedule } from "../schedule/serving/serving-model.js";
import { type ArtifactAdaptive, adaptiveShape } from "./adaptive-policy.js";
import { NANOSECONDS } from "./nanoseconds.js";
import { servedScheduleShape } from "./served-schedule.js";

/** How requests arrive at scale 1: as in a workload, a trace as a list. */
export type ArtifactArrivals =
  | Exclude<ArrivalProcess, { readonly kind: "trace" }>
  | { readonly kind: "trace"; readonly gapsNs: readonly number[] };

/** A mean over samples with its 95 % confidence interval: plus and minus `half`. Six digits. */
export interface ArtifactInterval {
  readonly mean: number;
  readonly half: number;
}

/** Figures of one model, of one sample or over samples. Six digits each. */
export interface ModelFigures<Figure> {
  /** Answers per second. */
  readonly throughput: Figure;
  /** Answers within the objective, per second. */
  readonly goodput: Figure;
  /** Shares of requests that are answered late, and that are refused. */
  readonly late: Figure;
  readonly shed: Figure;
  readonly p50Ns: Figure;
  readonly p99Ns: Figure;
  /** Requests per task. */
  readonly batch: Figure;
  /** Requests in the system, and their growth per second. */
  readonly backlog: Figure;
  readonly slope: Figure;
}

/** One sample. */
export interface SampleFigures {
  readonly cost: number;
  readonly models: readonly ModelFigures<number>[];
}

/** Figures over samples, and of each. */
export interface SampledFigures {
  readonly cost: ArtifactInterval;
  readonly models: readonly ModelFigures<ArtifactInterval>[];
  readonly samples: readonly SampleFigures[];
}

/** How the requests for one model are treated. */
export interface ArtifactModelPolicy {
  readonly model: string;
  readonly variant: string;
  readonly batch: number;
  readonly concurrency: number;
  readonly periodNs: number;
}

/** The variant of every model of a policy with a window: what runs is the schedule of the window. */
export const MERGED_VARIANT = "merged";

/** A window that the policy repeats. */
export interface ArtifactWindow {
  /** Least period: what the schedule takes. */
  readonly periodNs: number;
  /** No schedule of the same parts takes less. */
  readonly lowerBoundNs: number;
  readonly boundedBy: "critical-path" | "capacity" | "arithmetic" | "bandwidth";
  readonly status: "optimal" | "bounded";
  /** By model. */
  readonly tasks: readonly {
    readonly model: string;
    readonly batch: number;
    /** Windows that the task takes, a part in each. */
    readonly parts: number;
  }[];
  /** Operators as `task/part:operator`, both numbered from 0. */
  readonly schedule: ServedSchedule;
}

/** A policy for a regime, and how it does. */
export interface RegimePolicy {
  readonly name: string;
  /** Most tasks in flight, of all models together; absent: no limit but the models' own. */
  readonly inFlight?: number;
  /** What is done all the time, or at first. */
  readonly models: readonly ArtifactModelPolicy[];
  /** Tasks are launched together, in windows. */
  readonly window?: ArtifactWindow;
  /** How it changes from tick to tick; absent: it stays the same. */
  readonly adaptive?: ArtifactAdaptive;
  /** Of what was learned and its figures (`policyDigest`); absent: it stays the same. */
  readonly digest?: string;
  /** Memory that it may need. */
  readonly memoryBytes: number;
  /** On the samples by which the best policy is chosen, and on those that nothing was chosen by. */
  readonly validation: SampledFigures;
  readonly heldOut: SampledFigures;
}

/** A rule by which requests are refused, as in an arrivals file. */
export type ArtifactShed = ShedSpec;

/** A number above 0. */
export const POSITIVE: Shape<number> = number(Number.MIN_VALUE);

type ArrivalsOf<Kind extends ArtifactArrivals["kind"]> = Extract<
  ArtifactArrivals,
  { readonly kind: Kind }
>;

const RATE = number(0, 1e6);

/** The form of the requests for a model. */
export const arrivalsShape: Shape<ArtifactArrivals> = tagged<ArtifactArrivals>("kind", {
  constant: object<ArrivalsOf<"constant">>({
    kind: oneOf("constant"),
    ratePerSecond: POSITIVE,
  }),
  poisson: object<ArrivalsOf<"poisson">>({ kind: oneOf("poisson"), ratePerSecond: POSITIVE }),
  mmpp: object<ArrivalsOf<"mmpp">>({
    kind: oneOf("mmpp"),
    states: list(
      object<ArrivalsOf<"mmpp">["states"][number]>({
        ratePerSecond: RATE,
        meanNs: number(1),
      }),
      16,
      2,
    ),
  }),
  diurnal: object<ArrivalsOf<"diurnal">>({
    kind: oneOf("diurnal"),
    ratePerSecond: POSITIVE,
    swing: number(0, 1),
    periodNs: POSITIVE,
  }),
  trace: object<ArrivalsOf<"trace">>({
    kind: oneOf("trace"),
    gapsNs: list(NANOSECONDS, 20_000_000, 4),
  }),
}).describe("How requests arrive at scale 1, as in an arrivals file.");

const INTERVAL: Shape<ArtifactInterval> = object<ArtifactInterval>({
  mean: number(),
  half: number(0),
})
  .describe("Mean and half the width of the 95 % confidence interval, to six digits.")
  .named("interval");

function figuresShape<Figure>(figure: Shape<Figure>): Shape<ModelFigures<Figure>> {
  const fields = {
    throughput: figure,
    goodput: figure,
    late: figure,
    shed: figure,
    p50Ns: figure,
    p99Ns: figure,
    batch: figure,
    backlog: figure,
    slope: figure,
  };
  // That an unknown `Figure` is not `undefined` is not seen.
  return object<ModelFigures<Figure>>(fields as unknown as Fields<ModelFigures<Figure>>);
}

const MOST_MODELS = 64;
const MOST_SAMPLES = 100;
const FIGURES_OVER = figuresShape(INTERVAL).named("figuresOfSamples");
const SAMPLE: Shape<SampleFigures> = object<SampleFigures>({
  cost: number(0),
  models: list(figuresShape(number()).named("figures"), MOST_MODELS, 1),
}).named("sample");

const MODEL_POLICY: Shape<ArtifactModelPolicy> = object<ArtifactModelPolicy>({
  model: text(),
  variant: text(100),
  batch: integer(1, 1024).describe("Most requests in a task."),
  concurrency: integer(1, 128).describe("Most tasks of the model in flight."),
  periodNs: NANOSECONDS.describe("Least time from one launch to the next."),
});

function sampledShape(description: string): Shape<SampledFigures> {
  return object<SampledFigures>({
    cost: INTERVAL,
    models: list(FIGURES_OVER, MOST_MODELS, 1),
    samples: list(SAMPLE, MOST_SAMPLES, 1),
  }).describe(`${description} To six digits.`);
}

const WINDOW: Shape<ArtifactWindow> = object<ArtifactWindow>({
  periodNs: NANOSECONDS.describe("Least period: what the schedule takes."),
  lowerBoundNs: NANOSECONDS.describe("No schedule of the same parts takes less."),
  boundedBy: oneOf("critical-path", "capacity", "arithmetic", "bandwidth"),
  status: oneOf("optimal", "bounded"),
  tasks: list(
    object<ArtifactWindow["tasks"][number]>({
      model: text(),
      batch: integer(1, 1024),
      parts: integer(1, 1000).describe("Windows that the task takes, a part in each."),
    }),
    1000,
    1,
  ).describe("Tasks that every window launches, by model."),
  schedule: servedScheduleShape,
})
  .describe("The window that is repeated; operators are named task/part:operator, numbered from 0.")
  .named("window");

/** The form of a policy in a regime. */
export const regimePolicyShape: Shape<RegimePolicy> = object<RegimePolicy>({
  name: text(100),
  inFlight: optional(
    integer(1, 128).describe("Most tasks in flight, of all models; absent: no such limit."),
  ),
  models: list(MODEL_POLICY, MOST_MODELS, 1),
  window: optional(WINDOW),
  adaptive: optional(adaptiveShape),
  digest: optional(
    textLike(/^[0-9a-f]{64}$/, "must be 64 lower-case hexadecimal digits").describe(
      "Of a policy that changes: SHA-256 of what was learned with its figures (docs/artifact-format.md).",
    ),
  ),
  memoryBytes: integer(0).describe("Memory that it may need."),
  validation: sampledShape("Figures on the samples by which the best policy is chosen."),
  heldOut: sampledShape("Figures on samples that nothing was chosen by."),
});
