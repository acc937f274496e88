import { invariant } from "../core/invariant.js";
import type { OperatorCosts, WorkerCosts } from "../cost/operator-costs.js";
import type { OperatorGraph, TensorId } from "../ir/operator-graph.js";
import type { OperatorSchedule } from "./operator-schedule.js";
import { runSegments, type SegmentLoad, type SegmentRun } from "./run-segments.js";
import { type Segment, segmentsOf } from "./segments.js";

/** The predicted times of each operator and segment of a schedule on worker threads. */
export interface WorkerTimeline {
  /** Integer nanoseconds from the caller's request to the outputs in the caller's hands. */
  readonly makespanNs: number;
  /** Integer nanoseconds since the request, by operator id. */
  readonly operatorStartNs: Float64Array;
  readonly operatorEndNs: Float64Array;
  readonly segments: readonly Segment[];
  /** Integer nanoseconds since the request, by segment. The overheads of a segment come before its first operator. */
  readonly segmentStartNs: Float64Array;
  readonly segmentEndNs: Float64Array;
}

/**
 * Predicts a schedule on a CPU whose streams are worker threads.
 *
 * A schedule on one stream is the whole model on the calling thread: it takes the durations of its
 * operators, which add up to a whole run. With several streams a segment costs `segmentNs`, the
 * hand-over of each tensor that it reads from outside (inputs of the graph included, tensors made by
 * an earlier segment of the same worker too), and the durations of its operators. See `runSegments`
 * for waiting and slowing down. Once per inference, the workers are woken before the first segment, and
 * the caller after the last; the caller copies inputs and outputs.
 *
 * Left out: that a slowdown differs between operators that compute and operators that move memory;
 * that an operator may take longer where a cut takes a fusion or a memory layout apart.
 *
 * Requires: the schedule passes `verifyOperatorSchedule` but for redundant waits, and has at most
 * `workers.workers` streams.
 * Cost: O(V + E + segments * streams).
 */
export function simulateWorkers(
  graph: OperatorGraph,
  schedule: OperatorSchedule,
  costs: OperatorCosts,
  workers: WorkerCosts,
): WorkerTimeline {
  invariant(schedule.streams <= workers.workers, "schedule has more streams than workers");
  const segments = segmentsOf(graph, schedule);
  const overheadNs = ({ inputs }: Segment): number =>
    schedule.streams > 1 ? segmentOverheadNs(graph, inputs, workers) : 0;
  const run = runSegments(loadOf(segments, costs, overheadNs), workers);
  const { requestNs, returnNs } =
    schedule.streams > 1 ? callerTimes(graph, workers) : { requestNs: 0, returnNs: 0 };
  const since = (ns: number): number => Math.round(requestNs + ns);
  const operatorStartNs = new Float64Array(graph.operators.length);
  const operatorEndNs = new Float64Array(graph.operators.length);
  for (const [at, segment] of segments.entries()) {
    const clock = clockOf(run, at);
    let work = overheadNs(segment);
    for (const id of segment.operators) {
      operatorStartNs[id] = since(clock(work));
      work += costs.durationNs[id]!;
      operatorEndNs[id] = since(clock(work));
    }
  }
  return {
    makespanNs: Math.round(requestNs + run.makespanNs + returnNs),
    operatorStartNs,
    operatorEndNs,
    segments,
    segmentStartNs: run.startNs.map(since),
    segmentEndNs: run.endNs.map(since),
  };
}

/** What an inference over workers takes before its first segment and after its last one. */
export interface CallerTimes {
  /** Waking the workers, and copying the inputs that are read for them. */
  readonly requestNs: number;
  /** Waking the caller, who copies the outputs that are written. */
  readonly returnNs: number;
}

/** The times of the caller; the same for every schedule on several streams. */
export function callerTimes(graph: OperatorGraph, workers: WorkerCosts): CallerTimes {
  let read = 0;
  for (const tensor of graph.inputs) {
    const { consumers = [], bytes = 0 } = graph.tensors[tensor] ?? {};
    read += consumers.length > 0 ? bytes : 0;
  }
  let written = 0;
  for (const tensor of new Set(graph.outputs)) {
    const { producer, bytes = 0 } = graph.tensors[tensor] ?? {};
    written += producer === undefined ? 0 : bytes;
  }
  return {
    requestNs: workers.requestNs + read * workers.callerByteNs,
    returnNs: workers.returnNs + written * workers.callerByteNs,
  };
}

/**
 * The cost of one of several segments before its first operator runs: starting it and handing it its
 * tensors.
 */
export function segmentOverheadNs(
  graph: OperatorGraph,
  inputs: readonly TensorId[],
  workers: WorkerCosts,
): number {
  let bytes = 0;
  for (const tensor of inputs) {
    bytes += graph.tensors[tensor]?.bytes ?? 0;
  }
  return workers.segmentNs + inputs.length * workers.tensorNs + bytes * workers.byteNs;
}

function loadOf(
  segments: readonly Segment[],
  { durationNs }: OperatorCosts,
  overheadNs: (segment: Segment) => number,
): SegmentLoad {
  const waitStart = new Int32Array(segments.length + 1);
  const waits: number[] = [];
  const workNs = new Float64Array(segments.length);
  for (const [at, segment] of segments.entries()) {
    let work = overheadNs(segment);
    for (const id of segment.operators) {
      work += durationNs[id]!;
    }
    workNs[at] = work;
    for (const wait of segment.waits) {
      waits.push(wait);
    }
    waitStart[at + 1] = waits.length;
  }
  return {
    segments: segments.length,
    worker: Int32Array.from(segments, ({ stream }) => stream),
    workNs,
    waitStart,
    waits: Int32Array.from(waits),
  };
}

/** The time at which a segment has done a given amount of its work; called with growing amounts. */
function clockOf(
  { phases, startPhase, startNs, endNs }: SegmentRun,
  at: number,
): (work: number) => number {
  let phase = startPhase[at]!;
  const origin = phases[phase]?.workNs ?? 0;
  return (work) => {
    const reading = origin + work;
    while ((phases[phase + 1]?.workNs ?? Number.POSITIVE_INFINITY) < reading) {
      phase++;
    }
    const { timeNs, workNs, slowdown } = phases[phase] ?? { timeNs: 0, workNs: 0, slowdown: 1 };
    const time = timeNs + (reading - workNs) * slowdown;
    return Math.min(endNs[at]!, Math.max(startNs[at]!, time));
  };
}
