/**
 * Our own search for GPUs: streams and launch order together, judged by the simulator.
 *
 * On a GPU a stream costs almost nothing; what costs is a kernel that stands in front of another
 * one in a stream, or in the device's queue, and keeps it waiting. So
 *
 * 1. a portfolio of list schedules is made (`list-plans.ts`);
 * 2. these and the schedules of all other algorithms are simulated;
 * 3. the best is improved by small changes that the timeline suggests (`improve-gpu-plan.ts`).
 *
 * Example: stem -> {conv 1x1, conv 3x3, pool} -> concat: three streams, the 3x3 first, since its
 * way to the end is longest and the others fit next to its tail.
 *
 * Starting from one rule (critical path first) and stopping there loses to Opara where kernels fill
 * the device: then what matters is which kernels run side by side, which only the simulator sees.
 *
 * Source: ours. The result is never worse than any rival in the simulator, because the rivals are
 * among the starts.
 */

import { bottomLevels } from "../../../ir/path-lengths.js";
import { gpuBounds } from "../../../schedule/gpu-bounds.js";
import { GpuEngine } from "../../../schedule/gpu-engine.js";
import type { GpuProblem } from "../../../schedule/gpu-problem.js";
import { type GpuPlan, gpuArcsOf } from "../../../schedule/gpu-streams.js";
import type { OperatorSchedule } from "../../../schedule/operator-schedule.js";
import { foldStreams } from "../fold-streams.js";
import { composeSchedule } from "../waits.js";
import { improveGpuPlan } from "./improve-gpu-plan.js";
import { listPlans } from "./list-plans.js";

/** Options of the search; the same values yield the same schedule. */
export interface GpuSearchOptions {
  readonly seed?: number;
  /** Phases simulated for the improvement (default 3,000,000). */
  readonly effort?: number;
  /** Most streams (default: no limit). */
  readonly streams?: number;
  /** Schedules that the result must not be worse than, folded onto `streams` where they have more. */
  readonly rivals?: readonly OperatorSchedule[];
}

const DEFAULT_EFFORT = 3_000_000;

/** The best schedule found. */
export function searchGpu(problem: GpuProblem, options: GpuSearchOptions = {}): OperatorSchedule {
  const { graph } = problem;
  const engine = engineFor(problem);
  const most = options.streams ?? Number.POSITIVE_INFINITY;
  const starts = [
    ...(options.rivals ?? []).map((rival) => planOf(foldStreams(problem, rival, most))),
    ...listPlans(problem).map((plan) => folded(problem, plan, most)),
  ];
  let best = starts[0] as GpuPlan;
  let bestNs = Number.POSITIVE_INFINITY;
  for (const plan of starts) {
    const ns = engine.run(plan);
    if (ns < bestNs) {
      best = plan;
      bestNs = ns;
    }
  }
  const improved = improveGpuPlan(graph, engine, best, {
    seed: options.seed ?? 1,
    effort: options.effort ?? DEFAULT_EFFORT,
    lowerBoundNs: gpuBounds(problem).lowerBoundNs,
    streams: most,
  });
  return composeSchedule(graph, "top-compile", improved);
}

/** A plan on at most `most` streams. */
function folded(problem: GpuProblem, plan: GpuPlan, most: number): GpuPlan {
  if (plan.streams <= most) {
    return plan;
  }
  const schedule = composeSchedule(problem.graph, "list", plan);
  return planOf(foldStreams(problem, schedule, most));
}

/** Returns whether the search would start from `schedule` sooner than from any of the rivals. */
export function leadsAsStart(
  problem: GpuProblem,
  schedule: OperatorSchedule,
  rivals: readonly OperatorSchedule[],
): boolean {
  const engine = engineFor(problem);
  const ns = engine.run(planOf(schedule));
  return rivals.every((rival) => ns < engine.run(planOf(rival)));
}

/** Waits for every input on another stream: more waits than needed take no more time. */
function engineFor({ graph, work, costs }: GpuProblem): GpuEngine {
  const { operators } = graph;
  const waits = {
    predecessors: gpuArcsOf(operators.map(({ predecessors }) => predecessors)),
    successors: gpuArcsOf(operators.map(({ successors }) => successors)),
  };
  const gapNs = Math.min(work.launchGapNs, work.eventNs);
  const ways = bottomLevels(
    graph,
    costs.durationNs.map((ns) => ns + gapNs),
  );
  return new GpuEngine(work, waits, { isForAttempts: true, tail: ways.map((ns) => ns - gapNs) });
}

function planOf(schedule: OperatorSchedule): GpuPlan {
  const streamOf = new Int32Array(schedule.launches.length);
  for (const { operator, stream } of schedule.launches) {
    streamOf[operator] = stream;
  }
  const order = Int32Array.from(schedule.launches, ({ operator }) => operator);
  return { order, streamOf, streams: schedule.streams };
}
