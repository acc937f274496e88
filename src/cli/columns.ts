/** The width of reports: one rule for tables, charts, notes and help. */
import type { ChartLayout } from "../report/gantt.js";
import type { Sink } from "./io.js";

/** Columns of files, and of terminals that do not report their width. */
export const USUAL_COLUMNS = 80;

/** Least that `--width` takes; a narrower terminal counts as so wide. */
export const LEAST_COLUMNS = 40;

/** Most that `--width` takes; a wider terminal counts as so wide. */
export const MOST_COLUMNS = 1000;

/**
 * The columns for what is written to `sink`: as asked for, else the terminal's, else
 * `USUAL_COLUMNS`.
 */
export function columnsOf({ columns }: Pick<Sink, "columns">, asked?: number): number {
  return Math.min(MOST_COLUMNS, Math.max(LEAST_COLUMNS, asked ?? columns ?? USUAL_COLUMNS));
}

/** Options for drawing the charts of a report. */
export function layoutOf(
  { columns: width }: { readonly columns: number },
  { ascii }: { readonly ascii?: boolean },
): ChartLayout {
  return { width, style: ascii === true ? "ascii" : "box" };
}
