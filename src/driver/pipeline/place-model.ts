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
import { present } from "../../core/invariant.js";
import { fail, ok, type Result } from "../../core/result.js";
import { contractGraph } from "../../ir/contract-graph.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import { stageBorders } from "../../onnx/stage-models.js";
import {
  inferenceMemory,
  type OperatorMemory,
  type PartitionProblem,
  partitionProblemOf,
} from "../../partition/partition-problem.js";
import {
  type PartitionMethod,
  type PartitionOutcome,
  searchPartition,
} from "../../partition/search-partition.js";
import type { StagePartition } from "../../partition/stage-partition.js";
import { limitMemory } from "../../placement/limit-memory.js";
import {
  type PlacedStage,
  placementOfStages,
  type StageEdge,
  type TrainingRatios,
} from "../../placement/pipeline-of-stages.js";
import type { Placement } from "../../placement/placement.js";
import { buildShape } from "../../placement/shapes/build-shape.js";
import { type PipelineDevice, parseStageSpec } from "../../placement/stage-spec.js";
import { readText } from "../files.js";
import { assignOperators } from "./assign-operators.js";
import { modelNotStatic } from "./failures.js";
import type { Link, ModelCosts } from "./model-costs.js";

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
export interface PlaceOptions {
  readonly layout: Layout;
  /** Replaces the memory of every device, in bytes. */
  readonly memoryBytes: number | undefined;
  /** Absent: inference. */
  readonly training: TrainingOptions | undefined;
  /** Share of their speed that several devices reach together, where a block does not say. */
  readonly tensorEfficiency: number;
  /** Given: transfers go beside the computation, at these costs. */
  readonly link: Link | undefined;
  readonly method: PartitionMethod;
  readonly microBatches: number;
  readonly seed: number;
}

/** Training, in multiples of the forward pass and of the weights. */
export interface TrainingOptions extends TrainingRatios {
  /** Copies of the parameters that are held: weights, gradients and the optimiser's state. */
  readonly parameterCopies: number;
}

/** A stage of a placed model. */
export interface ModelStage extends PlacedStage {
  /** What it sends to other stages for one micro-batch. */
  readonly outputBytes: number;
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

/** Where one stage is to go. */
interface Seat {
  readonly id: string;
  readonly devices: readonly number[];
  readonly efficiency: number;
}

/**
 * Places a model.
 *
 * Fails: `stages-not-static`; `shape-unknown`, `shape-option-invalid`; what reading and applying a
 * stage placement fails with; `more-stages-than-operators`, `stage-memory-infeasible`,
 * `stage-memory-not-met`; `block-too-large`.
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

interface Cut {
  readonly devices: readonly PipelineDevice[];
  readonly seats: readonly Seat[];
  readonly partition: StagePartition;
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

/** In training a stage holds a micro-batch until it comes back; 1F1B needs one per stage behind it. */
function inFlightOf(stages: number, { training, microBatches }: PlaceOptions): number[] {
  return Array.from({ length: stages }, (_, stage) =>
    Math.min(microBatches, training === undefined ? 2 : stages - stage),
  );
}

function memoryOf(
  graph: LoweredModel["graph"],
  training: TrainingOptions | undefined,
): OperatorMemory {
  const inference = inferenceMemory(graph);
  if (training === undefined) {
    return inference;
  }
  return {
    parameterBytes: inference.parameterBytes.map((bytes) => bytes * training.parameterCopies),
    keptBytes: Float64Array.from(graph.operators, ({ work }) => work.bytesWritten),
    workspaceBytes: inference.workspaceBytes,
  };
}

/** How fast the devices of a stage are together; a single one needs no efficiency. */
function speedOf({ devices: at, efficiency }: Seat, devices: readonly PipelineDevice[]): number {
  const together = at.reduce((sum, device) => sum + (devices[device]?.speed ?? 1), 0);
  return at.length === 1 ? together : together * efficiency;
}

function costStages(
  lowered: LoweredModel,
  costs: ModelCosts,
  options: PlaceOptions,
  { devices, seats, partition }: Cut,
): { readonly stages: readonly ModelStage[]; readonly edges: readonly StageEdge[] } {
  const { graph } = lowered;
  const { stageOf, stageCount } = partition;
  const { link, training } = options;
  const memory = memoryOf(graph, training);
  const borders = stageBorders(lowered, stageOf, stageCount);
  const received = receivedBytes(lowered, partition);
  const busy = costs.slowdown(devices.length);
  const inFlight = inFlightOf(stageCount, options);
  const stages = borders.map(({ operators, sends }, stage): ModelStage => {
    const seat = present(seats[stage], "seat");
    const sum = (values: Float64Array): number =>
      operators.reduce((total, id) => total + (values[id] as number), 0);
    const from = [...(received[stage] ?? new Map<number, number[]>()).values()].flat();
    const receiveNs =
      link === undefined
        ? from.reduce((total, bytes) => total + transferNs(costs.receive, bytes), 0)
        : 0;
    const computeNs = (sum(costs.durationNs) * busy) / speedOf(seat, devices);
    const receivedTotal = from.reduce((total, bytes) => total + bytes, 0);
    const workspace = operators.reduce(
      (most, id) => Math.max(most, memory.workspaceBytes[id] as number),
      0,
    );
    const split = seat.devices.length;
    const waiting = training === undefined ? ((inFlight[stage] ?? 1) - 1) * receivedTotal : 0;
    const kept = training === undefined ? 0 : sum(memory.keptBytes) + receivedTotal;
    return {
      id: seat.id,
      operators: operators.map((id) => present(graph.operators[id], "operator").name),
      devices: seat.devices,
      forwardNs: Math.max(1, Math.round(costs.stageNs + receiveNs + computeNs)),
      workspaceBytes: Math.ceil((workspace + receivedTotal) / split),
      keptBytes: Math.ceil(kept / split),
      parameterBytes: Math.ceil((sum(memory.parameterBytes) + waiting) / split),
      outputBytes: sends.reduce((total, id) => total + (graph.tensors[id]?.bytes ?? 0), 0),
    };
  });
  const edges = received.flatMap((senders, to) =>
    [...senders].map(([from, sizes]): StageEdge => {
      const [a, b] = [present(seats[from], "seat"), present(seats[to], "seat")];
      const isLocal = a.devices.join() === b.devices.join();
      const bytes = sizes.reduce((total, each) => total + each, 0);
      const latencyNs = link === undefined ? costs.signalNs : transferNs(link, bytes);
      return { from, to, latencyNs: isLocal ? 0 : Math.round(latencyNs) };
    }),
  );
  return { stages, edges };
}

/** For each stage the stages that it reads from, with the sizes of the tensors. */
function receivedBytes(
  { graph }: LoweredModel,
  { stageOf, stageCount }: StagePartition,
): readonly Map<number, number[]>[] {
  const received = Array.from({ length: stageCount }, () => new Map<number, number[]>());
  for (const { producer, consumers, bytes } of graph.tensors) {
    if (producer === undefined) {
      continue;
    }
    const from = stageOf[producer] as number;
    for (const to of new Set(consumers.map((consumer) => stageOf[consumer] as number))) {
      if (to !== from) {
        received[to]?.set(from, [...(received[to]?.get(from) ?? []), bytes]);
      }
    }
  }
  return received;
}

function transferNs({ bytesPerSecond, latencyNs }: Link, bytes: number): number {
  return latencyNs + (bytes / bytesPerSecond) * 1e9;
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
