/** The `launcher` section of an artifact: how a device serves requests for its models, and what was found out. */
import { shedShape } from "../arrivals/arrivals-format.js";
import { list, object, optional } from "../core/json-containers.js";
import { integer, number, oneOf, type Shape, text } from "../core/json-shape.js";
import { tagged } from "../core/json-tagged.js";
import {
  ABSENCE_REASONS,
  type AbsentPolicy,
  POLICY_NAMES,
} from "../schedule/serving/policy-names.js";
import type { ServiceRecord } from "../schedule/serving/service-record.js";
import { serviceRecordShape } from "../schedule/serving/service-record-format.js";
import { MOST_ACCELERATION } from "../schedule/serving/serving-limits.js";
import type { ServedSchedule } from "../schedule/serving/serving-model.js";
import {
  type ArtifactArrivals,
  type ArtifactShed,
  arrivalsShape,
  POSITIVE,
  type RegimePolicy,
  regimePolicyShape,
} from "./launcher-policies.js";
import { NANOSECONDS } from "./nanoseconds.js";
import { servedScheduleShape } from "./served-schedule.js";

/** What the tasks of all models share. */
export type ArtifactServingDevice =
  | {
      readonly kind: "gpu";
      readonly interference: {
        readonly arithmetic: number;
        readonly mixed: number;
        readonly bandwidth: number;
      };
      readonly memoryBytes?: number;
    }
  | {
      readonly kind: "cpu";
      readonly workers: number;
      readonly slowdown: readonly number[];
      readonly memoryBytes?: number;
    };

/** A task of one variant with one batch size. */
export interface ArtifactBatchRun {
  readonly batch: number;
  /** What it takes while it has the device to itself. */
  readonly aloneNs: number;
  /** Memory that each task in flight holds. */
  readonly workspaceBytes: number;
  /** Position in `schedules` of its model; absent: it was measured, and `stages` has what it does. */
  readonly schedule?: number;
  /** Stages at which its parts begin, of the schedule's simulation: ascending from 0; absent: it has no parts. */
  readonly pipeline?: readonly number[];
  /** Nanoseconds and busy threads of each stage; absent where there is a schedule. */
  readonly stages?: { readonly ns: readonly number[]; readonly threads: readonly number[] };
  /** Times that it takes longer while t threads are busy, its own among them: entry t - 1; absent: as the device says. */
  readonly contention?: readonly number[];
  /** What successive tasks took, by sessions ascending; absent: all take the same. */
  readonly records?: readonly ServiceRecord[];
}

/** A model with its requests and the ways to run it. */
export interface ArtifactServedModel {
  /** The name of its file, without folder and extension. */
  readonly model: string;
  readonly residentBytes: number;
  /** A request that takes longer is late. */
  readonly objectiveNs: number;
  readonly arrivals: ArtifactArrivals;
  /** Which requests are refused, as the arrivals declare; absent: they do not. */
  readonly shed?: ArtifactShed;
  readonly variants: readonly {
    readonly name: string;
    /** Names of further ways to make schedules, which make the same ones; absent: there are none. */
    readonly also?: readonly string[];
    /** By batch: ascending from 1. */
    readonly runs: readonly ArtifactBatchRun[];
    /** Requests per second with 1, 2, ... tasks of one request in flight and nothing else. Six digits. */
    readonly acceleration: readonly number[];
  }[];
  /** Operator schedules, each once. */
  readonly schedules: readonly ServedSchedule[];
}

/** Rates that a policy is for, and what was found out about them. */
export interface ArtifactRegime {
  /** Times the rates of the arrivals. */
  readonly scale: number;
  /** By model: requests per second in the long run. */
  readonly ratesPerSecond: readonly number[];
  /** No policy sustains more than `atMost` times these rates, as the prices of the resources prove. */
  readonly capacity: {
    readonly atMost: number;
    readonly prices: readonly { readonly resource: string; readonly price: number }[];
  };
  /** By model: which requests are refused. */
  readonly shed: readonly ArtifactShed[];
  /** The name of the policy to use. */
  readonly best: string;
  readonly policies: readonly RegimePolicy[];
  /** Of the names that every comparison has, those without a policy. */
  readonly absent: readonly AbsentPolicy[];
}

/** How requests for one or several models are served on one device. */
export interface LauncherSection {
  readonly device: ArtifactServingDevice;
  /** How long requests arrive in one sample. */
  readonly durationNs: number;
  /** Samples that the figures of policies are of; how many they are chosen on is another number for each. */
  readonly heldOutSamples: number;
  readonly models: readonly ArtifactServedModel[];
  /** By scale, ascending. */
  readonly regimes: readonly ArtifactRegime[];
}

const NS = NANOSECONDS;
const BYTES = integer(0);
const MAX_MODELS = 64;
const MAX_BATCHES = 32;
const MAX_VARIANTS = 100;
/** Most worker threads, and most threads of a task. */
const MAX_THREADS = 4096;
const LOSS = number(0, 1);

type DeviceOf<Kind extends ArtifactServingDevice["kind"]> = Extract<
  ArtifactServingDevice,
  { readonly kind: Kind }
>;

const MEMORY = optional(BYTES.describe("Memory of the device; absent: not known."));

const DEVICE: Shape<ArtifactServingDevice> = tagged<ArtifactServingDevice>("kind", {
  gpu: object<DeviceOf<"gpu">>({
    kind: oneOf("gpu"),
    interference: object<DeviceOf<"gpu">["interference"]>({
      arithmetic: LOSS,
      mixed: LOSS,
      bandwidth: LOSS,
    }).describe("What a task loses to each neighbor, as a share of its speed."),
    memoryBytes: MEMORY,
  }),
  cpu: object<DeviceOf<"cpu">>({
    kind: oneOf("cpu"),
    workers: integer(1, MAX_THREADS).describe("Threads that run at the same time."),
    slowdown: list(number(1), MAX_THREADS, 1).describe(
      "Times that work takes longer while k threads are busy: entry k - 1.",
    ),
    memoryBytes: MEMORY,
  }),
});

const RUN: Shape<ArtifactBatchRun> = object<ArtifactBatchRun>({
  batch: integer(1, 1024),
  aloneNs: NS.describe("While it has the device to itself."),
  workspaceBytes: BYTES.describe("Memory that each task in flight holds."),
  schedule: optional(
    integer(0, 10_000).describe("Position in schedules; absent: the stages were measured."),
  ),
  pipeline: optional(
    list(integer(0), 128, 2).describe(
      "Stages at which its parts begin, of the schedule's simulation: ascending from 0.",
    ),
  ),
  stages: optional(
    object<NonNullable<ArtifactBatchRun["stages"]>>({
      ns: list(POSITIVE, 100_000, 1),
      threads: list(number(0, MAX_THREADS), 100_000, 1),
    }).describe("Nanoseconds and busy threads of each stage; absent where there is a schedule."),
  ),
  contention: optional(
    list(number(1), MAX_THREADS, 1).describe(
      "Times that it takes longer while t threads are busy, its own among them: entry t - 1.",
    ),
  ),
  records: optional(
    list(serviceRecordShape, MAX_THREADS, 1).describe(
      "What successive tasks took, by sessions ascending; absent: all take the same.",
    ),
  ),
});

type Variant = ArtifactServedModel["variants"][number];

const MODEL: Shape<ArtifactServedModel> = object<ArtifactServedModel>({
  model: text().describe("The name of its file, without folder and extension."),
  residentBytes: BYTES.describe("Memory of its weights, held once."),
  objectiveNs: integer(1).describe("A request that takes longer is late."),
  arrivals: arrivalsShape,
  shed: optional(shedShape.describe("As the arrivals declare; absent: they do not.")),
  variants: list(
    object<Variant>({
      name: text(100),
      also: optional(
        list(text(100), MAX_VARIANTS, 1).describe(
          "Names of further ways to make schedules, which make the same ones for this model.",
        ),
      ),
      runs: list(RUN, MAX_BATCHES, 1),
      acceleration: list(number(0), MOST_ACCELERATION, MOST_ACCELERATION).describe(
        "Requests per second with 1, 2, ... tasks of one request in flight and nothing else.",
      ),
    }),
    MAX_VARIANTS,
    1,
  ).describe("Ways to run the model; in each, runs are by batch, ascending from 1."),
  schedules: list(servedScheduleShape, MAX_VARIANTS * MAX_BATCHES).describe(
    "Operator schedules of the runs, each once.",
  ),
});

type Capacity = ArtifactRegime["capacity"];

const REGIME: Shape<ArtifactRegime> = object<ArtifactRegime>({
  scale: number(1e-6, 1e6).describe("Times the rates of the arrivals."),
  ratesPerSecond: list(number(0), MAX_MODELS, 1).describe("By model, in the long run."),
  capacity: object<Capacity>({
    atMost: number(0).describe("No policy sustains more than so many times these rates."),
    prices: list(
      object<Capacity["prices"][number]>({ resource: text(), price: number(0) }),
      1000,
    ).describe("Prices of the device's resources, which prove it."),
  }),
  shed: list(shedShape, MAX_MODELS, 1).describe("By model: which requests are refused."),
  best: text(100).describe("The name of the policy to use."),
  policies: list(regimePolicyShape, 100, 1),
  absent: list(
    object<AbsentPolicy>({ policy: oneOf(...POLICY_NAMES), reason: oneOf(...ABSENCE_REASONS) }),
    POLICY_NAMES.length,
  ).describe("Policies that every comparison has, but for these, and why not."),
});

/** The form of `launcher` in an artifact. */
export const launcherSectionShape: Shape<LauncherSection> = object<LauncherSection>({
  device: DEVICE,
  durationNs: integer(1).describe("How long requests arrive in one sample."),
  heldOutSamples: integer(1, 100).describe("Samples that the figures of policies are of."),
  models: list(MODEL, MAX_MODELS, 1),
  regimes: list(REGIME, 100, 1).describe("By scale, ascending."),
})
  .describe("How requests for one or several models are served on one device.")
  .named("launcher");
