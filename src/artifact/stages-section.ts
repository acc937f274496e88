import { list, object } from "../core/json-containers.js";
import { integer, type Shape, text } from "../core/json-shape.js";

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

const STAGE: Shape<ArtifactStage> = object<ArtifactStage>({
  id: text().describe("Id of its forward block in the placement, without `.forward`."),
  devices: list(text(), 4096).describe("Names of devices of the placement."),
  operators: list(text(65_536)).describe("Names of its operators, in topological order."),
  durationNs: integer(1).describe(
    "Predicted forward pass of one micro-batch while all devices work.",
  ),
  parameterBytes: integer(0).describe(
    "Held on each of its devices at all times: parameters, and what waits to be read.",
  ),
  workspaceBytes: integer(0).describe("Held on each of its devices while it runs."),
  outputBytes: integer(0).describe("What it sends to other stages for one micro-batch."),
});

/** The form of the `stages` section of an artifact. */
export const stagesSectionShape: Shape<readonly ArtifactStage[]> = list(STAGE, 4096)
  .describe("The stages of a model, in an order in which everything is sent to later ones.")
  .named("stages");
