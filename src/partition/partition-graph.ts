import { flatten, type Lists } from "../core/lists.js";
import { type PartitionProblem, transferNs } from "./partition-problem.js";

/**
 * A partition problem in flat typed arrays, made once for the loops that evaluate thousands of
 * partitions. Tensors are only those that can cross: written by one operator, read by another.
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
  readonly producer: Int32Array;
  readonly transferNs: Float64Array;
  readonly tensorBytes: Float64Array;
  readonly parameterBytes: Float64Array;
  readonly keptBytes: Float64Array;
  readonly workspaceBytes: Float64Array;
  /** By stage. */
  readonly speed: Float64Array;
  readonly inFlight: Float64Array;
  /** By stage, `Infinity` without a limit. */
  readonly memoryLimit: Float64Array;
  readonly isOverlapped: boolean;
}

/** The digest of a problem. Cost: O(operators + edges + reads). */
export function partitionGraphOf(problem: PartitionProblem): PartitionGraph {
  const { graph, devices, memory } = problem;
  const crossing = graph.tensors.filter(
    ({ producer, consumers }) => producer !== undefined && consumers.length > 0,
  );
  const reads: number[][] = graph.operators.map(() => []);
  const writes: number[][] = graph.operators.map(() => []);
  crossing.forEach(({ producer, consumers }, tensor) => {
    writes[producer ?? 0]?.push(tensor);
    for (const consumer of consumers) {
      reads[consumer]?.push(tensor);
    }
  });
  const tensorBytes = Float64Array.from(crossing, ({ id }) => problem.tensorBytes[id] as number);
  return {
    operators: graph.operators.length,
    durationNs: problem.durationNs,
    totalNs: problem.durationNs.reduce((sum, ns) => sum + ns, 0),
    predecessors: flatten(graph.operators.map(({ predecessors }) => predecessors)),
    successors: flatten(graph.operators.map(({ successors }) => successors)),
    reads: flatten(reads),
    writes: flatten(writes),
    readers: flatten(crossing.map(({ consumers }) => consumers)),
    producer: Int32Array.from(crossing, ({ producer }) => producer ?? 0),
    transferNs: tensorBytes.map((bytes) => transferNs(problem, bytes)),
    tensorBytes,
    parameterBytes: memory.parameterBytes,
    keptBytes: memory.keptBytes,
    workspaceBytes: memory.workspaceBytes,
    speed: Float64Array.from(devices, ({ speed }) => speed),
    inFlight: Float64Array.from(problem.inFlight),
    memoryLimit: Float64Array.from(
      devices,
      ({ memoryBytes }) => memoryBytes ?? Number.POSITIVE_INFINITY,
    ),
    isOverlapped: problem.transfers === "overlapped",
  };
}

/**
 * A period that no partition into `stages` stages is below: all work over the speeds of the first
 * `stages` devices together, or the longest operator on the fastest of them.
 */
export function periodLowerBound(graph: PartitionGraph, stages: number): number {
  const speeds = graph.speed.subarray(0, stages);
  const together = speeds.reduce((sum, speed) => sum + speed, 0);
  const longest = graph.durationNs.reduce((most, ns) => Math.max(most, ns), 0);
  const fastest = speeds.reduce((most, speed) => Math.max(most, speed), 0);
  return Math.max(graph.totalNs / together, longest / fastest);
}
