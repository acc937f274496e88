/**
 * From a model to a placement: cut it into stages, put them on devices, and derive what every block
 * costs.
 *
 * A named shape serves as a seating plan: its forward blocks, in their order, say how many stages
 * there are and which devices each one has. Who waits for whom then comes from the model itself, so
 * that skip connections are kept. The cut balances the stages: a stage on several devices is as fast
 * as they are together, times the declared efficiency, and a device with several stages gives each
 * of them its part.
 */

import type { ArtifactStage } from "../../artifact/stages-section.js";
import type { Failure } from "../../core/failure.js";
import { present } from "../../core/invariant.js";
import { fail, ok, type Result } from "../../core/result.js";
import { contractGraph } from "../../ir/contract-graph.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import { type PartitionProblem, partitionProblemOf } from "../../partition/partition-problem.js";
import {
  type PartitionMethod,
  type PartitionOutcome,
  searchPartition,
} from "../../partition/search-partition.js";
import type { StagePartition } from "../../partition/stage-partition.js";
import { limitMemory } from "../../placement/limit-memory.js";
import { placementOfStages } from "../../placement/pipeline-of-stages.js";
import type { Placement } from "../../placement/placement.js";
import { buildShape } from "../../placement/shapes/build-shape.js";
import { type PipelineDevice, parseStageSpec } from "../../placement/stage-spec.js";
import { readText } from "../files.js";
import { assignOperators } from "./assign-operators.js";
import {
  costStages,
  inFlightOf,
  type ModelStage,
  memoryOf,
  type Seat,
  type SeatedPartition,
  type StageCostOptions,
  speedOf,
} from "./cost-stages.js";
import { deviceTooSmall, modelNotStatic } from "./failures.js";
import type { ModelCosts } from "./model-costs.js";

/** Where stages go. */
export type Layout =
  | ShapeLayout
  /** A `top-compile/stage-placement` file. */
  | { readonly kind: "file"; readonly path: string };

/** A named shape on these devices. */
export interface ShapeLayout {
  readonly kind: "shape";
  readonly shape: string;
  readonly devices: readonly PipelineDevice[];
  readonly chunks: number | undefined;
}

/** How a model becomes a placement. */
export interface PlaceOptions extends StageCostOptions {
  readonly layout: Layout;
  /** Replaces the memory of every device, in bytes. */
  readonly memoryBytes: number | undefined;
  /** Share of their speed that several devices reach together, where a block does not say. */
  readonly tensorEfficiency: number;
  readonly method: PartitionMethod;
  readonly seed: number;
}

/** A model on devices. */
export interface PlacedModel {
  readonly placement: Placement;
  readonly stages: readonly ModelStage[];
  readonly partition: StagePartition;
  /** Absent for a placement by hand. */
  readonly search: PartitionOutcome | undefined;
  readonly devices: readonly PipelineDevice[];
  /** What the user should know. */
  readonly notes: readonly string[];
}

/**
 * Places a model.
 *
 * Fails: `stages-not-static`; `shape-unknown`, `shape-option-invalid`; what reading and applying a
 * stage placement fails with; `more-stages-than-operators`, `stage-memory-infeasible`,
 * `stage-memory-not-met`; `device-memory-too-small`.
 */
export function placeModel(
  lowered: LoweredModel,
  costs: ModelCosts,
  asked: PlaceOptions,
): Result<PlacedModel> {
  const options = { ...asked, link: asked.link ?? costs.link };
  if (lowered.guessedLoops.length > 0) {
    return fail([modelNotStatic(lowered.model.path, lowered.guessedLoops)]);
  }
  const { layout } = options;
  const cut =
    layout.kind === "file"
      ? byHand(lowered, layout.path, options)
      : bySearch(lowered, costs, layout, options);
  if (!cut.ok) {
    return cut;
  }
  const { devices, seats, partition, search } = cut.value;
  const { stages, edges } = costStages(lowered, costs, options, cut.value);
  const small = devicesTooSmall(lowered.model.path, devices, stages);
  const [first, ...rest] = small;
  if (first !== undefined) {
    return fail([first, ...rest]);
  }
  const where = layout.kind === "file" ? layout.path : lowered.model.path;
  const placement = limitMemory(
    placementOfStages({
      devices,
      stages,
      edges,
      ...(options.training === undefined ? {} : { training: options.training }),
    }),
    where,
  );
  if (!placement.ok) {
    return placement;
  }
  const notes = notesOn(costs, partition, seats.length);
  return ok({ placement: placement.value, stages, partition, search, devices, notes });
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

interface Cut extends SeatedPartition {
  readonly search: PartitionOutcome | undefined;
}

function withMemory(devices: readonly PipelineDevice[], memoryBytes: number | undefined) {
  return memoryBytes === undefined
    ? devices
    : devices.map((device) => ({ ...device, memoryBytes }));
}

function byHand(lowered: LoweredModel, path: string, options: PlaceOptions): Result<Cut> {
  const { memoryBytes, tensorEfficiency } = options;
  const text = readText(path);
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
  return ok({ devices, seats, partition, search: undefined });
}

function bySearch(
  lowered: LoweredModel,
  costs: ModelCosts,
  layout: ShapeLayout,
  options: PlaceOptions,
): Result<Cut> {
  const { memoryBytes, tensorEfficiency, method, seed } = options;
  const devices = withMemory(layout.devices, memoryBytes);
  const seated = seatsOf(layout.shape, devices.length, layout.chunks, tensorEfficiency);
  if (!seated.ok) {
    return seated;
  }
  const { graph, unitOf } = contractGraph(lowered.graph, costs.groupOf);
  const unitNs = new Float64Array(graph.operators.length);
  unitOf.forEach((unit, operator) => {
    unitNs[unit] = (unitNs[unit] as number) + (costs.durationNs[operator] as number);
  });
  const found = searchPartition(
    partitionProblem(graph, unitNs, costs, options, { devices, seats: seated.value }),
    { method, seed },
  );
  if (!found.ok) {
    return found;
  }
  const { partition } = found.value;
  const stageOf = unitOf.map((unit) => partition.stageOf[unit] as number);
  return ok({
    devices,
    seats: seated.value,
    partition: { stageCount: partition.stageCount, stageOf },
    search: found.value,
  });
}

/** The forward blocks of a shape in their order. One device alone needs no shape. */
function seatsOf(
  shape: string,
  devices: number,
  chunks: number | undefined,
  tensorEfficiency: number,
): Result<readonly Seat[]> {
  if (devices === 1 && shape === "v") {
    return ok([{ id: "s0", devices: [0], efficiency: 1 }]);
  }
  const built = buildShape(shape, {
    devices,
    mode: "infer",
    ...(chunks === undefined ? {} : { chunks }),
  });
  if (!built.ok) {
    return built;
  }
  return ok(
    built.value.blocks
      .filter(({ kind }) => kind === "forward")
      .map((block, at) => ({
        id: `s${at}`,
        devices: block.devices,
        efficiency: tensorEfficiency,
      })),
  );
}

function partitionProblem(
  graph: LoweredModel["graph"],
  durationNs: Float64Array,
  costs: ModelCosts,
  options: PlaceOptions,
  { devices, seats }: Pick<Cut, "devices" | "seats">,
): PartitionProblem {
  const { training, link } = options;
  const busy = costs.slowdown(devices.length);
  const shared = devices.map(
    (_, device) => seats.filter((seat) => seat.devices.includes(device)).length,
  );
  return partitionProblemOf(
    graph,
    durationNs.map((ns) => Math.round(ns * busy)),
    {
      devices: seats.map((seat) => {
        const stagesHere = Math.max(...seat.devices.map((device) => shared[device] ?? 1));
        const least = Math.min(
          ...seat.devices.map((device) => devices[device]?.memoryBytes ?? Number.POSITIVE_INFINITY),
        );
        return {
          name: seat.id,
          speed: speedOf(seat, devices) / stagesHere,
          memoryBytes: Number.isFinite(least)
            ? Math.floor((least * seat.devices.length) / stagesHere)
            : undefined,
        };
      }),
      link: link ?? costs.receive,
      transfers: link === undefined ? "serial" : "overlapped",
      inFlight: inFlightOf(seats.length, options),
      memory: memoryOf(graph, training),
    },
  );
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

function notesOn(costs: ModelCosts, { stageOf }: StagePartition, stages: number): string[] {
  const stagesOfGroup = new Map<number, Set<number>>();
  costs.groupOf.forEach((group, operator) => {
    const known = stagesOfGroup.get(group) ?? new Set();
    stagesOfGroup.set(group, known.add(stageOf[operator] as number));
  });
  const torn = [...stagesOfGroup.values()].filter((known) => known.size > 1).length;
  return torn === 0 || stages === 1
    ? []
    : [
        `${torn} groups of operators that are fused in the whole model are cut apart: outputs may differ in their last bits`,
      ];
}
