/**
 * Our own search for GPUs: streams and launch order together, judged by the simulator.
 *
 * On a GPU a stream costs almost nothing; what costs is a kernel that stands in front of another
 * one in a stream, or in the device's queue, and keeps it waiting. So
 *
 * 1. a portfolio of list schedules is made: priorities (way to the end, the same weighted by room,
 *    short first, model order) times numbers of streams; each operator goes on the stream of the
 *    predecessor that ends last if that is still the last of its stream, else on a stream that is
 *    idle longest;
 * 2. these and the schedules of all other algorithms are simulated;
 * 3. the best is improved by small changes that the timeline suggests: an operator that starts
 *    later than its inputs allow goes to another stream or before what it waited behind.
 *
 * Example: stem -> {conv 1x1, conv 3x3, pool} -> concat: three streams, the 3x3 first, since its
 * way to the end is longest and the others fit beside its tail.
 *
 * Starting from one rule (critical path first) and stopping there loses to Opara where kernels fill
 * the device: then what matters is who stands beside whom, which only the simulator sees.
 *
 * Source: ours; list scheduling after HEFT (Topcuoglu et al., IEEE TPDS 2002). The result is never
 * worse than any rival in the simulator, because the rivals are among the starts.
 */
import { Heap } from "../../../core/heap.js";
import { seededRandom } from "../../../core/random.js";
import { operatorId } from "../../../ir/operator-graph.js";
import type { OperatorSchedule } from "../../../schedule/operator-schedule.js";
import { type GpuTimeline, simulateGpu } from "../../../schedule/simulate-gpu.js";
import { bottomLevels } from "../path-lengths.js";
import { composeSchedule } from "../waits.js";
import { gpuBounds } from "./gpu-bounds.js";
import type { GpuProblem } from "./gpu-problem.js";

/** How far the search may go; the same values give the same schedule. */
export interface GpuSearchOptions {
  readonly seed?: number;
  /** Operators launched in all simulations of the improvement (default 600,000). */
  readonly effort?: number;
  /** Schedules that the result must not be worse than. */
  readonly rivals?: readonly OperatorSchedule[];
}

const DEFAULT_EFFORT = 600_000;

const STREAM_COUNTS: readonly number[] = [2, 3, 4, 6, 8, 16, 32];

interface Plan {
  readonly order: Int32Array;
  readonly streamOf: Int32Array;
  readonly streams: number;
}

/** The best schedule found. */
export function searchGpu(problem: GpuProblem, options: GpuSearchOptions = {}): OperatorSchedule {
  const starts: Plan[] = (options.rivals ?? []).map((rival) => planOf(rival));
  for (const priority of priorities(problem)) {
    for (const streams of STREAM_COUNTS) {
      starts.push(listPlan(problem, priority, streams));
    }
  }
  let best = starts[0] ?? listPlan(problem, priorities(problem)[0] ?? new Float64Array(), 1);
  let line = simulate(problem, best);
  for (const plan of starts.slice(1)) {
    const other = simulate(problem, plan);
    if (other.makespanNs < line.makespanNs) {
      best = plan;
      line = other;
    }
  }
  const improved = improve(problem, best, line, options);
  return composeSchedule(problem.graph, "top-compile", improved);
}

function planOf(schedule: OperatorSchedule): Plan {
  const streamOf = new Int32Array(schedule.launches.length);
  for (const { operator, stream } of schedule.launches) {
    streamOf[operator] = stream;
  }
  const order = Int32Array.from(schedule.launches, ({ operator }) => operator);
  return { order, streamOf, streams: schedule.streams };
}

/** Larger first. */
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

function listPlan({ graph, costs }: GpuProblem, priority: Float64Array, most: number): Plan {
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

/** Waits for every input on another stream: more waits than needed take no more time. */
function simulate({ graph, work }: GpuProblem, { order, streamOf, streams }: Plan): GpuTimeline {
  const launches = Array.from(order, (id) => ({
    operator: operatorId(id),
    stream: streamOf[id] as number,
    waits: (graph.operators[id]?.predecessors ?? []).filter(
      (from) => streamOf[from] !== streamOf[id],
    ),
    record: true,
  }));
  return simulateGpu(work, { algorithm: "top-compile", streams, launches });
}

/** Hill climbing over single operators; equal times are accepted, so that plateaus are crossed. */
function improve(
  problem: GpuProblem,
  start: Plan,
  startLine: GpuTimeline,
  options: GpuSearchOptions,
): Plan {
  const { graph } = problem;
  const count = graph.operators.length;
  const random = seededRandom(options.seed ?? 1);
  const bound = gpuBounds(problem).lowerBoundNs;
  let plan = start;
  let line = startLine;
  let late = lateOperators(problem, plan, line);
  const rounds = Math.floor((options.effort ?? DEFAULT_EFFORT) / Math.max(1, count));
  for (let round = 0; round < rounds && line.makespanNs > bound && late.length > 0; round++) {
    const operator = late[random.integer(late.length)] as number;
    const changed =
      random.integer(2) === 0
        ? otherStream(plan, operator, random.integer(plan.streams + 1))
        : earlier(problem, plan, operator, random.next());
    const other = simulate(problem, changed);
    if (other.makespanNs <= line.makespanNs) {
      plan = changed;
      if (other.makespanNs < line.makespanNs) {
        late = lateOperators(problem, plan, other);
      }
      line = other;
    }
  }
  return plan;
}

const MOST_STREAMS = 64;

function otherStream(plan: Plan, operator: number, stream: number): Plan {
  const to = Math.min(stream, MOST_STREAMS - 1);
  const streamOf = plan.streamOf.slice();
  streamOf[operator] = to;
  return { order: plan.order, streamOf, streams: Math.max(plan.streams, to + 1) };
}

/** The operator launched earlier: anywhere between its last predecessor and its place. */
function earlier({ graph }: GpuProblem, plan: Plan, operator: number, where: number): Plan {
  const predecessors = new Set<number>(graph.operators[operator]?.predecessors ?? []);
  const at = plan.order.indexOf(operator);
  let least = at;
  while (least > 0 && !predecessors.has(plan.order[least - 1] as number)) {
    least--;
  }
  const to = least + Math.floor(where * (at - least));
  const order = plan.order.slice();
  order.copyWithin(to + 1, to, at);
  order[to] = operator;
  return { ...plan, order };
}

/** Operators that start later than their inputs allow; all of them when none does. */
function lateOperators({ graph, work }: GpuProblem, plan: Plan, line: GpuTimeline): number[] {
  const late = graph.operators.filter(({ id, predecessors }) => {
    const inputs = predecessors.reduce((last, from) => {
      const gap = plan.streamOf[from] === plan.streamOf[id] ? work.launchGapNs : work.eventNs;
      return Math.max(last, (line.operatorEndNs[from] as number) + gap);
    }, 0);
    return (line.operatorStartNs[id] as number) > inputs + 1;
  });
  return (late.length > 0 ? late : graph.operators).map(({ id }) => id);
}
