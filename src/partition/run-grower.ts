import type { PartitionGraph } from "./partition-graph.js";

/** What a run is measured by: its time, or its memory in bytes. */
export type RunMeasure = "time" | "memory";

/** A run of consecutive operators of an order, made longer one operator at a time. */
export interface RunGrower {
  /** Begins an empty run at this position, for the device of this stage. */
  start(first: number, stage: number): void;
  /** Takes in the operator at the next position: the run's measure. A time is `Infinity` once memory is exceeded. */
  grow(order: Int32Array, position: Int32Array, at: number): number;
}

/** A grower for one problem; its buffers are shared by all runs. */
export function runGrower(graph: PartitionGraph, measure: RunMeasure = "time"): RunGrower {
  const { reads, producer, transferNs, isOverlapped } = graph;
  const seen = new Int32Array(producer.length);
  const needsMemory =
    measure === "memory" || graph.memoryLimit.some((limit) => limit !== Number.POSITIVE_INFINITY);
  let stamp = 0;
  let [firstAt, stageAt, speed] = [0, 0, 1];
  let [work, receive, held, perMicroBatch, workspace] = [0, 0, 0, 0, 0];
  return {
    start(first, stage): void {
      stamp++;
      [firstAt, stageAt] = [first, stage];
      speed = graph.speed[stage] as number;
      work = 0;
      receive = 0;
      held = 0;
      perMicroBatch = 0;
      workspace = 0;
    },
    grow(order, position, at): number {
      const operator = order[at] as number;
      work += graph.durationNs[operator] as number;
      const end = reads.start[operator + 1] as number;
      for (let i = reads.start[operator] as number; i < end; i++) {
        const tensor = reads.items[i] as number;
        const writer = producer[tensor] as number;
        if (seen[tensor] !== stamp && (position[writer] as number) < firstAt) {
          seen[tensor] = stamp;
          receive += transferNs[tensor] as number;
          perMicroBatch += graph.tensorBytes[tensor] as number;
        }
      }
      if (needsMemory) {
        held += graph.parameterBytes[operator] as number;
        perMicroBatch += graph.keptBytes[operator] as number;
        workspace = Math.max(workspace, graph.workspaceBytes[operator] as number);
        const memory = held + (graph.inFlight[stageAt] as number) * perMicroBatch + workspace;
        if (measure === "memory") {
          return memory;
        }
        if (memory > (graph.memoryLimit[stageAt] as number)) {
          return Number.POSITIVE_INFINITY;
        }
      }
      const computeNs = work / speed;
      return isOverlapped ? Math.max(computeNs, receive) : computeNs + receive;
    },
  };
}
