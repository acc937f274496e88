/** Stages of a model for people: their memory, times and outputs, and the method that found them. */
import type { ArtifactStage } from "../artifact/stages-section.js";
import { formatApart, formatBytes, formatCell, formatNs, formatShare } from "../core/format.js";
import { renderTable, type Table, textTable } from "../core/text-table.js";
import type { PartitionOutcome } from "../partition/search-partition.js";
import type { PartitionMeasure } from "../staging/partition-measure.js";

/** The stages as text. */
export function renderStages(stages: readonly ArtifactStage[], columns: number): string {
  return renderTable(stageTable(stages), columns);
}

/** One row per stage. */
export function stageTable(stages: readonly ArtifactStage[]): Table {
  const rows = stages.map((stage) => [
    formatCell(stage.id),
    formatCell(stage.devices.join(" ")),
    String(stage.operators.length),
    formatNs(stage.durationNs),
    formatBytes(stage.parameterBytes),
    formatBytes(stage.workspaceBytes),
    formatBytes(stage.outputBytes),
    formatCell(stage.operators[0] ?? ""),
    formatCell(stage.operators.at(-1) ?? ""),
  ]);
  return {
    header: ["stage", "on", "ops", "forward", "held", "workspace", "sends", "from", "to"],
    rows,
    align: ["name", "name", "right", "right", "right", "right", "right", "name", "name"],
  };
}

/** The method that found the partition, and the results of the others. */
export function renderPartition(
  outcome: PartitionOutcome,
  { isPerDevice, isTraining }: PartitionMeasure,
  columns: number,
): string {
  const { method, periodNs, lowerBoundNs, status, candidates } = outcome;
  const slowest = `slowest ${isTraining ? "forward pass" : "stage"}`;
  const times = isPerDevice ? " times the stages on its device," : "";
  const rows = candidates.map((candidate) => [
    candidate.method,
    formatNs(candidate.periodNs),
    formatShare(candidate.periodNs / lowerBoundNs - 1),
  ]);
  const isEven = periodNs <= lowerBoundNs;
  const [period, bound] = formatApart(formatNs, periodNs, lowerBoundNs);
  const proof = isEven
    ? "optimal: the bound is met"
    : status === "optimal"
      ? "optimal: every other cut was ruled out"
      : "the best found";
  return [
    `cut by     ${method}: ${slowest}${times} ${period} (${proof})`,
    `bound      ${bound}, of work shared evenly${isEven ? "" : "; no cut needs to reach it"}`,
    "",
    textTable(["method", slowest, "above bound"], rows, ["left", "right", "right"], columns),
  ].join("\n");
}
