import type { Placement } from "../placement/placement.js";
import type { PeriodicSchedule, PipelineSchedule } from "../schedule/pipeline-schedule.js";
import type { PipelineSection } from "./pipeline-section.js";

/** A block's position by its name in the placement; -1 for a name that it does not have. */
export type BlockPosition = (id: string) => number;

/** Positions of the blocks of `placement`. Cost: O(n), then O(1) a call. */
export function blockPositions({ blocks }: Placement): BlockPosition {
  const positions = new Map(blocks.map(({ id }, at) => [id, at]));
  return (id) => positions.get(id) ?? -1;
}

/** The repeating schedule of a section, as written: it need not be right. */
export function periodicOf(section: PipelineSection, positionOf: BlockPosition): PeriodicSchedule {
  const { period, microBatchesPerPeriod } = section;
  const repetend = section.repetend.map((entry) => ({ ...entry, block: positionOf(entry.block) }));
  return { period, microBatchesPerPeriod, repetend };
}

/** The whole schedule of a section, as written: it need not be right. */
export function wholeOf(section: PipelineSection, positionOf: BlockPosition): PipelineSchedule {
  const { microBatches, makespan } = section;
  const instances = section.instances.map(({ block, microBatch, start, end, phase }) => ({
    block: positionOf(block),
    microBatch,
    start,
    end,
    phase,
  }));
  return { microBatches, makespan, instances };
}
