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
  const tally = new StageTally(graph, stages);
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

/** Sums of stages that operators are added to and taken from, last in, first out. */
class StageTally {
  /** Operators in each stage. */
  readonly size: Int32Array;
  readonly #graph: PartitionGraph;
  readonly #stages: number;
  readonly #work: Float64Array;
  readonly #receive: Float64Array;
  readonly #held: Float64Array;
  readonly #perMicroBatch: Float64Array;
  /** By stage: the largest workspace after each operator added. */
  readonly #workspaces: readonly number[][];
  readonly #isReceived: Uint8Array;

  constructor(graph: PartitionGraph, stages: number) {
    this.#graph = graph;
    this.#stages = stages;
    this.size = new Int32Array(stages);
    this.#work = new Float64Array(stages);
    this.#receive = new Float64Array(stages);
    this.#held = new Float64Array(stages);
    this.#perMicroBatch = new Float64Array(stages);
    this.#workspaces = Array.from({ length: stages }, () => [0]);
    this.#isReceived = new Uint8Array(graph.producer.length * stages);
  }

  timeNs(stage: number): number {
    return stageTimeNs(this.#graph.isOverlapped, this.#computeNs(stage), this.#receive[stage]!);
  }

  periodNs(): number {
    return this.size.reduce((period, _, stage) => Math.max(period, this.timeNs(stage)), 0);
  }

  fits(stage: number): boolean {
    const { inFlight, memoryLimit } = this.#graph;
    const workspace = this.#workspaces[stage]?.at(-1) ?? 0;
    const [held, perMicroBatch] = [this.#held[stage]!, this.#perMicroBatch[stage]!];
    return (
      stageMemoryBytes(held, inFlight[stage]!, perMicroBatch, workspace) <= memoryLimit[stage]!
    );
  }

  /** Work that all stages together can still take and stay below a period. */
  roomNs(belowNs: number): number {
    const { speed, isOverlapped } = this.#graph;
    let room = 0;
    for (let stage = 0; stage < this.#stages; stage++) {
      const taken = isOverlapped ? this.#computeNs(stage) : this.timeNs(stage);
      room += (belowNs - taken) * speed[stage]!;
    }
    return room;
  }

  /** Adds an operator; returns the tensors that the stage receives for it and did not before. */
  add(operator: number, stage: number, stageOf: Int32Array): readonly number[] {
    const { reads, producer, workspaceBytes } = this.#graph;
    const received: number[] = [];
    this.#weigh(operator, stage, 1);
    for (let i = reads.start[operator]!; i < reads.start[operator + 1]!; i++) {
      const tensor = reads.items[i]!;
      const writer = producer[tensor]!;
      const isHere = writer >= 0 && stageOf[writer] === stage;
      if (!isHere && this.#isReceived[tensor * this.#stages + stage] === 0) {
        this.#take(tensor, stage, 1);
        received.push(tensor);
      }
    }
    const list = this.#workspaces[stage]!;
    list.push(Math.max(list.at(-1) ?? 0, workspaceBytes[operator]!));
    return received;
  }

  /** Takes away the operator that was added last, with the tensors received for it. */
  remove(operator: number, stage: number, received: readonly number[]): void {
    this.#weigh(operator, stage, -1);
    this.#workspaces[stage]?.pop();
    for (const tensor of received) {
      this.#take(tensor, stage, -1);
    }
  }

  #computeNs(stage: number): number {
    const { fixedNs, speed } = this.#graph;
    return computeTimeNs(fixedNs[stage]!, this.#work[stage]!, speed[stage]!);
  }

  #weigh(operator: number, stage: number, sign: number): void {
    const { durationNs, parameterBytes, keptBytes } = this.#graph;
    this.size[stage] = this.size[stage]! + sign;
    this.#work[stage] = this.#work[stage]! + sign * durationNs[operator]!;
    this.#held[stage] = this.#held[stage]! + sign * parameterBytes[operator]!;
    this.#perMicroBatch[stage] = this.#perMicroBatch[stage]! + sign * keptBytes[operator]!;
  }

  #take(tensor: number, stage: number, sign: number): void {
    const { transferNs, tensorBytes, heldBytes } = this.#graph;
    this.#isReceived[tensor * this.#stages + stage] = sign > 0 ? 1 : 0;
    this.#receive[stage] = this.#receive[stage]! + sign * transferNs[tensor]!;
    this.#perMicroBatch[stage] = this.#perMicroBatch[stage]! + sign * tensorBytes[tensor]!;
    this.#held[stage] = this.#held[stage]! + sign * heldBytes[tensor]!;
  }
}
