/** A chart of horizontal bars for a terminal: a row each, all on one scale from 0. */
import { shortened } from "../core/shortened.js";
import type { ChartLayout } from "./gantt.js";

/** One bar. */
export interface Bar {
  readonly label: string;
  /** At least 0. */
  readonly value: number;
  /** The value in words. */
  readonly text: string;
}

const FILL = { box: "█", ascii: "#" } as const;

/** Columns of bars at least, however long labels are. */
const LEAST_CELLS = 10;

/** The bars as lines of at most `width` columns. Cost: O(bars x columns). */
export function renderBars(bars: readonly Bar[], { width, style }: ChartLayout): string {
  const labels = bars.map(({ label }) => shortened(label, Math.max(LEAST_CELLS, width / 4)));
  const gutter = Math.max(0, ...labels.map(({ length }) => length)) + 2;
  const textWidth = Math.max(0, ...bars.map(({ text }) => text.length)) + 1;
  const cells = Math.max(LEAST_CELLS, width - gutter - textWidth);
  const most = Math.max(0, ...bars.map(({ value }) => value));
  return bars
    .map(({ value, text }, at) => {
      const length = most === 0 ? 0 : Math.round((cells * value) / most);
      const label = (labels[at] ?? "").padEnd(gutter);
      return `${label}${FILL[style].repeat(length)} ${text}`.trimEnd();
    })
    .join("\n");
}
