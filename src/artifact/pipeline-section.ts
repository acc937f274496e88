import { list, object, optional, unless } from "../core/json-containers.js";
import { custom, integer, number, oneOf, problem, type Shape, text } from "../core/json-shape.js";
import type { Json } from "../core/stable-json.js";
import type { Ratio } from "../schedule/max-cycle-ratio.js";
import { BOUND_KINDS, type BoundKind, type SearchStatus } from "../schedule/pipeline-outcome.js";
import type { Phase } from "../schedule/pipeline-schedule.js";
import { type PipelineRange, pipelineRangeShape } from "./pipeline-range.js";

/** What keeps the period from being shorter. */
export interface ArtifactPeriodBound {
  readonly kind: BoundKind;
  readonly device?: string;
  readonly blocks: readonly string[];
}

/** One device of a pipeline. */
export interface ArtifactPipelineDevice {
  readonly name: string;
  /** Time of one micro-batch. */
  readonly load: number;
  /** Highest memory of the whole schedule. */
  readonly peakMemory: number;
  /** Absent: no limit. */
  readonly memoryLimit?: number;
}

/** A stage: its place in the pipeline, and which blocks are its forward, backward and weight gradients. */
export interface ArtifactPipelineStage {
  /** Counted from 0, chain after chain, every stage behind those that send to it. */
  readonly stage: number;
  /** Stages of one chain depend on each other, however far. */
  readonly chain: number;
  /** How many stages with a lower number are on its first device. */
  readonly chunk: number;
  readonly devices: readonly string[];
  readonly forward: string;
  /** Absent: it has none. */
  readonly backward?: string;
  /** Absent: the backward computes both gradients. */
  readonly weight?: string;
}

/** One link of a pipeline. */
export interface ArtifactPipelineLink {
  readonly name: string;
  /** Time of one micro-batch. */
  readonly load: number;
}

/** Where a block of micro-batches `residue + q * j` stands: see `PeriodicSchedule`. */
export interface ArtifactRepetendEntry {
  readonly block: string;
  readonly residue: number;
  readonly offset: number;
  readonly shift: number;
}

/** One block of one micro-batch. */
export interface ArtifactInstance {
  readonly block: string;
  readonly microBatch: number;
  readonly start: number;
  readonly end: number;
  readonly phase: Phase;
}

/** The pipeline schedule of a placement, and how good it is. All times in the placement's unit. */
export interface PipelineSection {
  readonly algorithm: string;
  /** The placement itself, as a `top-compile/placement` document. */
  readonly placement: Json;
  readonly period: number;
  readonly microBatchesPerPeriod: number;
  readonly periodLowerBound: number;
  /** The bound for each micro-batch, with any number of them per period; absent in files of 0.1.0. */
  readonly boundEach?: Ratio;
  /** Nothing with up to so many micro-batches per period takes less for each, by search in full. */
  readonly leastUpTo?: number;
  readonly status: SearchStatus;
  readonly boundedBy: ArtifactPeriodBound;
  readonly microBatches: number;
  /** Most micro-batches begun and not finished. */
  readonly inFlight: number;
  readonly makespan: number;
  readonly makespanLowerBound: number;
  readonly makespanStatus: SearchStatus;
  /** Idle share of the time of devices that compute: per period, and from the first start to the last end. */
  readonly bubbleRate: { readonly steady: number; readonly whole: number };
  readonly devices: readonly ArtifactPipelineDevice[];
  /** Links that carry one transfer at a time; absent: there are none. */
  readonly links?: readonly ArtifactPipelineLink[];
  /** Absent in files of 0.1.0, and where some block is not the forward, backward or weight block of a stage. */
  readonly stages?: readonly ArtifactPipelineStage[];
  /** On GPUs: over the range of what is assumed of them; absent: nothing is, or the model is unknown. */
  readonly range?: PipelineRange;
  /**
   * Time at which the period that micro-batch 0 enters begins: the repetend repeats from there.
   * Instances outside the phase `repetend` may be earlier or later than it says.
   */
  readonly anchor: number;
  /** By residue, then block. */
  readonly repetend: readonly ArtifactRepetendEntry[];
  /** By start, then block, then micro-batch. */
  readonly instances: readonly ArtifactInstance[];
}

/** As many as a placement has blocks at most. */
const MAX_STAGES = 4096;

const NAME = text().named("pipelineName");
const TIME = integer(0).describe("In the time unit of the placement.").named("time");
const STATUS: Shape<SearchStatus> = oneOf("optimal", "bounded", "heuristic")
  .describe(
    "Optimal: the lower bound is reached; bounded: it is proved, but not reached; heuristic: nothing was tried to prove it.",
  )
  .named("status");

/** Any object: `readPlacement` judges it. */
const OBJECT: Shape<Json> = custom(
  (value, pointer, problems) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Json)
      : problem(problems, pointer, "must be an object"),
  { type: "object" },
);

const BOUND: Shape<ArtifactPeriodBound> = object<ArtifactPeriodBound>({
  kind: oneOf(...BOUND_KINDS),
  device: optional(NAME),
  blocks: list(NAME),
}).describe(
  "What keeps the period from being shorter. load: the blocks on the device take that long. recurrence: every two of the blocks share a device. memory: the blocks are pairs, one that takes memory on the device and one that gives it back. configurations: all that the pipeline can be doing. search: everything shorter was tried. See artifact-format.md.",
);

const DEVICE: Shape<ArtifactPipelineDevice> = object<ArtifactPipelineDevice>({
  name: NAME,
  load: TIME.describe("Time of one micro-batch, in the time unit of the placement."),
  peakMemory: integer().describe("Highest memory of the whole schedule."),
  memoryLimit: optional(integer(0).describe("Absent: no limit.")),
});

const STAGE: Shape<ArtifactPipelineStage> = object<ArtifactPipelineStage>({
  stage: integer(0).describe(
    "Counted from 0, chain after chain, every stage behind those that send to it.",
  ),
  chain: unless(0, integer(0).describe("Stages of one chain depend on each other.")),
  chunk: integer(0).describe("How many stages with a lower number are on its first device."),
  devices: list(NAME),
  forward: NAME,
  backward: optional(NAME.describe("Absent: the stage has none.")),
  weight: optional(NAME.describe("Absent: the backward computes both gradients.")),
}).describe("A stage of the pipeline, and which blocks are its own.");

const ENTRY: Shape<ArtifactRepetendEntry> = object<ArtifactRepetendEntry>({
  block: NAME,
  residue: optional(integer(0), 0),
  offset: TIME,
  shift: integer(0),
});

const INSTANCE: Shape<ArtifactInstance> = object<ArtifactInstance>({
  block: NAME,
  microBatch: integer(0),
  start: TIME,
  end: TIME,
  phase: oneOf("warmup", "repetend", "cooldown"),
});

/** The form of the `pipeline` section of an artifact. */
export const pipelineSectionShape: Shape<PipelineSection> = object<PipelineSection>({
  algorithm: text(100),
  placement: OBJECT.describe(
    "The placement: a top-compile/placement document (placement.schema.json).",
  ),
  period: integer(1),
  microBatchesPerPeriod: integer(1),
  periodLowerBound: TIME.describe("Of a period of as many micro-batches; whole units of time."),
  boundEach: optional(
    object<Ratio>({ numerator: integer(0), denominator: integer(1) }).describe(
      "No repeating schedule, with any number of micro-batches per period, takes less than this fraction for each. Absent in files of 0.1.0, whose optimal periods reach periodLowerBound.",
    ),
  ),
  leastUpTo: optional(
    integer(1).describe(
      "No repeating schedule with up to so many micro-batches per period takes less for each: by search in full.",
    ),
  ),
  status: STATUS,
  boundedBy: BOUND,
  microBatches: integer(1),
  inFlight: integer(1).describe("Most micro-batches begun and not finished."),
  makespan: TIME,
  makespanLowerBound: TIME,
  makespanStatus: STATUS,
  bubbleRate: object<PipelineSection["bubbleRate"]>({
    steady: number(0, 1),
    whole: number(0, 1),
  }).describe(
    "Idle share of the time of all devices that compute: per period, and from the first start to the last end.",
  ),
  devices: list(DEVICE),
  links: optional(
    list(object<ArtifactPipelineLink>({ name: NAME, load: TIME })).describe(
      "Links that carry one transfer at a time, and the time of one micro-batch on each.",
    ),
  ),
  stages: optional(
    list(STAGE, MAX_STAGES, 1).describe(
      "The stages, by number. Absent in files of 0.1.0, and where some block of the kinds forward, backward and weight belongs to no stage.",
    ),
  ),
  range: optional(pipelineRangeShape),
  anchor: integer().describe(
    "Micro-batch i = residue + microBatchesPerPeriod * j starts a block at anchor + offset + (j + shift) * period.",
  ),
  repetend: list(ENTRY),
  instances: list(INSTANCE),
})
  .writtenAs(withoutResidues)
  .describe("The pipeline schedule of a placement, and how good it is.")
  .named("pipeline");

/** Of one micro-batch a period, the residue is always 0 and is not written. */
function withoutResidues(section: PipelineSection): unknown {
  return section.microBatchesPerPeriod === 1
    ? { ...section, repetend: section.repetend.map(({ residue: _, ...entry }) => entry) }
    : section;
}
