/** What was imported from another tool, for people. */
import type { ScheduleArtifact } from "../artifact/artifact.js";
import type { ImportedSection } from "../artifact/imported-section.js";
import { counted, formatCell, formatName, formatNs } from "../core/format.js";
import { median, quantile } from "../core/statistics.js";
import { textTable } from "../core/text-table.js";

/** The names of formats in reports. */
const TOOLS: Readonly<Record<ImportedSection["format"], string>> = {
  "pytorch-csv": "a schedule of PyTorch",
  "pytorch-trace": "traces of PyTorch",
};

/**
 * Who wrote the schedule, its actions, and the measured times of blocks; above the report of the pipeline that it
 * became.
 */
export function renderImportedSchedule(
  imported: ImportedSection,
  { provenance, pipeline }: ScheduleArtifact,
  columns: number,
): string {
  const { format, rows, steps, blocks } = imported;
  const files = provenance.inputs.flatMap(({ role, name }) =>
    role === "schedule" ? [formatName(name)] : [],
  );
  const actions = rows.reduce((sum, row) => sum + row.actions.length, 0);
  const lines = [
    `imported   ${TOOLS[format]}: ${files.slice(0, LISTED).join(", ")}${files.length > LISTED ? ` and ${files.length - LISTED} more` : ""}`,
    `holds      ${counted(actions, "action")} of ${counted(rows.length, "rank")}${steps === undefined ? "" : `, times of ${counted(steps, "step")}`}`,
  ];
  const makespanNs = measuredMakespanNs(imported);
  if (makespanNs !== undefined && pipeline !== undefined) {
    lines.push(
      `measured   ${formatNs(makespanNs)} for the last step; without transfers and with blocks at their medians ${formatNs(pipeline.makespan)}`,
    );
  }
  return blocks === undefined
    ? lines.join("\n")
    : [...lines, "", blockTable(blocks, columns)].join("\n");
}

/** Names of files that are listed. */
const LISTED = 4;

/** The time of the last step that was measured, in nanoseconds; `undefined`: nothing was measured. */
export function measuredMakespanNs({ rows }: ImportedSection): number | undefined {
  const ends = rows.flatMap(({ endNs = [] }) =>
    endNs.reduce((last, end) => Math.max(last, end), 0),
  );
  const isTimed = rows.every(({ endNs }) => endNs !== undefined);
  return isTimed ? Math.max(...ends) : undefined;
}

function blockTable(blocks: NonNullable<ImportedSection["blocks"]>, columns: number): string {
  const rows = blocks.map(({ block, samplesNs }) => [
    formatCell(block),
    formatNs(median(samplesNs)),
    formatNs(quantile(samplesNs, 0.1)),
    formatNs(quantile(samplesNs, 0.9)),
    String(samplesNs.length),
  ]);
  return textTable(
    ["block", "median", "10 %", "90 %", "samples"],
    rows,
    ["name", "right", "right", "right", "right"],
    columns,
  );
}
