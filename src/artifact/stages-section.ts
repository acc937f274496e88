import { integer, list, object, type Shape, text } from "../core/json-shape.js";
import type { Json } from "../core/stable-json.js";

/** One stage of a model: a convex part of it, and where it runs. */
export interface ArtifactStage {
  /** The id of its forward block in the placement, without `.forward`. */
  readonly id: string;
  /** Names of devices of the placement. */
  readonly devices: readonly string[];
  /** Names, in topological order. */
  readonly operators: readonly string[];
  /** Predicted forward pass of one micro-batch while all devices work. */
  readonly durationNs: number;
  /** Held on each of its devices at all times: parameters, and what waits to be read. */
  readonly parameterBytes: number;
  /** Held on each of its devices while it runs. */
  readonly workspaceBytes: number;
  /** What it sends to other stages for one micro-batch. */
  readonly outputBytes: number;
}

const NAME = text(65_536);

const STAGE: Shape<ArtifactStage> = object<ArtifactStage>({
  id: text(),
  devices: list(text(), 4096),
  operators: list(NAME),
  durationNs: integer(1),
  parameterBytes: integer(0),
  workspaceBytes: integer(0),
  outputBytes: integer(0),
});

/** Reads the `stages` section of an artifact. */
export const stagesSectionShape: Shape<readonly ArtifactStage[]> = list(STAGE, 4096);

/** The `stages` section with its keys in the order of the format. */
export function encodeStagesSection(stages: readonly ArtifactStage[]): Json {
  return stages.map((stage) => ({
    id: stage.id,
    devices: [...stage.devices],
    operators: [...stage.operators],
    durationNs: stage.durationNs,
    parameterBytes: stage.parameterBytes,
    workspaceBytes: stage.workspaceBytes,
    outputBytes: stage.outputBytes,
  }));
}
