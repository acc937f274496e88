import { textTable } from "../core/text-table.js";
import type { TriedLayout } from "../placement/presets/tried-layout.js";

/** Layouts that were tried, as a table: the best first, with how much longer the others take. */
export function renderLayouts(layouts: readonly TriedLayout[], columns: number): string {
  const best = layouts[0]?.makespan ?? 0;
  const rows = layouts.map(({ layout, source, makespan }) => [
    layout,
    makespan === undefined ? "none within memory" : `${makespan}`,
    makespan === undefined || best === 0 ? "" : `+${((makespan / best - 1) * 100).toFixed(2)} %`,
    source === "own" ? "to compare with" : "",
  ]);
  const header = ["layout", "makespan, quick search", "", ""];
  return textTable(header, rows, ["left", "right", "right", "left"], columns);
}
