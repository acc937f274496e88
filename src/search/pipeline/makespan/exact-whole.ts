/**
 * The shortest whole schedule, by branching on the order of two instances of a device.
 *
 * A makespan just below the known one is assumed. Where windows (`whole-windows.ts`) neither refute it nor leave
 * nothing open, the two instances that can start first and whose order is open are ordered both ways. Where nothing
 * is open, the earliest starts are a schedule, and a shorter makespan is asked about. Where all ways are refuted, what
 * is known is the shortest.
 *
 * Example: interleaved 1F1B on four devices, two chunks, memory 5, 8 micro-batches: windows alone leave 74 open;
 * all ways to order its blocks are refuted, so 75 is least.
 *
 * Source: branch and bound over disjunctions (Carlier and Pinson, 1989).
 */
import type { Placement } from "../../../placement/placement.js";
import type { BlockInstance, PipelineSchedule } from "../../../schedule/pipeline-schedule.js";
import { chainsOf } from "./chain-problem.js";
import { WholeWindows } from "./whole-windows.js";

/** A whole schedule, and whether none is shorter. */
export interface ExactWhole {
  readonly whole: PipelineSchedule;
  readonly isProved: boolean;
}

/**
 * A schedule as short as `known` or shorter; proved where `maxWork`, in block instances looked at, was enough.
 *
 * Requires: a valid schedule within the memory limits, and that none is shorter than `bound`. Deterministic.
 */
export function exactWhole(
  placement: Placement,
  known: PipelineSchedule,
  bound: number,
  maxWork: number,
): ExactWhole {
  const ways = chainsOf(placement, known.microBatches);
  let whole = known;
  let left = maxWork;
  while (whole.makespan > bound && left > 0) {
    const open = [new WholeWindows(ways, whole.makespan - 1)];
    let found: PipelineSchedule | undefined;
    for (let at = open.pop(); at !== undefined && found === undefined; at = open.pop()) {
      const isRefuted = at.isRefuted(left);
      left -= at.work;
      if (left <= 0) {
        return { whole, isProved: false };
      }
      const branches = isRefuted ? undefined : at.branches();
      if (branches !== undefined) {
        open.push(branches[1], branches[0]);
      } else if (!isRefuted) {
        found = scheduleOf(placement, known.microBatches, at.starts);
      }
    }
    if (found === undefined) {
      return { whole, isProved: true };
    }
    whole = found;
  }
  return { whole, isProved: whole.makespan <= bound };
}

function scheduleOf(
  { blocks }: Placement,
  microBatches: number,
  starts: Float64Array,
): PipelineSchedule {
  const instances = Array.from(starts, (start, at): BlockInstance => {
    const block = Math.floor(at / microBatches);
    const end = start + (blocks[block]?.duration ?? 0);
    return { block, microBatch: at % microBatches, start, end, phase: "repetend" };
  });
  instances.sort((a, b) => a.start - b.start || a.block - b.block || a.microBatch - b.microBatch);
  const makespan = instances.reduce((last, { end }) => Math.max(last, end), 0);
  return { microBatches, instances, makespan };
}
