import type { OperatorProblem } from "../../schedule/operator-problem.js";
import type { OperatorSchedule } from "../../schedule/operator-schedule.js";
import { composeSchedule } from "./waits.js";

/**
 * A schedule with any number of streams, on a device that runs only a few at a time.
 *
 * Streams keep their operators together: they are what an algorithm thought belongs together. In
 * launch order, a stream is given a worker when its first operator comes up: the worker on which
 * that operator can start first. All later operators of the stream follow it there. Among equals a
 * worker that already holds a predecessor of the operator wins (no hand-over), then the lowest.
 *
 * Example: streams {stem, a, join}, {b}, {c} on two workers: the first goes to worker 0; b can start
 * on worker 1 when the stem ends; c goes to worker 1 if b is shorter than a, else to worker 0.
 *
 * Numbering streams modulo the workers instead would put two long branches on one worker while
 * another is idle.
 *
 * Source: list scheduling, Graham, Bell System Technical Journal 1966, with streams as the jobs.
 */

/**
 * The schedule on at most `workers` streams, waits recomputed; the schedule itself when it fits.
 *
 * Order: the launch order is kept. Cost: O(E + streams * workers) and the waits.
 */
export function foldStreams(
  { graph, costs }: OperatorProblem,
  schedule: OperatorSchedule,
  workers: number,
): OperatorSchedule {
  if (schedule.streams <= workers) {
    return schedule;
  }
  const count = graph.operators.length;
  const order = new Int32Array(count);
  const streamOf = new Int32Array(count);
  const workerOf = new Int32Array(schedule.streams).fill(-1);
  const freeAt = new Float64Array(workers);
  const endOf = new Float64Array(count);
  for (const [at, { operator, stream }] of schedule.launches.entries()) {
    order[at] = operator;
    const predecessors = graph.operators[operator]?.predecessors ?? [];
    let ready = 0;
    for (const predecessor of predecessors) {
      ready = Math.max(ready, endOf[predecessor]!);
    }
    if (workerOf[stream]! < 0) {
      const near = new Set(predecessors.map((predecessor) => streamOf[predecessor]!));
      workerOf[stream] = firstFree(freeAt, ready, near);
    }
    const worker = workerOf[stream]!;
    streamOf[operator] = worker;
    endOf[operator] = Math.max(freeAt[worker]!, ready) + costs.durationNs[operator]!;
    freeAt[worker] = endOf[operator]!;
  }
  return composeSchedule(graph, schedule.algorithm, { order, streamOf });
}

/** The worker that can start something ready at `ready` first; equals: one in `near`, then the lowest. */
function firstFree(freeAt: Float64Array, ready: number, near: ReadonlySet<number>): number {
  let best = 0;
  for (let worker = 1; worker < freeAt.length; worker++) {
    const start = Math.max(freeAt[worker]!, ready);
    const bestStart = Math.max(freeAt[best]!, ready);
    if (start < bestStart || (start === bestStart && near.has(worker) && !near.has(best))) {
      best = worker;
    }
  }
  return best;
}
