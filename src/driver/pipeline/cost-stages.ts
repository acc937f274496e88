/**
 * What the stages of a partition cost on their devices: time, memory, and what they wait for.
 */
import { present } from "../../core/invariant.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import { stageBorders } from "../../onnx/stage-models.js";
import { inferenceMemory, type OperatorMemory } from "../../partition/partition-problem.js";
import type { StagePartition } from "../../partition/stage-partition.js";
import type { PlacedStage, StageEdge, TrainingRatios } from "../../placement/pipeline-of-stages.js";
import type { PipelineDevice } from "../../placement/stage-spec.js";
import type { Link, ModelCosts } from "./model-costs.js";

/** Where one stage is to go. */
export interface Seat {
  readonly id: string;
  readonly devices: readonly number[];
  readonly efficiency: number;
}

/** A stage of a placed model. */
export interface ModelStage extends PlacedStage {
  /** What it sends to other stages for one micro-batch. */
  readonly outputBytes: number;
}

/** Training, in multiples of the forward pass and of the weights. */
export interface TrainingOptions extends TrainingRatios {
  /** Copies of the parameters that are held: weights, gradients and the optimiser's state. */
  readonly parameterCopies: number;
}

/** What changes the costs of stages. */
export interface StageCostOptions {
  /** Absent: inference. */
  readonly training: TrainingOptions | undefined;
  /** Given: transfers go beside the computation, at these costs. */
  readonly link: Link | undefined;
  readonly microBatches: number;
}

/** A partition and where its stages go. */
export interface SeatedPartition {
  readonly devices: readonly PipelineDevice[];
  /** By stage. */
  readonly seats: readonly Seat[];
  readonly partition: StagePartition;
}

/**
 * What every stage costs, and what stages wait for.
 *
 * Requires: a seat for each stage. Cost: O(operators + tensors).
 */
export function costStages(
  lowered: LoweredModel,
  costs: ModelCosts,
  options: StageCostOptions,
  { devices, seats, partition }: SeatedPartition,
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
    const senders = [...(received[stage] ?? new Map<number, number[]>())];
    const from = senders.flatMap(([, sizes]) => sizes);
    // What a stage of the same devices made is there already.
    const remote = senders.flatMap(([sender, sizes]) =>
      seats[sender]?.devices.join() === seat.devices.join() ? [] : sizes,
    );
    const receiveNs =
      link === undefined
        ? remote.reduce((total, bytes) => total + transferNs(costs.receive, bytes), 0)
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

/**
 * Micro-batches in flight in each stage: in training a stage holds one until it comes back, and 1F1B
 * needs one per stage behind it.
 */
export function inFlightOf(stages: number, { training, microBatches }: StageCostOptions): number[] {
  return Array.from({ length: stages }, (_, stage) =>
    Math.min(microBatches, training === undefined ? 2 : stages - stage),
  );
}

/** What operators need of memory: as for inference, in training with activations kept and more copies of weights. */
export function memoryOf(
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
export function speedOf(
  { devices: at, efficiency }: Seat,
  devices: readonly PipelineDevice[],
): number {
  const together = at.reduce((sum, device) => sum + (devices[device]?.speed ?? 1), 0);
  return at.length === 1 ? together : together * efficiency;
}
