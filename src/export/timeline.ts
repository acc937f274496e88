/** A schedule as rows of bars: what pictures of it show. */
import { timedLaunches } from "../artifact/timed-launches.js";
import { formatNs } from "../core/format.js";
import { present } from "../core/invariant.js";
import type { BlockKind } from "../placement/placement.js";
import type { ExportedPipeline, ExportSubject } from "./export-format.js";

/** One operator, or one block of one micro-batch on one device. */
export interface TimelineBar {
  readonly row: number;
  readonly start: number;
  readonly end: number;
  /** Shown where it fits into the bar. */
  readonly label: string;
  /** The whole name. */
  readonly name: string;
  /** Bars of one color have the same number and shade. */
  readonly hue: number;
  readonly shade: "dark" | "middle" | "light";
}

/** The rows and bars of a schedule. */
export interface Timeline {
  readonly rows: readonly string[];
  /** By row, then start. */
  readonly bars: readonly TimelineBar[];
  readonly end: number;
  readonly formatTime: (time: number) => string;
}

const SHADES: Readonly<Record<BlockKind, TimelineBar["shade"]>> = {
  forward: "dark",
  backward: "middle",
  weight: "light",
  other: "dark",
  transfer: "light",
};

/** The timeline of a schedule; `undefined` where nothing is predicted. */
export function timelineOf({ artifact, pipeline }: ExportSubject): Timeline | undefined {
  if (pipeline !== undefined) {
    return pipelineTimeline(pipeline);
  }
  const launches = timedLaunches(present(artifact.operators, "operators section"));
  if (launches === undefined) {
    return undefined;
  }
  const streams = [...new Set(launches.map(({ stream }) => stream))].sort((a, b) => a - b);
  const rowOf = new Map(streams.map((stream, row) => [stream, row]));
  const counts = streams.map(() => 0);
  const bars = launches.map(({ operator, stream, startNs, endNs }): TimelineBar => {
    const row = rowOf.get(stream) ?? 0;
    const before = counts[row] ?? 0;
    counts[row] = before + 1;
    const color = { hue: 0, shade: before % 2 === 0 ? "dark" : "middle" } as const;
    return { row, start: startNs, end: endNs, label: operator, name: operator, ...color };
  });
  return {
    rows: streams.map((stream) => `stream ${stream}`),
    bars: bars.sort(byRow),
    end: bars.reduce((most, { end }) => Math.max(most, end), 0),
    formatTime: formatNs,
  };
}

function pipelineTimeline({ section, placement }: ExportedPipeline): Timeline {
  const blocks = new Map(placement.blocks.map((block) => [block.id, block]));
  const bars = section.instances.flatMap(({ block, microBatch, start, end }): TimelineBar[] => {
    const { kind, devices } = present(blocks.get(block), "block of the placement");
    const name = `${block}, micro-batch ${microBatch}`;
    const color = { hue: microBatch, shade: SHADES[kind] };
    const bar = { start, end, label: String(microBatch), name, ...color };
    return devices.map((row) => ({ row, ...bar }));
  });
  return {
    rows: placement.devices.map(({ name }) => name),
    bars: bars.sort(byRow),
    end: section.makespan,
    formatTime: placement.timeUnit === "ns" ? formatNs : (time) => `${time}`,
  };
}

function byRow(a: TimelineBar, b: TimelineBar): number {
  return a.row - b.row || a.start - b.start || a.end - b.end;
}
