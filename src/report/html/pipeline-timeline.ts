/** The blocks of a pipeline on its devices, and the memory that they hold. */
import type { PipelineSection } from "../../artifact/pipeline-section.js";
import { blockPositions, wholeOf } from "../../artifact/section-schedules.js";
import { formatCell } from "../../core/format.js";
import { waitedFor } from "../../placement/micro-batches.js";
import type { BlockKind, Dependency, Placement } from "../../placement/placement.js";
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
  const before = dependenciesInto(placement);
  const { microBatches } = section;
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
      waits: (before[at] ?? []).flatMap((dependency) =>
        waitedFor(placement, dependency, microBatch, microBatches).map((each) =>
          keyOf(placement.blocks[dependency.from]?.id ?? "", each),
        ),
      ),
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

/** The dependencies of each block on what it waits for. */
function dependenciesInto({ blocks, dependencies }: Placement): readonly (readonly Dependency[])[] {
  const before: Dependency[][] = blocks.map(() => []);
  for (const dependency of dependencies) {
    before[dependency.to]?.push(dependency);
  }
  return before;
}

/** The memory of every device over the whole schedule; `undefined` where no block changes any. */
export function memoryCurves(
  section: PipelineSection,
  placement: Placement,
  id: string,
): CurveData | undefined {
  const isIdle = placement.blocks.every(
    ({ memory, workspace, elsewhere }) =>
      memory === 0 && workspace === 0 && elsewhere === undefined,
  );
  if (isIdle && placement.devices.every(({ reserved }) => reserved === undefined)) {
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
      y: memory.map((point) => point.memory + (placement.devices[device]?.reserved ?? 0)),
    })),
  };
}
