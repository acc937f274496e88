import type { WorkerCosts } from "../../cost/operator-costs.js";
import { runSegments } from "../../schedule/run-segments.js";
import type { GroupGraph } from "./group-graph.js";

/**
 * The time that a plan of groups takes on worker threads: the same numbers as composing the
 * schedule, cutting it into segments and simulating it, without making any of these records.
 *
 * Waits come from vector clocks: for each launch and worker, the last launch of that worker known
 * to have ended. With as few streams as a CPU has workers that is shorter than asking for
 * reachability. A launch needs, per other worker, the latest launch that it depends on; taken from
 * the latest to the earliest, each one is a wait unless a clock taken in before knows it.
 */

/** Workers and order of groups. */
export interface GroupPlan {
  /** Groups in launch order: topological. */
  readonly order: Int32Array;
  /** By group. */
  readonly workerOf: Int32Array;
  /** By group; see `StreamAssignment.isQuiet`. */
  readonly isQuiet: Uint8Array;
}

/** The result of an evaluation; `segmentOf` is overwritten by the next evaluation. */
export interface PlanEvaluation {
  readonly makespanNs: number;
  readonly segments: number;
  /** Segment of each group. */
  readonly segmentOf: Int32Array;
}

/**
 * An evaluator with its own buffers. `extent`: the groups are the whole model, whose one segment runs
 * on the calling thread and costs nothing to start, or a part of it, whose segment may be one of
 * several. Cost of a call: O((groups + dependencies) * workers).
 */
export function groupEvaluator(
  groups: GroupGraph,
  costs: WorkerCosts,
  extent: "model" | "part" = "model",
): (plan: GroupPlan) => PlanEvaluation {
  const { count, predecessors, reads, writer, handOverNs } = groups;
  const width = costs.workers;
  const position = new Int32Array(count);
  const next = new Int32Array(count);
  const first = new Int32Array(width);
  const last = new Int32Array(width);
  const clock = new Int32Array(count * width);
  const need = new Int32Array(width);
  const waitStart = new Int32Array(count + 1);
  const waitedPositions: number[] = [];
  const isRecorded = new Uint8Array(count);
  const segmentOf = new Int32Array(count);
  const load = {
    segments: 0,
    worker: new Int32Array(count),
    workNs: new Float64Array(count),
    waitStart: new Int32Array(count + 1),
    waits: new Int32Array(0),
  };
  const stamp = new Int32Array(writer.length);

  return (plan) => {
    link(plan);
    findWaits(plan);
    const segments = cut(plan);
    weigh(plan, segments);
    const { makespanNs } = runSegments(load, costs, false);
    return { makespanNs, segments, segmentOf };
  };

  /** Positions, and for each the next one of its worker. */
  function link({ order, workerOf }: GroupPlan): void {
    first.fill(count);
    for (let at = count - 1; at >= 0; at--) {
      const group = order[at]!;
      const worker = workerOf[group]!;
      position[group] = at;
      next[at] = first[worker]!;
      first[worker] = at;
    }
  }

  function findWaits({ order, workerOf, isQuiet }: GroupPlan): void {
    last.fill(-1);
    isRecorded.fill(0);
    waitedPositions.length = 0;
    for (let at = 0; at < count; at++) {
      const group = order[at]!;
      const worker = workerOf[group]!;
      const row = at * width;
      const before = last[worker]!;
      for (let w = 0; w < width; w++) {
        clock[row + w] = before < 0 ? -1 : clock[before * width + w]!;
      }
      need.fill(-1);
      const end = predecessors.start[group + 1]!;
      for (let i = predecessors.start[group]!; i < end; i++) {
        const predecessor = predecessors.items[i]!;
        const other = workerOf[predecessor]!;
        if (other !== worker) {
          let signal = position[predecessor]!;
          while (isQuiet[order[signal]!] === 1 && next[signal]! < at) {
            signal = next[signal]!;
          }
          need[other] = Math.max(need[other]!, signal);
        }
      }
      takeWaits(row);
      clock[row + worker] = at;
      last[worker] = at;
      waitStart[at + 1] = waitedPositions.length;
    }
  }

  /** Turns needs into waits, the latest first. */
  function takeWaits(row: number): void {
    for (;;) {
      let chosen = 0;
      for (let w = 1; w < width; w++) {
        if (need[w]! > need[chosen]!) {
          chosen = w;
        }
      }
      const signal = need[chosen]!;
      if (signal < 0) {
        return;
      }
      need[chosen] = -1;
      if (signal > clock[row + chosen]!) {
        waitedPositions.push(signal);
        isRecorded[signal] = 1;
        for (let w = 0; w < width; w++) {
          const known = clock[signal * width + w]!;
          clock[row + w] = Math.max(clock[row + w]!, known);
        }
      }
    }
  }

  /** Cuts before waits and after records; the number of segments. */
  function cut({ order, workerOf }: GroupPlan): number {
    if (load.waits.length < waitedPositions.length) {
      load.waits = new Int32Array(waitedPositions.length * 2);
    }
    last.fill(-1);
    let segments = 0;
    let waits = 0;
    for (let at = 0; at < count; at++) {
      const group = order[at]!;
      const worker = workerOf[group]!;
      const end = waitStart[at + 1]!;
      if (last[worker]! < 0 || end > waits) {
        load.worker[segments] = worker;
        last[worker] = segments;
        for (; waits < end; waits++) {
          const waited = order[waitedPositions[waits]!]!;
          load.waits[waits] = segmentOf[waited]!;
        }
        segments++;
        load.waitStart[segments] = waits;
      }
      segmentOf[group] = last[worker]!;
      if (isRecorded[at] === 1) {
        last[worker] = -1;
      }
    }
    load.segments = segments;
    return segments;
  }

  /** Work of each segment: start, groups, and each tensor from another segment once. */
  function weigh({ order }: GroupPlan, segments: number): void {
    if (segments === 1 && extent === "model") {
      load.workNs[0] = groups.workNs.reduce((sum, ns) => sum + ns, 0);
      return;
    }
    load.workNs.fill(costs.segmentNs, 0, segments);
    stamp.fill(-1);
    for (let worker = 0; worker < width; worker++) {
      for (let at = first[worker]!; at < count; at = next[at]!) {
        const group = order[at]!;
        const segment = segmentOf[group]!;
        let work = groups.workNs[group]!;
        const end = reads.start[group + 1]!;
        for (let i = reads.start[group]!; i < end; i++) {
          const tensor = reads.items[i]!;
          const from = writer[tensor]!;
          const isOutside = from < 0 || segmentOf[from] !== segment;
          if (isOutside && stamp[tensor] !== segment) {
            stamp[tensor] = segment;
            work += handOverNs[tensor]!;
          }
        }
        load.workNs[segment] = load.workNs[segment]! + work;
      }
    }
  }
}
