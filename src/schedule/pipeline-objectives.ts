/**
 * What a whole schedule is to be least in. The span of a device goes from its first start to its last end; authors
 * of zero-bubble schedules measure the longest, as devices that begin later also end later and lose nothing where
 * one step follows the other.
 */
import type { Placement } from "../placement/placement.js";
import { deviceLoads } from "./pipeline-metrics.js";
import type { PipelineSchedule } from "./pipeline-schedule.js";

/** `span`: the longest span of a device; `bubble`: idle time within the spans, of all devices together. */
export const OBJECTIVES = ["makespan", "span", "bubble"] as const;

/** One of them. */
export type Objective = (typeof OBJECTIVES)[number];

/** Time from the first start to the last end on each device; 0 where nothing runs. Cost: O(n). */
export function spansOf(
  { blocks, devices }: Placement,
  whole: PipelineSchedule,
): readonly number[] {
  const first = devices.map(() => Number.POSITIVE_INFINITY);
  const last = devices.map(() => 0);
  for (const { block, start, end } of whole.instances) {
    for (const device of blocks[block]?.devices ?? []) {
      first[device] = Math.min(first[device] ?? start, start);
      last[device] = Math.max(last[device] ?? end, end);
    }
  }
  return devices.map((_, at) => Math.max(0, (last[at] ?? 0) - (first[at] ?? 0)));
}

/** How much a schedule takes in the sense of an objective; links count for nothing but the makespan. */
export function objectiveValue(
  objective: Objective,
  placement: Placement,
  whole: PipelineSchedule,
): number {
  if (objective === "makespan") {
    return whole.makespan;
  }
  const loads = deviceLoads(placement);
  const spans = spansOf(placement, whole).map((span, device) => {
    const idle = span - (loads[device] ?? 0) * whole.microBatches;
    return placement.devices[device]?.isLink === true ? 0 : objective === "span" ? span : idle;
  });
  return objective === "span"
    ? spans.reduce((a, b) => Math.max(a, b), 0)
    : spans.reduce((a, b) => a + b, 0);
}

/** No schedule takes less than this: the largest load, or no idle time. For `makespan`, see `leastMakespan`. */
export function objectiveFloor(
  objective: "span" | "bubble",
  placement: Placement,
  microBatches: number,
): number {
  const loads = deviceLoads(placement).map((load, device) =>
    placement.devices[device]?.isLink === true ? 0 : load * microBatches,
  );
  return objective === "span" ? loads.reduce((a, b) => Math.max(a, b), 0) : 0;
}
