/**
 * From a model to a placement: cut it into stages, put them on devices, and derive what every block
 * costs.
 *
 * A named shape serves as a seating plan: its forward blocks, in their order, define the number of
 * stages and the devices of each. The dependencies between stages come from the model itself, so that
 * skip connections are kept. The cut balances the stages: a stage on several devices has their combined
 * speed, times the declared efficiency, and the stages on one device share it.
 */

import type { ArtifactStage } from "../artifact/stages-section.js";
import type { Failure } from "../core/failure.js";
import { readText } from "../core/files.js";
import { counted, formatName, formatNs } from "../core/format.js";
import { present } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { checkSent, stageBorders } from "../onnx/stage-models.js";
import type { PartitionOutcome } from "../partition/search-partition.js";
import type { StagePartition } from "../partition/stage-partition.js";
import { limitMemory } from "../placement/limit-memory.js";
import { MAX_PLACEMENT_BYTES } from "../placement/parse-placement.js";
import { placementOfStages } from "../placement/pipeline-of-stages.js";
import type { Placement } from "../placement/placement.js";
import { type PipelineDevice, parseStageSpec } from "../placement/stage-spec.js";
import { assignOperators } from "./assign-operators.js";
import { costStages, type ModelStage, type Seat, type StageCostOptions } from "./cost-stages.js";
import { type Cut, type CutOptions, cutModel, type ShapeLayout } from "./cut-model.js";
import { deviceTooSmall, modelNotStatic } from "./failures.js";
import type { Link, ModelCosts } from "./model-costs.js";
import type { PartitionMeasure } from "./partition-measure.js";
import { linkBeside } from "./pipeline-usual.js";
import type { LinkBound } from "./stage-times.js";

/** The devices of the stages: by a named shape, or by hand. */
export type StageLayout =
  | ShapeLayout
  /** A `top-compile/stage-placement` file. */
  | { readonly kind: "file"; readonly path: string };

/** Options for making a placement from a model. */
export interface PlaceOptions extends Omit<CutOptions, "link"> {
  /** If given, even in part, transfers overlap with computation; missing parts have defaults. */
  readonly link: Partial<Link> | undefined;
  readonly layout: StageLayout;
  /** Replaces the memory of every device, in bytes. */
  readonly memoryBytes: number | undefined;
}

/** A model on devices. */
export interface PlacedModel {
  readonly placement: Placement;
  readonly stages: readonly ModelStage[];
  readonly partition: StagePartition;
  /** Absent for a placement by hand. */
  readonly search: PartitionOutcome | undefined;
  /** The objective of the partition search. */
  readonly measure: PartitionMeasure;
  readonly devices: readonly PipelineDevice[];
  /** By stage. */
  readonly seats: readonly Seat[];
  /** What the stages' costs were computed with. */
  readonly options: StageCostOptions;
  /** Notes for the user. */
  readonly notes: readonly string[];
}

/**
 * Places a model.
 *
 * Fails: `stages-not-static`; `stage-boundary-not-tensor`, `stage-boundary-element-type`; `shape-unknown`, `shape-option-invalid`;
 * what reading and applying a stage placement fails with; `more-stages-than-operators`,
 * `stage-memory-infeasible`, `stage-memory-not-met`; `device-memory-too-small`.
 */
export function placeModel(
  lowered: LoweredModel,
  costs: ModelCosts,
  asked: PlaceOptions,
): Result<PlacedModel> {
  const options = { ...asked, link: linkBeside(asked.link, costs) };
  if (lowered.guessedLoops.length > 0 && costs.device.source === "estimated") {
    return fail([modelNotStatic(lowered.model.path, lowered.guessedLoops)]);
  }
  const { layout } = options;
  const cut =
    layout.kind === "file"
      ? byHand(lowered, layout.path, options)
      : cutModel(lowered, costs, withMemoryOf(layout, options.memoryBytes), options);
  if (!cut.ok) {
    return cut;
  }
  const { devices, seats, partition, search } = cut.value;
  const { stageOf, stageCount } = partition;
  const sent = checkSent(lowered, stageBorders(lowered, stageOf, stageCount), costs.crosses);
  if (!sent.ok) {
    return sent;
  }
  const durationNs = layout.kind === "file" ? costs.timesIfCut?.(stageOf) : undefined;
  const timed = durationNs === undefined ? costs : { ...costs, durationNs };
  const { stages, edges, linkBound } = costStages(lowered, timed, options, cut.value);
  const small = devicesTooSmall(lowered.model.path, devices, stages);
  const [first, ...rest] = small;
  if (first !== undefined) {
    return fail([first, ...rest]);
  }
  const where = layout.kind === "file" ? layout.path : lowered.model.path;
  const placement = limitMemory(placementOfStages({ devices, stages, edges }), where);
  if (!placement.ok) {
    return placement;
  }
  const notes = [
    ...cut.value.notes,
    ...notesOnLinks(linkBound, devices),
    ...notesOnKernels(costs, partition, seats.length),
  ];
  const measure = {
    isPerDevice: devices.some(
      (_, device) => seats.filter((seat) => seat.devices.includes(device)).length > 1,
    ),
    isTraining: options.training !== undefined,
  };
  return ok({
    placement: placement.value,
    stages,
    partition,
    search,
    measure,
    devices,
    seats,
    options,
    notes,
  });
}

/** The `stages` section of an artifact. */
export function stagesOf({ stages, devices }: PlacedModel): readonly ArtifactStage[] {
  return stages.map((stage) => ({
    id: stage.id,
    devices: stage.devices.map((device) => devices[device]?.name ?? ""),
    operators: stage.operators,
    durationNs: stage.forwardNs,
    parameterBytes: stage.parameterBytes,
    workspaceBytes: stage.workspaceBytes,
    outputBytes: stage.outputBytes,
  }));
}

function withMemoryOf(layout: ShapeLayout, memoryBytes: number | undefined): ShapeLayout {
  return { ...layout, devices: withMemory(layout.devices, memoryBytes) };
}

function withMemory(devices: readonly PipelineDevice[], memoryBytes: number | undefined) {
  return memoryBytes === undefined
    ? devices
    : devices.map((device) => ({ ...device, memoryBytes }));
}

function byHand(lowered: LoweredModel, path: string, options: PlaceOptions): Result<Cut> {
  const { memoryBytes, tensorEfficiency } = options;
  const text = readText(path, MAX_PLACEMENT_BYTES);
  const spec = text.ok ? parseStageSpec(text.value, path) : text;
  if (!spec.ok) {
    return spec;
  }
  const assigned = assignOperators(lowered.graph, spec.value.blocks, path);
  if (!assigned.ok) {
    return assigned;
  }
  const seats = assigned.value.blockOf.map((at): Seat => {
    const { id, devices, efficiency } = present(spec.value.blocks[at], "block");
    return { id, devices, efficiency: efficiency ?? tensorEfficiency };
  });
  const { partition } = assigned.value;
  const devices = withMemory(spec.value.devices, memoryBytes);
  return ok({ devices, seats, partition, search: undefined, notes: [] });
}

/** Devices that have no room for all their stages' parameters and for one block. */
function devicesTooSmall(
  model: string,
  devices: readonly PipelineDevice[],
  stages: readonly ModelStage[],
): readonly Failure[] {
  return devices.flatMap(({ name, memoryBytes }, device) => {
    const here = stages.filter((stage) => stage.devices.includes(device));
    const parameters = here.reduce((sum, { parameterBytes }) => sum + parameterBytes, 0);
    const block = here.reduce(
      (most, { workspaceBytes, keptBytes }) => Math.max(most, workspaceBytes + keptBytes),
      0,
    );
    return memoryBytes === undefined || parameters + block <= memoryBytes
      ? []
      : [deviceTooSmall(model, name, { parameters, block, memory: memoryBytes })];
  });
}

function notesOnLinks(
  linkBound: readonly LinkBound[],
  devices: readonly PipelineDevice[],
): string[] {
  return linkBound.map(({ device, computeNs, linkNs }) => {
    const name = formatName(devices[device]?.name ?? "");
    const times = [linkNs, computeNs].map(formatNs);
    return `${name} receives for ${times[0]} per micro-batch and computes for ${times[1]}: its blocks last as long as its link is busy`;
  });
}

function notesOnKernels(costs: ModelCosts, { stageOf }: StagePartition, stages: number): string[] {
  const stagesOfGroup = new Map<number, Set<number>>();
  costs.groupOf.forEach((group, operator) => {
    const known = stagesOfGroup.get(group) ?? new Set();
    stagesOfGroup.set(group, known.add(stageOf[operator]!));
  });
  const torn = [...stagesOfGroup.values()].filter((known) => known.size > 1).length;
  return torn === 0 || stages === 1
    ? []
    : [
        `the cut goes through ${counted(torn, "group")} of operators that are fused in the whole model: outputs may differ in their last bits`,
        ...(costs.device.source === "measured"
          ? ["what such a group takes was measured as one, and stands whole in one of its stages"]
          : []),
      ];
}
