import type { FoundPartition } from "./found-partition.js";
import type { PartitionGraph } from "./partition-graph.js";
import { computeTimeNs, stageMemoryBytes, stageTimeNs } from "./stage-formula.js";

/**
 * The best of all partitions, with proof, for models small enough.
 *
 * Operators get their stages one by one, in topological order; each can go to the stage of its
 * latest predecessor or any later one, so every valid partition is met once. A branch is left as
 * soon as a stage takes as long as the best partition known, or exceeds its memory, or the work
 * that is left does not fit into what the stages have left below that period.
 *
 * Example: durations 3 3 2 2 2 without edges, two stages, best known 7. 3 3 in one stage leaves
 * room for 0 there and 6 in the other: 2 2 2 just fits, and 6 is the new best; from there on the 12
 * units of work do not fit twice below 6, and the search ends without trying anything else.
 */

/** The result of the search. */
export interface ExhaustiveOutcome {
  /** Better than what was known; `undefined` when nothing is. */
  readonly found: FoundPartition | undefined;
  /** Whether everything was tried or ruled out: what is known and found is then the best. */
  readonly isComplete: boolean;
}

/** Deeper than this, recursion and hope both end. */
const MOST_OPERATORS = 1000;

/**
 * The best partition into `stages` stages with a period below `belowNs`, within `maxNodes`
 * assignments of an operator to a stage.
 *
 * Order: among equal periods, the partition whose operators are in the earliest stages, by id.
 */
export function exhaustivePartition(
  graph: PartitionGraph,
  stages: number,
  belowNs: number,
  maxNodes: number,
): ExhaustiveOutcome {
  const { operators } = graph;
  if (operators > MOST_OPERATORS) {
    return { found: undefined, isComplete: false };
  }
  const tally = stageTally(graph, stages);
  const stageOf = new Int32Array(operators);
  let best: Int32Array | undefined;
  let bestNs = belowNs;
  let left = graph.totalNs;
  let [nodes, empty] = [0, stages];

  function assign(operator: number): void {
    if (operator === operators) {
      best = stageOf.slice();
      bestNs = tally.periodNs();
      return;
    }
    const duration = graph.durationNs[operator]!;
    for (let stage = earliest(graph, stageOf, operator); stage < stages; stage++) {
      if (nodes >= maxNodes) {
        return;
      }
      nodes++;
      const isFirst = tally.size[stage] === 0;
      const received = tally.add(operator, stage, stageOf);
      stageOf[operator] = stage;
      empty -= isFirst ? 1 : 0;
      left -= duration;
      const isOpen =
        tally.timeNs(stage) < bestNs &&
        tally.fits(stage) &&
        empty <= operators - operator - 1 &&
        left <= tally.roomNs(bestNs);
      if (isOpen) {
        assign(operator + 1);
      }
      left += duration;
      empty += isFirst ? 1 : 0;
      tally.remove(operator, stage, received);
    }
  }

  assign(0);
  const isComplete = nodes < maxNodes;
  return best === undefined
    ? { found: undefined, isComplete }
    : { found: { partition: { stageCount: stages, stageOf: best }, periodNs: bestNs }, isComplete };
}

function earliest({ predecessors }: PartitionGraph, stageOf: Int32Array, operator: number): number {
  let stage = 0;
  const end = predecessors.start[operator + 1]!;
  for (let i = predecessors.start[operator]!; i < end; i++) {
    stage = Math.max(stage, stageOf[predecessors.items[i]!]!);
  }
  return stage;
}

interface StageTally {
  readonly size: Int32Array;
  timeNs(stage: number): number;
  periodNs(): number;
  fits(stage: number): boolean;
  /** Work that all stages together can still take and stay below a period. */
  roomNs(belowNs: number): number;
  /** Adds an operator; gives the tensors that the stage receives for it and did not before. */
  add(operator: number, stage: number, stageOf: Int32Array): readonly number[];
  remove(operator: number, stage: number, received: readonly number[]): void;
}

/** Sums of stages that operators are added to and taken from, last in, first out. */
function stageTally(graph: PartitionGraph, stages: number): StageTally {
  const { reads, producer, speed, fixedNs, isOverlapped } = graph;
  const size = new Int32Array(stages);
  const [work, receive, held, perMicroBatch] = [0, 1, 2, 3].map(() => new Float64Array(stages)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const workspaces: number[][] = Array.from({ length: stages }, () => [0]);
  const isReceived = new Uint8Array(producer.length * stages);
  const computingNs = (stage: number): number =>
    computeTimeNs(fixedNs[stage]!, work[stage]!, speed[stage]!);
  const timeNs = (stage: number): number =>
    stageTimeNs(isOverlapped, computingNs(stage), receive[stage]!);
  const change = (operator: number, stage: number, sign: number): void => {
    const add = (sums: Float64Array | Int32Array, value: number): void => {
      sums[stage] = sums[stage]! + sign * value;
    };
    add(size, 1);
    add(work, graph.durationNs[operator]!);
    add(held, graph.parameterBytes[operator]!);
    add(perMicroBatch, graph.keptBytes[operator]!);
  };
  const receiving = (tensor: number, stage: number, sign: number): void => {
    isReceived[tensor * stages + stage] = sign > 0 ? 1 : 0;
    receive[stage] = receive[stage]! + sign * graph.transferNs[tensor]!;
    perMicroBatch[stage] = perMicroBatch[stage]! + sign * graph.tensorBytes[tensor]!;
    held[stage] = held[stage]! + sign * graph.heldBytes[tensor]!;
  };
  return {
    size,
    timeNs,
    periodNs: () => size.reduce((period, _, stage) => Math.max(period, timeNs(stage)), 0),
    fits: (stage) =>
      stageMemoryBytes(
        held[stage]!,
        graph.inFlight[stage]!,
        perMicroBatch[stage]!,
        workspaces[stage]?.at(-1) ?? 0,
      ) <= graph.memoryLimit[stage]!,
    roomNs(belowNs): number {
      let room = 0;
      for (let stage = 0; stage < stages; stage++) {
        const taken = isOverlapped ? computingNs(stage) : timeNs(stage);
        room += (belowNs - taken) * speed[stage]!;
      }
      return room;
    },
    add(operator, stage, stageOf): readonly number[] {
      const received: number[] = [];
      change(operator, stage, 1);
      for (let i = reads.start[operator]!; i < reads.start[operator + 1]!; i++) {
        const tensor = reads.items[i]!;
        const writer = producer[tensor]!;
        const isHere = writer >= 0 && stageOf[writer] === stage;
        if (!isHere && isReceived[tensor * stages + stage] === 0) {
          receiving(tensor, stage, 1);
          received.push(tensor);
        }
      }
      const list = workspaces[stage] as number[];
      list.push(Math.max(list.at(-1) ?? 0, graph.workspaceBytes[operator]!));
      return received;
    },
    remove(operator, stage, received): void {
      change(operator, stage, -1);
      workspaces[stage]?.pop();
      for (const tensor of received) {
        receiving(tensor, stage, -1);
      }
    },
  };
}
