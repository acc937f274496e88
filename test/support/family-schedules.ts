import type { Placement } from "../../src/placement/placement.js";
import { FAMILIES } from "../../src/schedule/family-names.js";
import type { PipelineSchedule } from "../../src/schedule/pipeline-schedule.js";
import { familySchedule } from "../../src/search/pipeline/reference/families.js";

/** The schedules of all families that take the placement and stay within its memory, shortest first. */
export function familySchedules(
  placement: Placement,
  microBatches: number,
): readonly PipelineSchedule[] {
  return FAMILIES.flatMap((family) => {
    const whole = familySchedule(family, placement, microBatches);
    return whole.ok ? [whole.value] : [];
  }).sort((a, b) => a.makespan - b.makespan);
}
