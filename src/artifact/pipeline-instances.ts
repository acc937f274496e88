import { object, optional } from "../core/json-containers.js";
import { integer, oneOf, type Shape, text } from "../core/json-shape.js";
import type { Phase } from "../schedule/pipeline-schedule.js";

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

/** The form of a name in a pipeline. */
export const pipelineNameShape: Shape<string> = text().named("pipelineName");

/** The form of a time in a pipeline. */
export const pipelineTimeShape: Shape<number> = integer(0)
  .describe("In the time unit of the placement.")
  .named("time");

/** The form of an entry of the repetend. */
export const repetendEntryShape: Shape<ArtifactRepetendEntry> = object<ArtifactRepetendEntry>({
  block: pipelineNameShape,
  residue: optional(integer(0), 0),
  offset: pipelineTimeShape,
  shift: integer(0),
});

/** The form of an instance. */
export const instanceShape: Shape<ArtifactInstance> = object<ArtifactInstance>({
  block: pipelineNameShape,
  microBatch: integer(0),
  start: pipelineTimeShape,
  end: pipelineTimeShape,
  phase: oneOf("warmup", "repetend", "cooldown"),
});
