/**
 * Cuts a model by search: seats come from a named shape, and a partition balances them.
 *
 * The cut leaves room in every stage for as many micro-batches in flight as 1F1B has in training.
 * Fewer are possible, only slower: if no such cut fits, a quarter fewer are tried, and so on down to
 * one, and the pipeline search then finds what the memory allows. A device with several stages gives
 * each an equal part of its memory; if no cut fits that way, each may use all of it, and the placement
 * is checked as a whole.
 */
import type { Failures } from "../core/failure.js";
import { invariant, present } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import { type ContractedGraph, contractGraph } from "../ir/contract-graph.js";
import { keepTogether } from "../ir/keep-together.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import {
  type PartitionDevice,
  type PartitionProblem,
  partitionProblemOf,
} from "../partition/partition-problem.js";
import {
  type PartitionMethod,
  type PartitionOutcome,
  searchPartition,
} from "../partition/search-partition.js";
import { verifyStagePartition } from "../partition/stage-partition.js";
import { buildShape } from "../placement/shapes/build-shape.js";
import type { PipelineDevice } from "../placement/stage-spec.js";
import {
  inFlightOf,
  operatorTimes,
  type Seat,
  type SeatedPartition,
  type StageCostOptions,
  speedOf,
  timeOptions,
} from "./cost-stages.js";
import type { ModelCosts } from "./model-costs.js";
import { robustCut } from "./robust-cut.js";
import { memoryOfModel, memoryOfUnits } from "./stage-memory.js";
import { occupyingLink } from "./stage-times.js";

/** A named shape on these devices. */
export interface ShapeLayout {
  readonly kind: "shape";
  readonly shape: string;
  readonly devices: readonly PipelineDevice[];
  readonly chunks: number | undefined;
}

/** Options of a cut. */
export interface CutOptions extends StageCostOptions {
  /** Share of their speed that several devices reach together, where a block does not say. */
  readonly tensorEfficiency: number;
  readonly method: PartitionMethod;
  /** Rounds of further training of the network of `gpg`; default 0. */
  readonly fineTune: number | undefined;
  readonly seed: number;
}

/** A model in seats. */
export interface Cut extends SeatedPartition {
  /** Absent for a placement by hand. */
  readonly search: PartitionOutcome | undefined;
  /** Notes for the user. */
  readonly notes: readonly string[];
}

/** The memory limits of a cut. */
interface Room {
  /** Micro-batches in flight in a stage at most. */
  readonly inFlight: number;
  /** Whether stages of one device share its memory evenly; else each may use all of it. */
  readonly isShared: boolean;
}

/**
 * Cuts a model for the seats of a shape.
 *
 * Fails: `shape-unknown`, `shape-option-invalid`; `more-stages-than-operators`,
 * `stage-memory-infeasible`, `stage-memory-not-met`.
 */
export function cutModel(
  lowered: LoweredModel,
  costs: ModelCosts,
  { shape, devices, chunks }: ShapeLayout,
  options: CutOptions,
): Result<Cut> {
  const seated = seatsOf(shape, devices.length, chunks, options.tensorEfficiency);
  if (!seated.ok) {
    return seated;
  }
  const seats = seated.value;
  const contracted = contractGraph(lowered.graph, groupsOf(lowered, costs));
  const rooms = roomsFor(devices, seats, options);
  let failures: Failures | undefined;
  for (const room of rooms) {
    const problemOf = (times: Pick<ModelCosts, "durationNs">): PartitionProblem =>
      partitionProblem(lowered, contracted, { ...costs, ...times }, options, seating);
    const seating = { devices, seats, room };
    const found = searchPartition(problemOf(costs), options);
    if (found.ok) {
      const cases = (costs.cases?.() ?? []).map((each) => ({
        ...each,
        problem: problemOf(each),
        oneDeviceNs: each.durationNs.reduce((sum, ns) => sum + ns, 0),
      }));
      const cut = robustCut(found.value, cases, (problem) => searchPartition(problem, options));
      const { stageCount, stageOf: stageOfUnit } = cut.search.partition;
      const stageOf = contracted.unitOf.map((unit) => stageOfUnit[unit]!);
      const partition = { stageCount, stageOf };
      const [problem] = verifyStagePartition(lowered.graph, partition);
      invariant(problem === undefined, `the search of stages made a ${problem?.kind}`);
      const notes = room.inFlight < (rooms[0]?.inFlight ?? 0) ? [noteOn(room)] : [];
      const { search } = cut;
      return ok({ devices, seats, partition, search, notes: [...notes, ...cut.notes] });
    }
    if (found.error[0].code === "more-stages-than-operators") {
      return found;
    }
    failures = found.error;
  }
  return fail(present(failures, "a failed attempt"));
}

function noteOn({ inFlight }: Room): string {
  return `the memory does not hold as many micro-batches as 1F1B has in flight: the cut leaves room for ${inFlight} in each stage`;
}

/** A quarter less, and at least one. */
function fewer(inFlight: number): number {
  return inFlight - Math.max(1, inFlight >> 2);
}

/** The limits to try, those of the fastest pipelines first. */
function roomsFor(
  devices: readonly PipelineDevice[],
  seats: readonly Seat[],
  options: StageCostOptions,
): readonly Room[] {
  const most = Math.max(...inFlightOf(seats.length, options));
  const isLimited = devices.some(({ memoryBytes }) => memoryBytes !== undefined);
  const rooms: Room[] = [{ inFlight: most, isShared: true }];
  if (isLimited && options.training !== undefined) {
    for (let inFlight = fewer(most); inFlight >= 1; inFlight = fewer(inFlight)) {
      rooms.push({ inFlight, isShared: true });
    }
  }
  return isLimited && stagesPerDevice(devices, seats).some((stages) => stages > 1)
    ? [...rooms, { inFlight: rooms.at(-1)?.inFlight ?? most, isShared: false }]
    : rooms;
}

/**
 * Operators that must not be cut apart: those of one kernel, and those that hand each other sequences,
 * optional values or elements of a type that only go from operator to operator inside a stage.
 */
function groupsOf({ graph, types }: LoweredModel, { groupOf, crosses }: ModelCosts): Int32Array {
  return keepTogether(graph, groupOf, (tensor) => !types.has(tensor.name) || !crosses(tensor));
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

function stagesPerDevice(
  devices: readonly PipelineDevice[],
  seats: readonly Seat[],
): readonly number[] {
  return devices.map((_, device) => seats.filter((seat) => seat.devices.includes(device)).length);
}

interface Seating {
  readonly devices: readonly PipelineDevice[];
  readonly seats: readonly Seat[];
  readonly room: Room;
}

function partitionProblem(
  lowered: LoweredModel,
  { graph, unitOf }: ContractedGraph,
  costs: ModelCosts,
  options: StageCostOptions,
  { devices, seats, room }: Seating,
): PartitionProblem {
  const { blockNs, link, transfers } = timeOptions(costs, options);
  const perDevice = stagesPerDevice(devices, seats);
  const unitNs = new Float64Array(graph.operators.length);
  operatorTimes(costs, seats).forEach((ns, operator) => {
    const unit = unitOf[operator]!;
    unitNs[unit] = unitNs[unit]! + ns;
  });
  const memory = memoryOfModel(lowered, options.training?.parameterCopies);
  return {
    ...partitionProblemOf(graph, unitNs, {
      devices: seats.map((seat) => partitionDevice(seat, devices, perDevice, { blockNs, room })),
      link: occupyingLink({ link, transfers }),
      transfers,
      inFlight: inFlightOf(seats.length, options, room.inFlight),
      memory: memoryOfUnits(memory, graph, unitOf),
    }),
    seating: {
      devices: devices.length,
      stagesPerDevice: Math.max(
        ...seats.map((seat) => stagesBeside(seat, perDevice) / seat.devices.length),
      ),
      devicesPerStage: Math.max(...seats.map((seat) => seat.devices.length)),
    },
  };
}

/** Stages of the device of a stage that has most, itself included. */
function stagesBeside(seat: Seat, perDevice: readonly number[]): number {
  return Math.max(...seat.devices.map((device) => perDevice[device] ?? 1));
}

/**
 * The devices of a stage as one: with several stages on a device, the part of it that is this
 * one's.
 */
function partitionDevice(
  seat: Seat,
  devices: readonly PipelineDevice[],
  perDevice: readonly number[],
  { blockNs, room }: { readonly blockNs: number; readonly room: Room },
): PartitionDevice {
  const stagesHere = stagesBeside(seat, perDevice);
  const least = Math.min(
    ...seat.devices.map((device) => devices[device]?.memoryBytes ?? Number.POSITIVE_INFINITY),
  );
  const memory = (least * seat.devices.length) / (room.isShared ? stagesHere : 1);
  return {
    name: seat.id,
    speed: speedOf(seat, devices) / stagesHere,
    memoryBytes: Number.isFinite(least) ? Math.floor(memory) : undefined,
    fixedNs: blockNs * stagesHere,
  };
}
