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
import { bottomLevels } from "../../../ir/path-lengths.js";
import type { GpuProblem } from "../../../schedule/gpu-problem.js";
import { type GpuArcs, type GpuPlan, gpuArcsOf } from "../../../schedule/gpu-streams.js";

const STREAM_COUNTS: readonly number[] = [2, 3, 4, 6, 8, 16, 32];

/** Plans by every priority on every number of streams. Cost: O(V log V + E) each. */
export function listPlans(problem: GpuProblem): GpuPlan[] {
  const before = gpuArcsOf(problem.graph.operators.map(({ predecessors }) => predecessors));
  return priorities(problem).flatMap((priority) => {
    const order = launchOrder(problem, priority);
    return STREAM_COUNTS.map((streams) =>
      listPlan(problem.costs.durationNs, before, order, streams),
    );
  });
}

/** Larger first: way to the end, the same by room, the first but short ones first, model order. */
function priorities(problem: GpuProblem): Float64Array[] {
  const { graph, costs, work } = problem;
  const level = bottomLevels(graph, costs.durationNs);
  const room = new Float64Array(graph.operators.length);
  for (let operator = 0; operator < room.length; operator++) {
    const from = work.phase[work.first[operator]!]!;
    const to = work.phase[work.first[operator + 1]!]!;
    for (let phase = from; phase < to; phase++) {
      room[operator] = room[operator]! + work.share[phase]! * work.phaseNs[phase]!;
    }
  }
  const weighted = bottomLevels(graph, room);
  return [
    level,
    weighted,
    level.map((ns, operator) => ns - 2 * costs.durationNs[operator]!),
    level.map((_, operator) => -operator),
  ];
}

/** The operators that are ready, the most urgent first: the same for any number of streams. */
function launchOrder({ graph: { operators } }: GpuProblem, priority: Float64Array): Int32Array {
  const ready = new Heap((a, b) => {
    const difference = priority[b]! - priority[a]!;
    return difference < 0 || (difference === 0 && a < b);
  });
  const missing = Int32Array.from(operators, ({ predecessors }) => predecessors.length);
  for (const { id } of operators) {
    if (missing[id] === 0) {
      ready.push(id);
    }
  }
  const order = new Int32Array(operators.length);
  for (let at = 0; at < order.length; at++) {
    const id = ready.pop()!;
    order[at] = id;
    for (const successor of operators[id]?.successors ?? []) {
      missing[successor] = missing[successor]! - 1;
      if (missing[successor] === 0) {
        ready.push(successor);
      }
    }
  }
  return order;
}

function listPlan(
  durationNs: Float64Array,
  before: GpuArcs,
  order: Int32Array,
  most: number,
): GpuPlan {
  const streamOf = new Int32Array(order.length);
  const end = new Float64Array(order.length);
  const tail = new Int32Array(most);
  let streams = 0;
  for (const id of order) {
    const from = before.start[id]!;
    const to = before.start[id + 1]!;
    let inputs = 0;
    let heir = -1;
    for (let arc = from; arc < to; arc++) {
      const operator = before.items[arc]!;
      const stream = streamOf[operator]!;
      if (tail[stream] === operator && (heir < 0 || end[operator]! > end[heir]!)) {
        heir = operator;
      }
      inputs = Math.max(inputs, end[operator]!);
    }
    const isNew = heir < 0 && streams < most;
    const stream = heir >= 0 ? streamOf[heir]! : isNew ? streams : idlest(tail, end);
    const free = isNew ? 0 : end[tail[stream]!]!;
    end[id] = Math.max(free, inputs) + durationNs[id]!;
    streamOf[id] = stream;
    tail[stream] = id;
    streams += isNew ? 1 : 0;
  }
  return { order, streamOf, streams: Math.max(1, streams) };
}

/** The stream whose last operator ends first. */
function idlest(tail: Int32Array, end: Float64Array): number {
  let idle = 0;
  for (let stream = 1; stream < tail.length; stream++) {
    if (end[tail[stream]!]! < end[tail[idle]!]!) {
      idle = stream;
    }
  }
  return idle;
}
