/** Launchers that change their policy, in words. */
import type { ArtifactAdaptive } from "../artifact/adaptive-policy.js";
import { formatCell, formatNs } from "../core/format.js";
import { textTable } from "../core/text-table.js";
import { figure } from "./figure.js";

/** What changes a policy; for a table of several rows the rows themselves. Empty: it stays the same. */
export function adaptiveLines(
  adaptive: ArtifactAdaptive | undefined,
  models: readonly string[],
  columns: number,
): readonly string[] {
  if (adaptive === undefined) {
    return [];
  }
  const every = `every ${formatNs(adaptive.tickNs)}`;
  if (adaptive.kind === "learned") {
    return [`begins so; ${every} two networks set variant, batch, tasks and period`];
  }
  const { rows } = adaptive;
  const cells = rows.flatMap((row) =>
    row.models.map(({ variant, batch, concurrency, periodNs }, at) => [
      figure(row.ratesPerSecond[at] ?? 0),
      formatCell(models[at] ?? ""),
      variant,
      `${batch}`,
      `${concurrency}`,
      periodNs === 0 ? "-" : formatNs(periodNs),
    ]),
  );
  const header = ["per second", "model", "variant", "batch", "tasks", "period"];
  const right = ["right", "right", "right"] as const;
  return [
    rows.length === 1
      ? "learned, and the same at all rates:"
      : `${every} what is here for the nearest rates:`,
    textTable(header, cells, ["right", "name", "left", ...right], columns),
  ];
}
