/**
 * A Gantt chart for a terminal: a row per stream, time to the right.
 *
 * Each cell stands for the same length of time and shows the bar that fills most of it. Neighboring
 * bars have different fills, so that they can be told apart; a label overwrites a bar that is long
 * enough. A cell that is busy for less than half of its time shows as idle: many short bars in one
 * cell add up, so a busy row never looks idle.
 */

import { shortened } from "../core/shortened.js";

/** One bar. */
export interface GanttBar {
  readonly row: number;
  readonly start: number;
  readonly end: number;
  /** Shown where it fits into the bar. */
  readonly label: string;
}

/** The contents of a chart. */
export interface GanttChart {
  /** Names of the rows. */
  readonly rows: readonly string[];
  readonly bars: readonly GanttBar[];
  /** The time from the left edge to the right edge, in the unit of the bars. */
  readonly end: number;
  /** Time at the left edge, for the axis; default 0. */
  readonly origin?: number;
  /** Text of a time, for the axis. */
  readonly formatTime: (time: number) => string;
}

/** Options for drawing a chart. */
export interface ChartLayout {
  /** Columns, at least 30. */
  readonly width: number;
  /** `ascii` for terminals and files that have no block characters. */
  readonly style: "box" | "ascii";
}

/** Fills of bars in turn, and of idle time. */
const FILL = {
  box: { bars: ["█", "▓"], idle: "·" },
  ascii: { bars: ["#", "="], idle: "." },
} as const;

/** Names of rows take at most a quarter of the columns, or this many. */
const LEAST_NAME = 8;

/** Ticks of the axis stand at least this far apart. */
const TICK_COLUMNS = 20;

/** The chart as lines of at most `width` columns. Cost: O(bars log bars + cells). */
export function renderGantt(chart: GanttChart, { width, style }: ChartLayout): string {
  const names = chart.rows.map((row) => shortened(row, Math.max(LEAST_NAME, width / 4)));
  const gutter = Math.max(0, ...names.map((name) => name.length)) + 2;
  const cells = Math.max(10, width - gutter);
  const bars: GanttBar[][] = chart.rows.map(() => []);
  for (const bar of chart.bars) {
    bars[bar.row]?.push(bar);
  }
  const scale = chart.end <= 0 ? 0 : cells / chart.end;
  const lines = names.map((name, row) => {
    const sorted = (bars[row] ?? []).sort((a, b) => a.start - b.start || a.end - b.end);
    return `${name.padEnd(gutter)}${rowOf(sorted, { cells, scale, style })}`;
  });
  return [...lines, `${" ".repeat(gutter)}${axisOf(chart, cells)}`].join("\n");
}

interface RowLayout {
  readonly cells: number;
  /** Cells per unit of time. */
  readonly scale: number;
  readonly style: ChartLayout["style"];
}

function rowOf(bars: readonly GanttBar[], layout: RowLayout): string {
  const { cells, style } = layout;
  const owner = ownersOf(bars, layout);
  const { bars: fills, idle } = FILL[style];
  const row = Array.from(owner, (bar): string => (bar < 0 ? idle : (fills[bar % 2] ?? idle)));
  for (let first = 0; first < cells; ) {
    const bar = owner[first] ?? -1;
    let end = first + 1;
    while (end < cells && owner[end] === bar) {
      end++;
    }
    const label = [...(bars[bar]?.label ?? "")];
    if (bar >= 0 && end - first >= label.length + 2) {
      row.splice(first + 1, label.length, ...label);
    }
    first = end;
  }
  return row.join("");
}

/** For each cell the bar that fills most of it, or -1 where less than half is filled. */
function ownersOf(bars: readonly GanttBar[], { cells, scale }: RowLayout): Int32Array {
  const busy = new Float64Array(cells);
  const most = new Float64Array(cells);
  const owner = new Int32Array(cells).fill(-1);
  bars.forEach((bar, at) => {
    const from = Math.max(0, bar.start * scale);
    const to = Math.min(cells, bar.end * scale);
    for (let cell = Math.floor(from); cell < Math.ceil(to); cell++) {
      const share = Math.min(to, cell + 1) - Math.max(from, cell);
      busy[cell] = (busy[cell] ?? 0) + share;
      if (share > (most[cell] ?? 0)) {
        most[cell] = share;
        owner[cell] = at;
      }
    }
  });
  return owner.map((bar, cell) => ((busy[cell] ?? 0) >= 0.5 ? bar : -1));
}

/** Times under the chart: each ends at its place, the last at the right edge. */
function axisOf({ end, origin = 0, formatTime }: GanttChart, cells: number): string {
  const ticks = Math.max(1, Math.floor(cells / TICK_COLUMNS));
  let axis = origin === 0 ? "0" : formatTime(origin);
  for (let tick = 1; tick <= ticks; tick++) {
    const text = formatTime(origin + (end * tick) / ticks);
    const room = Math.round((cells * tick) / ticks) - axis.length;
    axis += text.length < room ? text.padStart(room) : "";
  }
  return axis;
}
