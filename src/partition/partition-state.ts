import type { PartitionGraph } from "./partition-graph.js";
import { computeTimeNs, stageMemoryBytes, stageTimeNs } from "./stage-formula.js";

/**
 * A partition that is changed operator by operator, for the searches that take small steps.
 *
 * Moving an operator changes two stages only: the one it leaves and the one it enters. Counting the
 * readers of each tensor in each stage tells whether a stage still has to receive it.
 *
 * Example: a tensor from stage 0 is read by two operators of stage 2. Moving one of them to stage 1
 * makes stage 1 receive the tensor; stage 2 still does, for the other one. Moving both takes it away
 * from stage 2.
 */
export class PartitionState {
  readonly stageOf: Int32Array;
  /** Operators in each stage. */
  readonly size: Int32Array;
  readonly #graph: PartitionGraph;
  readonly #stages: number;
  readonly #workNs: Float64Array;
  readonly #receiveNs: Float64Array;
  readonly #receivedBytes: Float64Array;
  readonly #heldBytes: Float64Array;
  readonly #keptBytes: Float64Array;
  /** Readers of tensor t in stage s, at t * stages + s. */
  readonly #readers: Int32Array;
  readonly #hasLimits: boolean;

  constructor(graph: PartitionGraph, stageOf: Int32Array, stages: number) {
    this.#graph = graph;
    this.#stages = stages;
    this.stageOf = stageOf.slice();
    this.size = new Int32Array(stages);
    this.#workNs = new Float64Array(stages);
    this.#receiveNs = new Float64Array(stages);
    this.#receivedBytes = new Float64Array(stages);
    this.#heldBytes = new Float64Array(stages);
    this.#keptBytes = new Float64Array(stages);
    this.#readers = new Int32Array(graph.producer.length * stages);
    this.#hasLimits = graph.memoryLimit.some((limit) => limit !== Number.POSITIVE_INFINITY);
    for (let operator = 0; operator < graph.operators; operator++) {
      this.#weigh(operator, stageOf[operator]!, 1);
    }
    this.#countReaders();
  }

  /** Time of a stage. */
  timeNs(stage: number): number {
    const { speed, fixedNs, isOverlapped } = this.#graph;
    const computeNs = computeTimeNs(fixedNs[stage]!, this.#workNs[stage]!, speed[stage]!);
    return stageTimeNs(isOverlapped, computeNs, this.#receiveNs[stage]!);
  }

  /** Time of the slowest stage. */
  periodNs(): number {
    let period = 0;
    for (let stage = 0; stage < this.#stages; stage++) {
      period = Math.max(period, this.timeNs(stage));
    }
    return period;
  }

  /** Sum of the squares of all times: of two partitions with one period, the smaller is more even. */
  unevenness(): number {
    let sum = 0;
    for (let stage = 0; stage < this.#stages; stage++) {
      const time = this.timeNs(stage);
      sum += time * time;
    }
    return sum;
  }

  /** Returns whether a stage has room on its device. Cost: O(1) without limits, else O(operators). */
  fits(stage: number): boolean {
    if (!this.#hasLimits) {
      return true;
    }
    const { workspaceBytes, inFlight, memoryLimit } = this.#graph;
    let workspace = 0;
    for (let operator = 0; operator < this.stageOf.length; operator++) {
      if (this.stageOf[operator] === stage) {
        workspace = Math.max(workspace, workspaceBytes[operator]!);
      }
    }
    const perMicroBatch = this.#keptBytes[stage]! + this.#receivedBytes[stage]!;
    const held = this.#heldBytes[stage]!;
    const memory = stageMemoryBytes(held, inFlight[stage]!, perMicroBatch, workspace);
    return memory <= memoryLimit[stage]!;
  }

  /** Largest stage of a predecessor; 0 for a source. */
  earliest(operator: number): number {
    const { start, items } = this.#graph.predecessors;
    let stage = 0;
    for (let i = start[operator]!; i < start[operator + 1]!; i++) {
      stage = Math.max(stage, this.stageOf[items[i]!]!);
    }
    return stage;
  }

  /** Smallest stage of a successor; the last one for a sink. */
  latest(operator: number): number {
    const { start, items } = this.#graph.successors;
    let stage = this.#stages - 1;
    for (let i = start[operator]!; i < start[operator + 1]!; i++) {
      stage = Math.min(stage, this.stageOf[items[i]!]!);
    }
    return stage;
  }

  /** Moves an operator. Nothing is checked: a step of several moves may break edges in between. */
  move(operator: number, to: number): void {
    const from = this.stageOf[operator]!;
    if (from === to) {
      return;
    }
    this.#weigh(operator, from, -1);
    this.#weigh(operator, to, 1);
    this.#moveReads(operator, from, to);
    this.#moveWrites(operator, from, to);
    this.stageOf[operator] = to;
  }

  #weigh(operator: number, stage: number, sign: number): void {
    const { durationNs, parameterBytes, keptBytes } = this.#graph;
    this.size[stage] = this.size[stage]! + sign;
    this.#workNs[stage] = this.#workNs[stage]! + sign * durationNs[operator]!;
    this.#heldBytes[stage] = this.#heldBytes[stage]! + sign * parameterBytes[operator]!;
    this.#keptBytes[stage] = this.#keptBytes[stage]! + sign * keptBytes[operator]!;
  }

  #receive(tensor: number, stage: number, sign: number): void {
    const { transferNs, tensorBytes, heldBytes } = this.#graph;
    this.#receiveNs[stage] = this.#receiveNs[stage]! + sign * transferNs[tensor]!;
    this.#receivedBytes[stage] = this.#receivedBytes[stage]! + sign * tensorBytes[tensor]!;
    this.#heldBytes[stage] = this.#heldBytes[stage]! + sign * heldBytes[tensor]!;
  }

  /** Stage that has a tensor without receiving it; -1 for shared memory. */
  #homeOf(tensor: number): number {
    const writer = this.#graph.producer[tensor]!;
    return writer < 0 ? -1 : this.stageOf[writer]!;
  }

  #countReaders(): void {
    const { readers, producer } = this.#graph;
    for (let tensor = 0; tensor < producer.length; tensor++) {
      const home = this.#homeOf(tensor);
      for (let i = readers.start[tensor]!; i < readers.start[tensor + 1]!; i++) {
        const stage = this.stageOf[readers.items[i]!]!;
        const at = tensor * this.#stages + stage;
        if (this.#readers[at] === 0 && stage !== home) {
          this.#receive(tensor, stage, 1);
        }
        this.#readers[at] = this.#readers[at]! + 1;
      }
    }
  }

  #moveReads(operator: number, from: number, to: number): void {
    const { reads } = this.#graph;
    for (let i = reads.start[operator]!; i < reads.start[operator + 1]!; i++) {
      const tensor = reads.items[i]!;
      const home = this.#homeOf(tensor);
      const row = tensor * this.#stages;
      const left = this.#readers[row + from]! - 1;
      this.#readers[row + from] = left;
      if (left === 0 && home !== from) {
        this.#receive(tensor, from, -1);
      }
      const entered = this.#readers[row + to]! + 1;
      this.#readers[row + to] = entered;
      if (entered === 1 && home !== to) {
        this.#receive(tensor, to, 1);
      }
    }
  }

  #moveWrites(operator: number, from: number, to: number): void {
    const { writes } = this.#graph;
    for (let i = writes.start[operator]!; i < writes.start[operator + 1]!; i++) {
      const tensor = writes.items[i]!;
      const row = tensor * this.#stages;
      if (this.#readers[row + to]! > 0) {
        this.#receive(tensor, to, -1);
      }
      if (this.#readers[row + from]! > 0) {
        this.#receive(tensor, from, 1);
      }
    }
  }
}
