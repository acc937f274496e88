import type { WorkerCosts } from "../../cost/operator-costs.js";
import type { GroupPlan } from "./group-evaluator.js";
import type { GroupGraph } from "./group-graph.js";

/**
 * A first plan for worker threads: critical path first, to the worker where a group ends first.
 *
 * Groups are taken by the longest way to the end of the graph. On each worker, a group could start
 * when the worker is free and its predecessors have ended, those on other workers a signal later;
 * it takes longer by the start of a segment and by hand-overs if it reads from another worker. The
 * worker on which it ends first gets it.
 *
 * This looks at one group at a time, and does not see that reading from another worker also cuts
 * that worker's segment, or that what follows has to come back. `caution` multiplies the costs of
 * crossing, so that a portfolio of plans (bold to careful) can be compared in the simulator.
 *
 * Source: HEFT, Topcuoglu, Hariri, Wu, IEEE TPDS 13(3), 2002. Differs: no insertion into gaps (a
 * worker runs its launches in order), `caution`.
 *
 * Order: ties go to the group with the lower number, and to the worker that holds most of what the
 * group reads, then to the lowest. Cost: O(V log V + E * workers).
 */
export function listSchedule(
  groups: GroupGraph,
  costs: WorkerCosts,
  workers: number,
  caution: number,
): GroupPlan {
  const { count, workNs, predecessors } = groups;
  const order = byWayToTheEnd(groups);
  const workerOf = new Int32Array(count);
  const endNs = new Float64Array(count);
  const freeNs = new Float64Array(workers);
  for (const group of order) {
    let best = 0;
    let bestEnd = Number.POSITIVE_INFINITY;
    let bestHeld = -1;
    for (let worker = 0; worker < workers; worker++) {
      const { readyNs, crossingNs, held } = approach(group, worker);
      const start = Math.max(freeNs[worker]!, readyNs);
      const end = start + crossingNs + workNs[group]!;
      if (end < bestEnd || (end === bestEnd && held > bestHeld)) {
        best = worker;
        bestEnd = end;
        bestHeld = held;
      }
    }
    workerOf[group] = best;
    endNs[group] = bestEnd;
    freeNs[best] = bestEnd;
  }
  return { order, workerOf, isQuiet: new Uint8Array(count) };

  /** The time at which the predecessors of `group` are done for `worker`, and the cost to read them. */
  function approach(
    group: number,
    worker: number,
  ): { readonly readyNs: number; readonly crossingNs: number; readonly held: number } {
    let readyNs = 0;
    let crossingNs = 0;
    let held = 0;
    const end = predecessors.start[group + 1]!;
    for (let i = predecessors.start[group]!; i < end; i++) {
      const predecessor = predecessors.items[i]!;
      const isNear = workerOf[predecessor] === worker;
      held += isNear ? 1 : 0;
      crossingNs = isNear ? crossingNs : costs.segmentNs * caution;
      const signal = isNear ? 0 : costs.signalNs * caution;
      readyNs = Math.max(readyNs, endNs[predecessor]! + signal);
    }
    return { readyNs, crossingNs: crossingNs + handOvers(group, worker) * caution, held };
  }

  function handOvers(group: number, worker: number): number {
    let sum = 0;
    const end = groups.reads.start[group + 1]!;
    for (let i = groups.reads.start[group]!; i < end; i++) {
      const tensor = groups.reads.items[i]!;
      const from = groups.writer[tensor]!;
      if (from >= 0 && workerOf[from] !== worker) {
        sum += groups.handOverNs[tensor]!;
      }
    }
    return sum;
  }
}

/** Groups by the longest way to the end, work included; a topological order. */
function byWayToTheEnd({ count, workNs, successors }: GroupGraph): Int32Array {
  const way = new Float64Array(count);
  for (let group = count - 1; group >= 0; group--) {
    let after = 0;
    const end = successors.start[group + 1]!;
    for (let i = successors.start[group]!; i < end; i++) {
      after = Math.max(after, way[successors.items[i]!]!);
    }
    way[group] = after + workNs[group]!;
  }
  const order = Int32Array.from({ length: count }, (_, group) => group);
  return order.sort((a, b) => way[b]! - way[a]! || a - b);
}

/** Every group on one worker, in order. */
export function sequentialPlan(count: number): GroupPlan {
  return {
    order: Int32Array.from({ length: count }, (_, group) => group),
    workerOf: new Int32Array(count),
    isQuiet: new Uint8Array(count),
  };
}
