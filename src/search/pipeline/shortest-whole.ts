import type { Placement } from "../../placement/placement.js";
import type { BlockInstance, PipelineSchedule } from "../../schedule/pipeline-schedule.js";
import { solvePart } from "./reference/tessel-part.js";

/** A whole schedule, and whether none is shorter. */
export interface ShortestWhole {
  readonly whole: PipelineSchedule;
  readonly isProved: boolean;
}

/** More block instances than this are left as they are. */
const MOST_INSTANCES = 64;

/**
 * The shortest schedule of as many micro-batches as `known` has, when it is small: bisection between
 * `bound` and what is known, each question answered in full by branching on the order of two blocks.
 *
 * `isProved` also when `known` reaches the bound. Cost: at most `maxNodes` nodes per question.
 */
export function shortestWhole(
  placement: Placement,
  known: PipelineSchedule,
  bound: number,
  maxNodes: number,
): ShortestWhole {
  if (known.makespan <= bound) {
    return { whole: known, isProved: true };
  }
  if (maxNodes === 0 || known.instances.length > MOST_INSTANCES) {
    return { whole: known, isProved: false };
  }
  const instances = known.instances.map(({ block, microBatch }) => ({ block, microBatch }));
  const answer = solvePart(
    placement,
    instances,
    placement.devices.map(() => 0),
    { maxNodes, accept: bound },
  );
  const { starts } = answer;
  if (starts === undefined) {
    return { whole: known, isProved: false };
  }
  const found = instances
    .map(({ block, microBatch }, at): BlockInstance => {
      const start = starts[at] ?? 0;
      const end = start + (placement.blocks[block]?.duration ?? 0);
      return { block, microBatch, start, end, phase: "repetend" };
    })
    .sort((a, b) => a.start - b.start || a.block - b.block || a.microBatch - b.microBatch);
  const makespan = found.reduce((last, { end }) => Math.max(last, end), 0);
  const whole: PipelineSchedule = { microBatches: known.microBatches, instances: found, makespan };
  return {
    whole: makespan < known.makespan ? whole : known,
    isProved: !answer.isCutShort && makespan <= known.makespan,
  };
}
