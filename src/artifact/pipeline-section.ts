import {
  type Fields,
  integer,
  list,
  number,
  object,
  oneOf,
  optional,
  problem,
  type Shape,
  text,
} from "../core/json-shape.js";
import type { Json } from "../core/stable-json.js";
import type { SearchStatus } from "../schedule/pipeline-outcome.js";
import type { Phase } from "../schedule/pipeline-schedule.js";

/** What keeps the period from being shorter. */
export interface ArtifactPeriodBound {
  readonly kind: "load" | "recurrence" | "memory" | "search";
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
  readonly status: SearchStatus;
  readonly boundedBy: ArtifactPeriodBound;
  readonly microBatches: number;
  /** Most micro-batches begun and not finished. */
  readonly inFlight: number;
  readonly makespan: number;
  readonly makespanLowerBound: number;
  readonly makespanStatus: SearchStatus;
  /** Idle share of all devices' time: per period, and from the first start to the last end. */
  readonly bubbleRate: { readonly steady: number; readonly whole: number };
  readonly devices: readonly ArtifactPipelineDevice[];
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

const NAME = text();
const TIME = integer(0);
const STATUS: Shape<SearchStatus> = oneOf("optimal", "bounded", "heuristic");

/** Any object: `readPlacement` judges it. */
const OBJECT: Shape<Json> = (value, pointer, problems) =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Json)
    : problem(problems, pointer, "must be an object");

const FIELDS: Fields<PipelineSection> = {
  algorithm: text(100),
  placement: OBJECT,
  period: integer(1),
  microBatchesPerPeriod: integer(1),
  periodLowerBound: TIME,
  status: STATUS,
  boundedBy: object<ArtifactPeriodBound>({
    kind: oneOf("load", "recurrence", "memory", "search"),
    device: optional(NAME),
    blocks: list(NAME),
  }),
  microBatches: integer(1),
  inFlight: integer(1),
  makespan: TIME,
  makespanLowerBound: TIME,
  makespanStatus: STATUS,
  bubbleRate: object<PipelineSection["bubbleRate"]>({ steady: number(0, 1), whole: number(0, 1) }),
  devices: list(
    object<ArtifactPipelineDevice>({
      name: NAME,
      load: TIME,
      peakMemory: integer(),
      memoryLimit: optional(TIME),
    }),
  ),
  anchor: integer(),
  repetend: list(
    object<ArtifactRepetendEntry>({
      block: NAME,
      residue: optional(TIME, 0),
      offset: TIME,
      shift: TIME,
    }),
  ),
  instances: list(
    object<ArtifactInstance>({
      block: NAME,
      microBatch: TIME,
      start: TIME,
      end: TIME,
      phase: oneOf("warmup", "repetend", "cooldown"),
    }),
  ),
};

/** Reads the `pipeline` section of an artifact. */
export const pipelineSectionShape: Shape<PipelineSection> = object<PipelineSection>(FIELDS);

/** The `pipeline` section with its keys in the order of the format. */
export function encodePipelineSection(section: PipelineSection): Json {
  const { boundedBy, bubbleRate } = section;
  return {
    algorithm: section.algorithm,
    placement: section.placement,
    period: section.period,
    microBatchesPerPeriod: section.microBatchesPerPeriod,
    periodLowerBound: section.periodLowerBound,
    status: section.status,
    boundedBy: {
      kind: boundedBy.kind,
      device: boundedBy.device,
      blocks: [...boundedBy.blocks],
    },
    microBatches: section.microBatches,
    inFlight: section.inFlight,
    makespan: section.makespan,
    makespanLowerBound: section.makespanLowerBound,
    makespanStatus: section.makespanStatus,
    bubbleRate: { steady: bubbleRate.steady, whole: bubbleRate.whole },
    devices: section.devices.map(({ name, load, peakMemory, memoryLimit }) => ({
      name,
      load,
      peakMemory,
      memoryLimit,
    })),
    anchor: section.anchor,
    repetend: section.repetend.map(({ block, residue, offset, shift }) => ({
      block,
      residue: section.microBatchesPerPeriod === 1 ? undefined : residue,
      offset,
      shift,
    })),
    instances: section.instances.map(({ block, microBatch, start, end, phase }) => ({
      block,
      microBatch,
      start,
      end,
      phase,
    })),
  };
}
