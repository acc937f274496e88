/**
 * First plans for a GPU: list schedules by several priorities on several numbers of streams.
 *
 * Each operator goes on the stream of the predecessor that ends last if that is still the last of
 * its stream, else on a new stream or the one that is idle longest. Durations are those alone: the
 * plans are judged by the simulator later.
 *
 * Source: list scheduling after HEFT (Topcuoglu et al., IEEE TPDS 2002).
 */
import { Heap } from "../../../core/heap.js";
import type { GpuPlan } from "../../../schedule/gpu-streams.js";
import { bottomLevels } from "../path-lengths.js";
import type { GpuProblem } from "./gpu-problem.js";

const STREAM_COUNTS: readonly number[] = [2, 3, 4, 6, 8, 16, 32];

/** Plans by every priority on every number of streams. Cost: O(V log V + E) each. */
export function listPlans(problem: GpuProblem): GpuPlan[] {
  return priorities(problem).flatMap((priority) =>
    STREAM_COUNTS.map((streams) => listPlan(problem, priority, streams)),
  );
}

/** Larger first: way to the end, the same by room, the first but short ones first, model order. */
function priorities(problem: GpuProblem): Float64Array[] {
  const { graph, costs, work } = problem;
  const level = bottomLevels(graph, costs.durationNs);
  const room = new Float64Array(graph.operators.length);
  for (let operator = 0; operator < room.length; operator++) {
    const from = work.phase[work.first[operator] as number] as number;
    const to = work.phase[work.first[operator + 1] as number] as number;
    for (let phase = from; phase < to; phase++) {
      room[operator] =
        (room[operator] as number) +
        (work.share[phase] as number) * (work.phaseNs[phase] as number);
    }
  }
  const weighted = bottomLevels(graph, room);
  return [
    level,
    weighted,
    level.map((ns, operator) => ns - 2 * (costs.durationNs[operator] as number)),
    level.map((_, operator) => -operator),
  ];
}

function listPlan({ graph, costs }: GpuProblem, priority: Float64Array, most: number): GpuPlan {
  const { operators } = graph;
  const before = (a: number, b: number): boolean =>
    ((priority[b] as number) - (priority[a] as number) || a - b) < 0;
  const ready = new Heap(before);
  const missing = Int32Array.from(operators, ({ predecessors }) => predecessors.length);
  const streamOf = new Int32Array(operators.length);
  const order = new Int32Array(operators.length);
  const end = new Float64Array(operators.length);
  const tail: number[] = [];
  for (const { id } of operators) {
    if (missing[id] === 0) {
      ready.push(id);
    }
  }
  for (let at = 0; at < order.length; at++) {
    const id = ready.pop() as number;
    order[at] = id;
    const operator = operators[id];
    const predecessors = operator?.predecessors ?? [];
    const stream = streamFor(predecessors, { end, streamOf, tail, most });
    const free = tail[stream] === undefined ? 0 : (end[tail[stream] as number] as number);
    const inputs = predecessors.reduce((last, from) => Math.max(last, end[from] as number), 0);
    end[id] = Math.max(free, inputs) + (costs.durationNs[id] as number);
    streamOf[id] = stream;
    tail[stream] = id;
    for (const successor of operator?.successors ?? []) {
      missing[successor] = (missing[successor] as number) - 1;
      if (missing[successor] === 0) {
        ready.push(successor);
      }
    }
  }
  return { order, streamOf, streams: Math.max(1, tail.length) };
}

/** The stream that the latest predecessor ended, else a new one, else the one idle longest. */
function streamFor(
  predecessors: readonly number[],
  state: {
    readonly end: Float64Array;
    readonly streamOf: Int32Array;
    readonly tail: readonly number[];
    readonly most: number;
  },
): number {
  const { end, streamOf, tail, most } = state;
  const heirs = predecessors.filter((from) => tail[streamOf[from] as number] === from);
  if (heirs.length > 0) {
    const latest = heirs.reduce((a, b) => ((end[b] as number) > (end[a] as number) ? b : a));
    return streamOf[latest] as number;
  }
  if (tail.length < most) {
    return tail.length;
  }
  let idle = 0;
  for (let stream = 1; stream < tail.length; stream++) {
    if ((end[tail[stream] as number] as number) < (end[tail[idle] as number] as number)) {
      idle = stream;
    }
  }
  return idle;
}
