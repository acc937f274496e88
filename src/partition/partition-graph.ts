import { type Lists, packLists } from "../core/lists.js";
import { type PartitionProblem, transferNs } from "./partition-problem.js";

/**
 * A partition problem in flat typed arrays, made once for the loops that evaluate thousands of
 * partitions. Tensors are only those that can cross: written by one operator, read by another; and,
 * behind them, memory that operators share: written by no operator, "received" once by every stage that
 * reads it, in no time.
 */
export interface PartitionGraph {
  readonly operators: number;
  readonly durationNs: Float64Array;
  readonly totalNs: number;
  readonly predecessors: Lists;
  readonly successors: Lists;
  /** Tensors that each operator reads: positions in the arrays below. */
  readonly reads: Lists;
  /** Tensors that each operator writes. */
  readonly writes: Lists;
  /** Operators that read each tensor, ascending. */
  readonly readers: Lists;
  /** -1 for shared memory. */
  readonly producer: Int32Array;
  readonly transferNs: Float64Array;
  /** Held for each micro-batch in flight by a stage that receives the tensor. */
  readonly tensorBytes: Float64Array;
  /** Held always by a stage that receives the tensor. */
  readonly heldBytes: Float64Array;
  readonly parameterBytes: Float64Array;
  readonly keptBytes: Float64Array;
  readonly workspaceBytes: Float64Array;
  /** By stage. */
  readonly speed: Float64Array;
  /** By stage: added to the time of computing. */
  readonly fixedNs: Float64Array;
  readonly inFlight: Float64Array;
  /** By stage, `Infinity` without a limit. */
  readonly memoryLimit: Float64Array;
  readonly isOverlapped: boolean;
}

/** The digest of a problem. Cost: O(operators + edges + reads). */
export function partitionGraphOf(problem: PartitionProblem): PartitionGraph {
  const { graph, devices, memory } = problem;
  const crossing = [...crossingTensors(problem), ...sharedMemory(problem)];
  const reads: number[][] = graph.operators.map(() => []);
  const writes: number[][] = graph.operators.map(() => []);
  crossing.forEach(({ producer, readers }, tensor) => {
    writes[producer]?.push(tensor);
    for (const reader of readers) {
      reads[reader]?.push(tensor);
    }
  });
  return {
    operators: graph.operators.length,
    durationNs: problem.durationNs,
    totalNs: problem.durationNs.reduce((sum, ns) => sum + ns, 0),
    predecessors: packLists(graph.operators.map(({ predecessors }) => predecessors)),
    successors: packLists(graph.operators.map(({ successors }) => successors)),
    reads: packLists(reads),
    writes: packLists(writes),
    readers: packLists(crossing.map(({ readers }) => readers)),
    producer: Int32Array.from(crossing, ({ producer }) => producer),
    transferNs: Float64Array.from(crossing, (each) => each.transferNs),
    tensorBytes: Float64Array.from(crossing, ({ bytes }) => bytes),
    heldBytes: Float64Array.from(crossing, ({ heldBytes }) => heldBytes),
    parameterBytes: memory.parameterBytes,
    keptBytes: memory.keptBytes,
    workspaceBytes: memory.workspaceBytes,
    speed: Float64Array.from(devices, ({ speed }) => speed),
    fixedNs: Float64Array.from(devices, ({ fixedNs }) => fixedNs ?? 0),
    inFlight: Float64Array.from(problem.inFlight),
    memoryLimit: Float64Array.from(
      devices,
      ({ memoryBytes }) => memoryBytes ?? Number.POSITIVE_INFINITY,
    ),
    isOverlapped: problem.transfers === "overlapped",
  };
}

interface Crossing {
  readonly producer: number;
  readonly readers: readonly number[];
  readonly bytes: number;
  readonly heldBytes: number;
  readonly transferNs: number;
}

function crossingTensors(problem: PartitionProblem): readonly Crossing[] {
  return problem.graph.tensors.flatMap(({ id, producer, consumers }): readonly Crossing[] => {
    const bytes = problem.tensorBytes[id]!;
    return producer === undefined || consumers.length === 0
      ? []
      : [
          {
            producer,
            readers: consumers,
            bytes,
            heldBytes: 0,
            transferNs: transferNs(problem, bytes),
          },
        ];
  });
}

function sharedMemory({ memory }: PartitionProblem): readonly Crossing[] {
  return (memory.shared ?? []).map(({ readers, parameterBytes, keptBytes }) => ({
    producer: -1,
    readers,
    bytes: keptBytes,
    heldBytes: parameterBytes,
    transferNs: 0,
  }));
}

/**
 * A period that no partition into `stages` stages is below: all work over the speeds of the first
 * `stages` devices together, or the longest operator on the device that has it done first; with
 * what devices take for any stage.
 */
export function periodLowerBound(graph: PartitionGraph, stages: number): number {
  const speeds = graph.speed.subarray(0, stages);
  const together = speeds.reduce((sum, speed) => sum + speed, 0);
  // A stage below period T takes on less than speed * (T - fixed) of the work.
  const fixed = speeds.reduce((sum, speed, stage) => sum + speed * (graph.fixedNs[stage] ?? 0), 0);
  const longest = graph.durationNs.reduce((most, ns) => Math.max(most, ns), 0);
  const soonest = speeds.reduce(
    (least, speed, stage) => Math.min(least, (graph.fixedNs[stage] ?? 0) + longest / speed),
    Number.POSITIVE_INFINITY,
  );
  return Math.max(
    (graph.totalNs + fixed) / together,
    soonest,
    ...graph.fixedNs.subarray(0, stages),
  );
}
