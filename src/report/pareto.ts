import { textTable } from "../core/text-table.js";
import type { ParetoPoint } from "../search/pipeline/pareto.js";
import { leastUpToWords } from "./pipeline.js";

/** Period against memory as a table. */
export function renderPareto(points: readonly ParetoPoint[], columns: number): string {
  if (points.length === 0) {
    return "no memory limit has a schedule, or micro-batches leave memory behind";
  }
  const rows = points.map(({ memory, period, microBatchesPerPeriod, status, leastUpTo }) => [
    `${memory}`,
    `${period}`,
    `${microBatchesPerPeriod}`,
    (period / microBatchesPerPeriod).toFixed(2).replace(/\.00$/, ""),
    status === "optimal" ? "proved" : (leastUpToWords(leastUpTo) ?? "best found"),
  ]);
  const header = ["memory", "period", "micro-batches in it", "each", "status"];
  return textTable(header, rows, ["right", "right", "right", "right", "left"], columns);
}
