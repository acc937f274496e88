import type { PartitionGraph } from "./partition-graph.js";
import { computeTimeNs, stageMemoryBytes, stageTimeNs } from "./stage-formula.js";

/** The measure of a run: its time, or its memory in bytes. */
export type RunMeasure = "time" | "memory";

/** A run of consecutive operators of an order, made longer one operator at a time. */
export interface RunGrower {
  /** Lays out an order; all runs are of the last one. Cost: O(operators + reads). */
  load(order: Int32Array): void;
  /** Begins an empty run at this position, for the device of this stage. */
  start(first: number, stage: number): void;
  /** Takes in the operator at the next position: the run's measure. A time is `Infinity` once memory is exceeded. */
  grow(at: number): number;
}

/** A grower for one problem; its buffers are shared by all runs. */
export function runGrower(graph: PartitionGraph, measure: RunMeasure = "time"): RunGrower {
  const { operators, reads, producer, isOverlapped } = graph;
  const needsMemory =
    measure === "memory" || graph.memoryLimit.some((limit) => limit !== Number.POSITIVE_INFINITY);
  const position = new Int32Array(operators);
  const operatorAt = new Int32Array(operators);
  const durationAt = new Float64Array(operators);
  // Reads in the order of the positions, each with the place where its tensor is written: -1 for
  // shared memory, which no run writes.
  const readsFrom = new Int32Array(operators + 1);
  const readTensor = new Int32Array(reads.items.length);
  const writtenAt = new Int32Array(reads.items.length);
  const seen = new Int32Array(producer.length);
  let stamp = 0;
  let [firstAt, stageAt, speed, fixed] = [0, 0, 1, 0];
  let [work, receive, held, perMicroBatch, workspace] = [0, 0, 0, 0, 0];

  function memoryWith(operator: number): number {
    held += graph.parameterBytes[operator]!;
    perMicroBatch += graph.keptBytes[operator]!;
    workspace = Math.max(workspace, graph.workspaceBytes[operator]!);
    return stageMemoryBytes(held, graph.inFlight[stageAt]!, perMicroBatch, workspace);
  }

  return {
    load(order): void {
      order.forEach((operator, at) => {
        position[operator] = at;
      });
      let next = 0;
      for (let at = 0; at < operators; at++) {
        const operator = order[at]!;
        operatorAt[at] = operator;
        durationAt[at] = graph.durationNs[operator]!;
        const end = reads.start[operator + 1]!;
        for (let i = reads.start[operator]!; i < end; i++) {
          const tensor = reads.items[i]!;
          readTensor[next] = tensor;
          const writer = producer[tensor]!;
          writtenAt[next++] = writer < 0 ? -1 : position[writer]!;
        }
        readsFrom[at + 1] = next;
      }
    },
    start(first, stage): void {
      stamp++;
      [firstAt, stageAt] = [first, stage];
      speed = graph.speed[stage]!;
      fixed = graph.fixedNs[stage]!;
      work = 0;
      receive = 0;
      held = 0;
      perMicroBatch = 0;
      workspace = 0;
    },
    grow(at): number {
      work += durationAt[at]!;
      const end = readsFrom[at + 1]!;
      for (let i = readsFrom[at]!; i < end; i++) {
        const tensor = readTensor[i]!;
        if (writtenAt[i]! < firstAt && seen[tensor] !== stamp) {
          seen[tensor] = stamp;
          receive += graph.transferNs[tensor]!;
          perMicroBatch += graph.tensorBytes[tensor]!;
          held += graph.heldBytes[tensor]!;
        }
      }
      if (needsMemory) {
        const memory = memoryWith(operatorAt[at]!);
        if (measure === "memory") {
          return memory;
        }
        if (memory > graph.memoryLimit[stageAt]!) {
          return Number.POSITIVE_INFINITY;
        }
      }
      return stageTimeNs(isOverlapped, computeTimeNs(fixed, work, speed), receive);
    },
  };
}
