import type { WorkerCosts } from "../cost/operator-costs.js";
import type { OperatorGraph } from "../ir/operator-graph.js";
import { earliestEnds } from "../ir/path-lengths.js";
import type { OperatorProblem } from "./operator-problem.js";
import { slowdownOf } from "./run-segments.js";
import { callerTimes } from "./simulate-workers.js";

/** Lower bounds for all schedules on worker threads, in integer nanoseconds. */
export interface WorkerBounds {
  /** The longest path of operators, the start of the segment it begins in, request and return. */
  readonly criticalPathNs: number;
  /**
   * All operators, two segments and one hand-over of each input, at the best total speed of the
   * workers, and request and return.
   */
  readonly workNs: number;
  /** All operators one after the other on the calling thread. */
  readonly oneStreamNs: number;
  /** Lower bound for several streams, the larger of the first two, or one stream if that is less. */
  readonly lowerBoundNs: number;
}

/**
 * Lower bounds on the makespan that `simulateWorkers` can predict for any schedule of the problem.
 *
 * A path runs one operator after the other, each at the speed of one worker at best; before its
 * first operator, its segment has started and taken the inputs of the graph which that operator
 * reads. All work together is done at the total speed of k busy workers, k / slowdown(k), for the
 * best k. There are at least two segments, and each input is handed over at least once. Both come
 * between the caller's request and the return. One stream has neither starts nor hand-overs, and takes
 * exactly the sum of the operators.
 *
 * On one worker the sequential schedule is the only one.
 * Cost: O(V + E).
 */
export function workerBounds(
  { graph, costs }: OperatorProblem,
  workers: WorkerCosts,
): WorkerBounds {
  let slowest = Number.POSITIVE_INFINITY;
  let throughput = 0;
  for (let busy = 1; busy <= workers.workers; busy++) {
    slowest = Math.min(slowest, slowdownOf(workers, busy));
    throughput = Math.max(throughput, busy / slowdownOf(workers, busy));
  }
  const release = new Float64Array(graph.operators.length);
  for (const { id, inputs } of graph.operators) {
    release[id] = workers.segmentNs;
    for (const tensor of new Set(inputs)) {
      release[id] = release[id]! + inputNs(graph, tensor, workers);
    }
  }
  const ends = earliestEnds(graph, costs.durationNs, release);
  const alone = costs.durationNs.reduce((sum, ns) => sum + ns, 0);
  const starts =
    2 * workers.segmentNs +
    graph.tensors.reduce((sum, { id }) => sum + inputNs(graph, id, workers), 0);
  const isEmpty = graph.operators.length === 0;
  const { requestNs, returnNs } = callerTimes(graph, workers);
  const outsideNs = isEmpty ? 0 : requestNs + returnNs;
  const longest = ends.reduce((most, end) => Math.max(most, end), 0);
  const criticalPathNs = wholeNs(longest * slowest + outsideNs);
  const workNs = isEmpty ? 0 : wholeNs((alone + starts) / throughput + outsideNs);
  const oneStreamNs = wholeNs(alone);
  const several = workers.workers > 1 ? Math.max(criticalPathNs, workNs) : Number.POSITIVE_INFINITY;
  return { criticalPathNs, workNs, oneStreamNs, lowerBoundNs: Math.min(oneStreamNs, several) };
}

/** Cost of handing over an input of the graph once; 0 for other tensors and unread inputs. */
function inputNs(graph: OperatorGraph, tensor: number, workers: WorkerCosts): number {
  const { producer, consumers, bytes } = graph.tensors[tensor] ?? {
    producer: 0,
    consumers: [],
    bytes: 0,
  };
  const isRead = producer === undefined && consumers.length > 0;
  return isRead ? workers.tensorNs + bytes * workers.byteNs : 0;
}

/** Rounded like a makespan, but down where sums of fractions in another order may have gone up. */
function wholeNs(ns: number): number {
  return Math.max(0, Math.round(ns - 0.001));
}
