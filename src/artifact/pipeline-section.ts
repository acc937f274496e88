import { list, object, optional, unless } from "../core/json-containers.js";
import {
  custom,
  integer,
  type JsonProblem,
  number,
  oneOf,
  problem,
  Shape,
  text,
} from "../core/json-shape.js";
import type { Json } from "../core/stable-json.js";
import type { Ratio } from "../schedule/max-cycle-ratio.js";
import type { Objective } from "../schedule/pipeline-objectives.js";
import { BOUND_KINDS, type BoundKind, type SearchStatus } from "../schedule/pipeline-outcome.js";
import {
  type ArtifactBlockStarts,
  areTooMany,
  blockStartsOf,
  blockStartsShape,
  instancesOf,
  MOST_WRITTEN_INSTANCES,
} from "./block-starts.js";
import {
  type ArtifactInstance,
  type ArtifactRepetendEntry,
  instanceShape,
  pipelineNameShape,
  pipelineTimeShape,
  repetendEntryShape,
} from "./pipeline-instances.js";
import { type PipelineRange, pipelineRangeShape } from "./pipeline-range.js";

/** What keeps the period from being shorter. */
export interface ArtifactPeriodBound {
  readonly kind: BoundKind;
  readonly device?: string;
  readonly blocks: readonly string[];
  /** What a micro-batch of each loose part counts; absent: all is one part. */
  readonly weights?: readonly number[];
  /** Blocks over all devices whose time comes besides what bounds the others; absent: none. */
  readonly beside?: readonly string[];
}

/** What a whole schedule was to be least in, and how much it takes. */
export interface ArtifactObjective {
  readonly kind: Exclude<Objective, "makespan">;
  readonly value: number;
  /** No schedule takes less. */
  readonly lowerBound: number;
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
  /** Of the peak and the limit, held always; absent: nothing. */
  readonly reservedMemory?: number;
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
  /** What the whole schedule was to be least in; absent: the makespan. */
  readonly objective?: ArtifactObjective;
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
  /** They are written one by one although there are many of them. Not a field of the file. */
  readonly isWrittenOut?: true;
}

/** As many as a placement has blocks at most. */
const MAX_STAGES = 4096;

/** Blocks and transfers of a placement together are fewer. */
const MAX_ROWS = 1_000_000;

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
  device: optional(pipelineNameShape),
  blocks: list(pipelineNameShape),
  weights: optional(
    list(integer(0)).describe(
      "For configurations, where the placement has parts that nothing ties to each other: what a micro-batch of each counts, by first block, without a common factor.",
    ),
  ),
  beside: optional(
    list(pipelineNameShape).describe(
      "For memory and configurations: blocks that run on all devices and hold no memory. The reason is one of the other blocks, without latencies, and the time of these comes besides.",
    ),
  ),
}).describe(
  "What keeps the period from being shorter. load: the blocks on the device take that long. recurrence: every two of the blocks share a device. memory: the blocks are pairs, one that takes memory on the device and one that gives it back. loop: each of the blocks depends on the one before it, over earlier micro-batches. configurations: all that the pipeline can be doing. search: everything shorter was tried. See artifact-format.md.",
);

const DEVICE: Shape<ArtifactPipelineDevice> = object<ArtifactPipelineDevice>({
  name: pipelineNameShape,
  load: pipelineTimeShape.describe("Time of one micro-batch, in the time unit of the placement."),
  peakMemory: integer().describe("Highest memory of the whole schedule."),
  memoryLimit: optional(integer(0).describe("Absent: no limit.")),
  reservedMemory: optional(
    integer(1).describe("Of the highest memory and the limit, held always. Absent: nothing."),
  ),
});

const STAGE: Shape<ArtifactPipelineStage> = object<ArtifactPipelineStage>({
  stage: integer(0).describe(
    "Counted from 0, chain after chain, every stage behind those that send to it.",
  ),
  chain: unless(0, integer(0).describe("Stages of one chain depend on each other.")),
  chunk: integer(0).describe("How many stages with a lower number are on its first device."),
  devices: list(pipelineNameShape),
  forward: pipelineNameShape,
  backward: optional(pipelineNameShape.describe("Absent: the stage has none.")),
  weight: optional(pipelineNameShape.describe("Absent: the backward computes both gradients.")),
}).describe("A stage of the pipeline, and which blocks are its own.");

/** A section as it is written: instances one by one, or block by block. */
type WrittenSection = Omit<PipelineSection, "instances" | "isWrittenOut"> & {
  readonly instances?: readonly ArtifactInstance[];
  readonly starts?: readonly ArtifactBlockStarts[];
};

const WRITTEN: Shape<WrittenSection> = object<WrittenSection>({
  algorithm: text(100),
  placement: OBJECT.describe(
    "The placement: a top-compile/placement document (placement.schema.json).",
  ),
  period: integer(1),
  microBatchesPerPeriod: integer(1),
  periodLowerBound: pipelineTimeShape.describe(
    "Of a period of as many micro-batches; whole units of time.",
  ),
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
  makespan: pipelineTimeShape,
  makespanLowerBound: pipelineTimeShape,
  makespanStatus: STATUS,
  objective: optional(
    object<ArtifactObjective>({
      kind: oneOf("span", "bubble"),
      value: pipelineTimeShape,
      lowerBound: pipelineTimeShape,
    }).describe(
      "What the whole schedule was to be least in, where not in its makespan. span: the longest time from first start to last end of a device. bubble: idle time between these, of all devices together.",
    ),
  ),
  bubbleRate: object<PipelineSection["bubbleRate"]>({
    steady: number(0, 1),
    whole: number(0, 1),
  }).describe(
    "Idle share of the time of all devices that compute: per period, and from the first start to the last end.",
  ),
  devices: list(DEVICE),
  links: optional(
    list(
      object<ArtifactPipelineLink>({ name: pipelineNameShape, load: pipelineTimeShape }),
    ).describe("Links that carry one transfer at a time, and the time of one micro-batch on each."),
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
  repetend: list(repetendEntryShape),
  instances: optional(list(instanceShape)),
  starts: optional(
    list(blockStartsShape, MAX_ROWS).describe(
      "In the place of instances where there are many: when each block runs the micro-batches 0, 1, 2, ...",
    ),
  ),
}).writtenAs(withoutResidues);

/** The form of the `pipeline` section of an artifact. */
export const pipelineSectionShape: Shape<PipelineSection> = new Shape<PipelineSection>({
  read: (value, pointer, problems) => {
    const written = WRITTEN.read(value, pointer, problems);
    return written && withInstances(written, pointer, problems);
  },
  schema: (definitions) => ({
    ...WRITTEN.schema(definitions),
    oneOf: ["instances", "starts"].map((key) => ({ required: [key], properties: { [key]: true } })),
  }),
  ordered: (value) => WRITTEN.ordered(writtenSection(value as PipelineSection)),
})
  .describe("The pipeline schedule of a placement, and how good it is.")
  .named("pipeline");

/** A section that was read, with its instances one by one. */
function withInstances(
  { instances, starts, ...section }: WrittenSection,
  pointer: string,
  problems: JsonProblem[],
): PipelineSection | undefined {
  if ((instances === undefined) === (starts === undefined)) {
    return problem(problems, pointer, "must have instances or starts, one of the two");
  }
  if (starts !== undefined && areTooMany(starts)) {
    return problem(problems, `${pointer}/starts`, "stand for too many instances");
  }
  const isWrittenOut = instances !== undefined && instances.length > MOST_WRITTEN_INSTANCES;
  return {
    ...section,
    instances: instances ?? instancesOf(starts ?? [], section),
    ...(isWrittenOut ? { isWrittenOut } : {}),
  };
}

/** The section with every instance to be written, however many there are. */
export function writtenOut(section: PipelineSection): PipelineSection {
  return section.instances.length > MOST_WRITTEN_INSTANCES
    ? { ...section, isWrittenOut: true }
    : section;
}

/** A section as it is to be written. */
function writtenSection({ isWrittenOut, ...section }: PipelineSection): WrittenSection {
  const { instances, repetend } = section;
  if (isWrittenOut === true || instances.length <= MOST_WRITTEN_INSTANCES) {
    return section;
  }
  const blocks = repetend.flatMap(({ block, residue }) => (residue === 0 ? [block] : []));
  const starts = blockStartsOf(instances, blocks);
  if (starts === undefined) {
    return section;
  }
  const { instances: _, ...rest } = section;
  return { ...rest, starts };
}

/** Of one micro-batch a period, the residue is always 0 and is not written. */
function withoutResidues(section: WrittenSection): unknown {
  return section.microBatchesPerPeriod === 1
    ? { ...section, repetend: section.repetend.map(({ residue: _, ...entry }) => entry) }
    : section;
}
