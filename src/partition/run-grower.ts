import type { PartitionGraph } from "./partition-graph.js";

/** What a run is measured by: its time, or its memory in bytes. */
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
    held += graph.parameterBytes[operator] as number;
    perMicroBatch += graph.keptBytes[operator] as number;
    workspace = Math.max(workspace, graph.workspaceBytes[operator] as number);
    return held + (graph.inFlight[stageAt] as number) * perMicroBatch + workspace;
  }

  return {
    load(order): void {
      order.forEach((operator, at) => {
        position[operator] = at;
      });
      let next = 0;
      for (let at = 0; at < operators; at++) {
        const operator = order[at] as number;
        operatorAt[at] = operator;
        durationAt[at] = graph.durationNs[operator] as number;
        const end = reads.start[operator + 1] as number;
        for (let i = reads.start[operator] as number; i < end; i++) {
          const tensor = reads.items[i] as number;
          readTensor[next] = tensor;
          const writer = producer[tensor] as number;
          writtenAt[next++] = writer < 0 ? -1 : (position[writer] as number);
        }
        readsFrom[at + 1] = next;
      }
    },
    start(first, stage): void {
      stamp++;
      [firstAt, stageAt] = [first, stage];
      speed = graph.speed[stage] as number;
      fixed = graph.fixedNs[stage] as number;
      work = 0;
      receive = 0;
      held = 0;
      perMicroBatch = 0;
      workspace = 0;
    },
    grow(at): number {
      work += durationAt[at] as number;
      const end = readsFrom[at + 1] as number;
      for (let i = readsFrom[at] as number; i < end; i++) {
        const tensor = readTensor[i] as number;
        if ((writtenAt[i] as number) < firstAt && seen[tensor] !== stamp) {
          seen[tensor] = stamp;
          receive += graph.transferNs[tensor] as number;
          perMicroBatch += graph.tensorBytes[tensor] as number;
          held += graph.heldBytes[tensor] as number;
        }
      }
      if (needsMemory) {
        const memory = memoryWith(operatorAt[at] as number);
        if (measure === "memory") {
          return memory;
        }
        if (memory > (graph.memoryLimit[stageAt] as number)) {
          return Number.POSITIVE_INFINITY;
        }
      }
      const computeNs = fixed + work / speed;
      return isOverlapped ? Math.max(computeNs, receive) : computeNs + receive;
    },
  };
}
