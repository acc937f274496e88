import type { Placement } from "../../placement/placement.js";
import type { BlockInstance, PipelineSchedule } from "../../schedule/pipeline-schedule.js";
import { solvePart } from "./reference/tessel-part.js";
import { shortestByStates } from "./states/shortest-by-states.js";

/** A whole schedule, and whether none is shorter. */
export interface ShortestWhole {
  readonly whole: PipelineSchedule;
  readonly isProved: boolean;
}

/** With more block instances than this, the order of two blocks is not branched on. */
const MOST_ORDERED = 64;
/** With more than this, states are not looked at either. */
const MOST_INSTANCES = 1000;
/** Choices for each node; both take as long. */
const CHOICES_PER_NODE = 25;

/**
 * The shortest schedule of as many micro-batches as `known` has, when it is small: the shortest way through all that the
 * pipeline can be doing, and where that is too much, bisection between `bound` and what is known, each question
 * answered in full by branching on the order of two blocks.
 *
 * `isProved` also when `known` reaches the bound. Cost: at most as long as `maxNodes` nodes take, and as many per question.
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
  const states = shortestByStates(placement, known.microBatches, {
    below: known.makespan,
    choices: maxNodes * CHOICES_PER_NODE,
  });
  if (states.isProved) {
    return { whole: states.whole ?? known, isProved: true };
  }
  if (known.instances.length > MOST_ORDERED) {
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
