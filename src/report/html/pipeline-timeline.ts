/** The blocks of a pipeline on its devices, and the memory that they hold. */
import type { PipelineSection } from "../../artifact/pipeline-section.js";
import { blockPositions, wholeOf } from "../../artifact/section-schedules.js";
import { formatCell } from "../../core/format.js";
import type { BlockKind, Placement } from "../../placement/placement.js";
import { simulatePipeline } from "../../schedule/simulate-pipeline.js";
import { memoryOf, windowsOf } from "../pipeline.js";
import { deltasOf } from "./columns.js";
import type { CurveData, TimelineData } from "./page-data.js";
import { type LaneEvent, MOST_LANES, timelineOf } from "./timeline-events.js";

/** Kinds of blocks in the order of their colors. */
export const BLOCK_KINDS: readonly BlockKind[] = [
  "forward",
  "backward",
  "weight",
  "other",
  "transfer",
];

/** The instances of a section's blocks, an event on each device of a block. */
export function pipelineTimeline(section: PipelineSection, placement: Placement): TimelineData {
  const positionOf = blockPositions(placement);
  const before = idsBefore(placement);
  const events = section.instances.flatMap(({ block, microBatch, start, end }): LaneEvent[] => {
    const at = positionOf(block);
    const spec = placement.blocks[at];
    return (spec?.devices ?? []).map((lane) => ({
      lane,
      start,
      end,
      label: formatCell(block),
      number: microBatch,
      color: BLOCK_KINDS.indexOf(spec?.kind ?? "other"),
      key: keyOf(block, microBatch),
      waits: (before[at] ?? []).map((id) => keyOf(id, microBatch)),
      isOnChain: false,
    }));
  });
  return timelineOf(events, {
    lanes: placement.devices.map(({ name }) => formatCell(name)),
    colors: BLOCK_KINDS,
    views: windowsOf(section).map(({ title, from, to }) => ({ title, from, to })),
  });
}

function keyOf(block: string, microBatch: number): string {
  return `${microBatch} ${block}`;
}

/** Ids of the blocks that each block waits for. */
function idsBefore({ blocks, dependencies }: Placement): readonly (readonly string[])[] {
  const before: string[][] = blocks.map(() => []);
  for (const { from, to } of dependencies) {
    before[to]?.push(blocks[from]?.id ?? "");
  }
  return before;
}

/** The memory of every device over the whole schedule; `undefined` where no block changes any. */
export function memoryCurves(
  section: PipelineSection,
  placement: Placement,
  id: string,
): CurveData | undefined {
  if (placement.blocks.every(({ memory, workspace }) => memory === 0 && workspace === 0)) {
    return undefined;
  }
  const timelines = simulatePipeline(placement, wholeOf(section, blockPositions(placement)));
  const isBytes = memoryOf(placement) !== String;
  return {
    id,
    x: { label: "time", quantity: "time" },
    y: { label: isBytes ? "memory" : "memory in units", quantity: isBytes ? "bytes" : "number" },
    isStepped: true,
    followsTimeline: true,
    series: timelines.slice(0, MOST_LANES).map(({ memory }, device) => ({
      name: formatCell(placement.devices[device]?.name ?? ""),
      dx: deltasOf(memory.map(({ time }) => time)),
      y: memory.map((point) => point.memory),
    })),
  };
}
