import { type PartitionProblem, transferNs } from "./partition-problem.js";
import { computeTimeNs, stageMemoryBytes, stageTimeNs } from "./stage-formula.js";
import type { StagePartition } from "./stage-partition.js";

/** The cost of a stage on its device. */
export interface StageCost {
  /** With what the device takes for any stage. */
  readonly computeNs: number;
  readonly receivedTensors: number;
  readonly receivedBytes: number;
  readonly receiveNs: number;
  /** Compute and receive, or the longer of the two when they overlap. */
  readonly timeNs: number;
  readonly memoryBytes: number;
}

/**
 * The cost of every stage by the definition in `PartitionProblem`, read off the graph.
 *
 * Requires: `verifyStagePartition` finds nothing. Cost: O(operators + reads).
 */
export function stageCosts(
  problem: PartitionProblem,
  { stageCount, stageOf }: StagePartition,
): readonly StageCost[] {
  const { graph, memory } = problem;
  const zeros = (): Float64Array => new Float64Array(stageCount);
  const [work, held, kept, workspace] = [zeros(), zeros(), zeros(), zeros()];
  const [tensors, bytes, receive] = [zeros(), zeros(), zeros()];
  const add = (sums: Float64Array, stage: number, value: number): void => {
    sums[stage] = sums[stage]! + value;
  };
  for (const { id } of graph.operators) {
    const stage = stageOf[id]!;
    add(work, stage, problem.durationNs[id]!);
    add(held, stage, memory.parameterBytes[id]!);
    add(kept, stage, memory.keptBytes[id]!);
    workspace[stage] = Math.max(workspace[stage]!, memory.workspaceBytes[id]!);
  }
  for (const { readers, parameterBytes, keptBytes } of memory.shared ?? []) {
    for (const stage of new Set(readers.map((reader) => stageOf[reader]!))) {
      add(held, stage, parameterBytes);
      add(kept, stage, keptBytes);
    }
  }
  for (const { id, producer, consumers } of graph.tensors) {
    if (producer !== undefined) {
      const readers = new Set(consumers.map((consumer) => stageOf[consumer]!));
      readers.delete(stageOf[producer]!);
      const size = problem.tensorBytes[id]!;
      for (const stage of readers) {
        add(tensors, stage, 1);
        add(bytes, stage, size);
        add(receive, stage, transferNs(problem, size));
      }
    }
  }
  return Array.from({ length: stageCount }, (_, stage) => {
    const { speed = 1, fixedNs = 0 } = problem.devices[stage] ?? {};
    const computeNs = computeTimeNs(fixedNs, work[stage]!, speed);
    const receiveNs = receive[stage]!;
    const receivedBytes = bytes[stage]!;
    const perMicroBatch = kept[stage]! + receivedBytes;
    return {
      computeNs,
      receivedTensors: tensors[stage]!,
      receivedBytes,
      receiveNs,
      timeNs: stageTimeNs(problem.transfers === "overlapped", computeNs, receiveNs),
      memoryBytes: stageMemoryBytes(
        held[stage]!,
        problem.inFlight[stage] ?? 1,
        perMicroBatch,
        workspace[stage]!,
      ),
    };
  });
}

/** Time of the slowest stage. */
export function periodOf(problem: PartitionProblem, partition: StagePartition): number {
  return stageCosts(problem, partition).reduce((period, { timeNs }) => Math.max(period, timeNs), 0);
}

/** Returns whether every stage has room on its device. */
export function fitsInMemory(problem: PartitionProblem, costs: readonly StageCost[]): boolean {
  return costs.every(
    ({ memoryBytes }, stage) =>
      memoryBytes <= (problem.devices[stage]?.memoryBytes ?? Number.POSITIVE_INFINITY),
  );
}
