import type { Placement } from "../../placement/placement.js";
import { completeSchedule } from "./complete-schedule.js";
import { searchPeriod } from "./period-search.js";
import type { PipelineOutcome } from "./pipeline-outcome.js";
import { makespanBound } from "./reference/path-bounds.js";

/** Nodes that a run without other wishes may take. */
const DEFAULT_NODES = 1_000_000;

/**
 * The shortest period that `searchPeriod` finds, completed for `microBatches`; `undefined` when it
 * finds none, or none whose ramps fit into memory.
 */
export function exactSchedule(
  placement: Placement,
  microBatches: number,
  maxNodes: number = DEFAULT_NODES,
): PipelineOutcome | undefined {
  const found = searchPeriod(placement, { maxNodes, seed: 1 });
  const { schedule, boundedBy, lowerBound } = found;
  const whole =
    schedule === undefined ? undefined : completeSchedule(placement, schedule, microBatches);
  if (schedule === undefined || whole === undefined || boundedBy === undefined) {
    return undefined;
  }
  const perPeriod = lowerBound.numerator * schedule.microBatchesPerPeriod;
  const makespanLowerBound = makespanBound(placement, microBatches);
  const { kind, device, blocks } = boundedBy;
  return {
    algorithm: "exact",
    periodic: schedule,
    periodLowerBound: Math.ceil(perPeriod / lowerBound.denominator),
    status: found.status === "optimal" ? "optimal" : "bounded",
    boundedBy: { kind, device, blocks },
    whole,
    makespanLowerBound,
    makespanStatus: whole.makespan === makespanLowerBound ? "optimal" : "bounded",
    nodes: found.nodes,
    isCutShort: found.nodes >= maxNodes,
  };
}
