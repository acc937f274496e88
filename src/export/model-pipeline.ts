/** A pipeline schedule of the stages of a model, as exports need it. */
import { basename } from "node:path";
import type { PipelineSection } from "../artifact/pipeline-section.js";
import { present } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import type { StagePartition } from "../partition/stage-partition.js";
import type { Block, Placement } from "../placement/placement.js";
import type { ExportSubject } from "./export-format.js";
import { stagesMissing } from "./failures.js";

/** A model in stages, each of which one block of the placement runs. */
export interface ModelPipeline {
  readonly lowered: LoweredModel;
  readonly partition: StagePartition;
  readonly placement: Placement;
  /** By stage: position of its block in the placement. */
  readonly blockOf: readonly number[];
  readonly section: Pick<PipelineSection, "instances" | "microBatches" | "inFlight">;
}

/** A stage by the name that its files have, and where it runs. */
export interface NamedStage {
  readonly id: string;
  readonly block: Block;
  /** Names of its devices. */
  readonly devices: readonly string[];
}

/** The stages in their order; `<id>.forward` is the block of stage `<id>`. */
export function namedStages({ placement, blockOf }: ModelPipeline): readonly NamedStage[] {
  return blockOf.map((at) => {
    const block = present(placement.blocks[at], "block");
    const devices = block.devices.map(
      (device) => present(placement.devices[device], "device").name,
    );
    return { id: block.id.replace(/\.forward$/, ""), block, devices };
  });
}

/** The pipeline of a subject with its model. Fails: `export-model-missing`. */
export function modelPipelineOf(
  { file, pipeline }: ExportSubject,
  format: string,
): Result<ModelPipeline> {
  const { placement, section, stages } = present(pipeline, "pipeline section");
  const isOfModel = placement.blocks.some(({ operators }) => operators.length > 0);
  return stages === undefined
    ? fail([stagesMissing(file, format, isOfModel)])
    : ok({ ...stages, placement, section });
}

/** The name of a model's file without its ending. */
export function stemOf({ model }: LoweredModel): string {
  return basename(model.path).replace(/\.onnx$/i, "");
}
