import { textTable } from "../core/text-table.js";
import type { ParetoPoint } from "../search/pipeline/pareto.js";

/** Period against memory as a table. */
export function renderPareto(points: readonly ParetoPoint[], columns: number): string {
  if (points.length === 0) {
    return "no memory limit has a schedule, or micro-batches leave memory behind";
  }
  const rows = points.map(({ memory, period, microBatchesPerPeriod, status }) => [
    `${memory}`,
    (period / microBatchesPerPeriod).toFixed(2).replace(/\.00$/, ""),
    `${period}`,
    `${microBatchesPerPeriod}`,
    status === "optimal" ? "proved" : "best found",
  ]);
  const header = ["memory", "per micro-batch", "period", "micro-batches per period", "status"];
  return textTable(header, rows, ["right", "right", "right", "right", "left"], columns);
}
