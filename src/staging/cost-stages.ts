/** The costs of a partition's stages on their devices: time, memory, and transfers between them. */
import { present } from "../core/invariant.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { stageBorders } from "../onnx/stage-models.js";
import { transferNs } from "../partition/partition-problem.js";
import type { StagePartition } from "../partition/stage-partition.js";
import type { PlacedStage, StageEdge } from "../placement/pipeline-of-stages.js";
import type { PipelineDevice } from "../placement/stage-spec.js";
import type { Link, ModelCosts } from "./model-costs.js";
import { memoryOfModel, memoryOfStages } from "./stage-memory.js";
import {
  type LinkBound,
  type StageWork,
  type StretchedTimes,
  stageTimes,
  type TimeOptions,
  type TrainingRatios,
} from "./stage-times.js";

/** The devices that one stage runs on. */
export interface Seat {
  readonly id: string;
  readonly devices: readonly number[];
  readonly efficiency: number;
}

/** A stage of a placed model. */
export interface ModelStage extends PlacedStage {
  /** Bytes sent to other stages for one micro-batch. */
  readonly outputBytes: number;
}

/** Training, in multiples of the forward pass and of the weights. */
export interface TrainingOptions extends TrainingRatios {
  /** Copies of the parameters that are held: weights, gradients and the optimizer's state. */
  readonly parameterCopies: number;
}

/** Options that affect the costs of stages. */
export interface StageCostOptions {
  /** Absent: inference. */
  readonly training: TrainingOptions | undefined;
  /** If given, transfers overlap with computation, at these costs. */
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

/** Stages with their costs. */
export interface CostedStages {
  readonly stages: readonly ModelStage[];
  readonly edges: readonly StageEdge[];
  /** Devices that wait for their links. */
  readonly linkBound: readonly LinkBound[];
}

/**
 * The costs of every stage, and the dependencies between stages.
 *
 * Requires: a seat for each stage. Cost: O(operators + tensors).
 */
export function costStages(
  lowered: LoweredModel,
  costs: ModelCosts,
  options: StageCostOptions,
  seated: SeatedPartition,
): CostedStages {
  const { graph } = lowered;
  const { seats, partition } = seated;
  const { stageOf, stageCount } = partition;
  const { training } = options;
  const borders = stageBorders(lowered, stageOf, stageCount);
  const received = receivedBytes(lowered, partition);
  const { times, linkBound } = stageTimes(
    stageWork(received, operatorTimes(costs, seats), seated),
    timeOptions(costs, options),
  );
  const inFlight = inFlightOf(stageCount, options);
  const memory = memoryOfStages(
    memoryOfModel(lowered, training?.parameterCopies),
    stageOf,
    stageCount,
  );
  const stages = borders.map(({ operators, sends }, stage): ModelStage => {
    const seat = present(seats[stage], "seat");
    const { forwardNs, backwardNs, weightNs } = present(times[stage], "times");
    const needs = present(memory[stage], "memory");
    const arriving = total([...present(received[stage], "senders").values()].flat());
    const split = (bytes: number): number => Math.ceil(bytes / seat.devices.length);
    const isTrained = training !== undefined;
    return {
      id: seat.id,
      operators: operators.map((id) => present(graph.operators[id], "operator").name),
      devices: seat.devices,
      forwardNs,
      ...(backwardNs === undefined ? {} : { backwardNs }),
      ...(weightNs === undefined ? {} : { weightNs }),
      workspaceBytes: split(needs.workspaceBytes + (isTrained ? 0 : arriving)),
      keptBytes: isTrained ? split(needs.keptBytes + arriving) : 0,
      // In inference, tensors waiting to be read are counted with the parameters.
      parameterBytes: split(
        needs.parameterBytes + (isTrained ? 0 : ((inFlight[stage] ?? 1) - 1) * arriving),
      ),
      outputBytes: total(sends.map((id) => graph.tensors[id]?.bytes ?? 0)),
    };
  });
  return { stages, edges: edgesOf(received, times, costs, options, seats), linkBound };
}

/**
 * Integer nanoseconds of every operator on a device of speed 1, while all devices with a seat work.
 */
export function operatorTimes(costs: ModelCosts, seats: readonly Seat[]): Float64Array {
  const busy = costs.slowdown(new Set(seats.flatMap(({ devices }) => devices)).size);
  return costs.durationNs.map((ns) => Math.round(ns * busy));
}

/** The cost of every block and of its received bytes: by the user's link, or by the default one. */
export function timeOptions(
  { stageNs, receive }: ModelCosts,
  { training, link }: StageCostOptions,
): TimeOptions {
  return {
    blockNs: Math.round(stageNs),
    training,
    link: link ?? receive,
    transfers: link === undefined ? "serial" : "overlapped",
  };
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Whether two stages have the same devices, so that tensors between them need no transfer. */
function isLocal(seats: readonly Seat[], a: number, b: number): boolean {
  return seats[a]?.devices.join() === seats[b]?.devices.join();
}

function stageWork(
  received: readonly ReadonlyMap<number, readonly number[]>[],
  operatorNs: Float64Array,
  { devices, seats, partition }: SeatedPartition,
): readonly StageWork[] {
  const workNs = seats.map(() => 0);
  operatorNs.forEach((ns, operator) => {
    const stage = partition.stageOf[operator]!;
    workNs[stage] = (workNs[stage] ?? 0) + ns;
  });
  const sent: number[][] = seats.map(() => []);
  const came: number[][] = seats.map(() => []);
  received.forEach((senders, to) => {
    for (const [from, sizes] of senders) {
      if (!isLocal(seats, from, to)) {
        sent[from]?.push(...sizes);
        came[to]?.push(...sizes);
      }
    }
  });
  return seats.map((seat, stage) => ({
    devices: seat.devices,
    computeNs: (workNs[stage] ?? 0) / speedOf(seat, devices),
    receivedBytes: came[stage] ?? [],
    sentBytes: sent[stage] ?? [],
  }));
}

function edgesOf(
  received: readonly ReadonlyMap<number, readonly number[]>[],
  times: readonly StretchedTimes[],
  costs: ModelCosts,
  { link, training }: StageCostOptions,
  seats: readonly Seat[],
): readonly StageEdge[] {
  return received.flatMap((senders, to) =>
    [...senders].map(([from, sizes]): StageEdge => {
      if (isLocal(seats, from, to)) {
        return { from, to, latencyNs: 0 };
      }
      if (link === undefined) {
        return { from, to, latencyNs: Math.round(costs.signalNs) };
      }
      const transfer = transferNs({ link }, total(sizes));
      const later = (waitNs: number): number => Math.max(0, Math.round(transfer - waitNs));
      return {
        from,
        to,
        latencyNs: later(times[to]?.forwardWaitNs ?? 0),
        ...(training === undefined
          ? {}
          : { gradientLatencyNs: later(times[from]?.backwardWaitNs ?? 0) }),
      };
    }),
  );
}

/** For each stage the stages that it reads from, with the sizes of the tensors. */
function receivedBytes(
  { graph }: LoweredModel,
  { stageOf, stageCount }: StagePartition,
): readonly ReadonlyMap<number, readonly number[]>[] {
  const received = Array.from({ length: stageCount }, () => new Map<number, number[]>());
  for (const { producer, consumers, bytes } of graph.tensors) {
    if (producer === undefined) {
      continue;
    }
    const from = stageOf[producer]!;
    for (const to of new Set(consumers.map((consumer) => stageOf[consumer]!))) {
      const sizes = received[to]?.get(from) ?? [];
      if (to !== from) {
        sizes.push(bytes);
        received[to]?.set(from, sizes);
      }
    }
  }
  return received;
}

/**
 * Micro-batches in flight in each stage: in training a stage holds one until it comes back, and 1F1B
 * needs one per stage behind it; at most `most`.
 */
export function inFlightOf(
  stages: number,
  { training, microBatches }: StageCostOptions,
  most: number = Number.POSITIVE_INFINITY,
): number[] {
  return Array.from({ length: stages }, (_, stage) =>
    Math.min(microBatches, most, training === undefined ? 2 : stages - stage),
  );
}

/** The combined speed of a stage's devices; a single device needs no efficiency. */
export function speedOf(
  { devices: at, efficiency }: Seat,
  devices: readonly PipelineDevice[],
): number {
  const together = at.reduce((sum, device) => sum + (devices[device]?.speed ?? 1), 0);
  return at.length === 1 ? together : together * efficiency;
}
