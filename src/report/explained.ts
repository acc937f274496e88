import type { OperatorsSection, ScheduleArtifact } from "../artifact/artifact.js";
import { type TimedLaunch, timedLaunches } from "../artifact/timed-launches.js";
import { counted, formatCell, formatName, formatNs, formatShare } from "../core/format.js";
import { type Align, renderTable, type Table } from "../core/text-table.js";
import { assumedLines } from "./assumed-range.js";
import { renderCompiled } from "./compiled.js";
import type { Explanation } from "./explanation.js";
import { type ChartLayout, renderGantt } from "./gantt.js";
import { renderGpuExplained } from "./gpu-explained.js";

/** Links of the critical path listed; the ones with the longest times. */
const LINKS = 12;

/**
 * A schedule explained: candidates, chart, busy time of streams, critical path, slowest operators.
 */
export function renderExplained(
  artifact: ScheduleArtifact,
  operators: OperatorsSection,
  explanation: Explanation | undefined,
  layout: ChartLayout,
): string {
  const { width: columns } = layout;
  const launches = timedLaunches(operators);
  if (explanation === undefined || launches === undefined) {
    const threads = `${operators.threadsPerStream} threads inside each operator`;
    return `${renderCompiled(artifact, operators, columns)}\n\nno timeline: times with ${threads} are not predicted`;
  }
  return [
    renderCompiled(artifact, operators, columns),
    "",
    ...assumedLines(operators, columns),
    `predicted timeline (${formatNs(explanation.latencyNs)})`,
    "",
    renderTimeline(operators.streams, launches, explanation.latencyNs, layout),
    "",
    ...(explanation.gpu === undefined
      ? []
      : [...renderGpuExplained(explanation.gpu, explanation.latencyNs, layout), ""]),
    renderTable(streamTable(explanation), columns),
    "",
    ...(explanation.tasks.length === 0 ? [] : [renderTable(taskTable(explanation), columns), ""]),
    ...mergeLines(operators),
    ...criticalLines(explanation, columns),
    "",
    "slowest operators",
    "",
    renderTable(slowestTable(explanation), columns),
  ].join("\n");
}

/** The launches as a Gantt chart, a row per stream. */
function renderTimeline(
  streams: number,
  launches: readonly TimedLaunch[],
  end: number,
  layout: ChartLayout,
): string {
  const rows = Array.from({ length: streams }, (_, stream) => `stream ${stream}`);
  const bars = launches.map((launch) => ({
    row: launch.stream,
    start: launch.startNs,
    end: launch.endNs,
    label: formatName(launch.operator),
  }));
  return renderGantt({ rows, bars, end, formatTime: formatNs }, layout);
}

/** Merges listed. */
const MERGES = 12;

function mergeLines({ merges = [] }: OperatorsSection): readonly string[] {
  const lines = merges
    .slice(0, MERGES)
    .map(({ operators }) => `  ${operators.map(formatName).join(" + ")}`);
  const more = merges.length > MERGES ? [`  and ${merges.length - MERGES} more`] : [];
  return merges.length === 0
    ? []
    : ["computed together, launched under the first name", "", ...lines, ...more, ""];
}

const NUMBERS: readonly Align[] = ["name", "right", "right", "right", "right"];

/** The activity of each stream. */
export function streamTable({ streams, latencyNs }: Explanation): Table {
  const rows = streams.map(({ stream, operators, waits, busyNs }) => [
    String(stream),
    String(operators),
    String(waits),
    formatNs(busyNs),
    formatShare(latencyNs === 0 ? 0 : busyNs / latencyNs),
  ]);
  const header = ["stream", "operators", "waits", "busy", "of the time"];
  return { header, rows, align: NUMBERS };
}

/** The tasks in flight. */
export function taskTable({ tasks }: Explanation): Table {
  const rows = tasks.map(({ task, operators, endNs }) => [
    formatCell(task),
    String(operators),
    formatNs(endNs),
  ]);
  return { header: ["task", "operators left", "ends at"], rows, align: NUMBERS };
}

function criticalLines(explanation: Explanation, columns: number): string[] {
  const table = criticalTable(explanation);
  const omitted = explanation.criticalPath.length - table.rows.length;
  return [
    criticalSummary(explanation),
    "",
    renderTable(table, columns),
    ...(omitted === 0 ? [] : [`and ${counted(omitted, "shorter one")}`]),
  ];
}

/** The chain of operators that the end waits for, in one line. */
export function criticalSummary({ criticalPath }: Explanation): string {
  const gaps = criticalPath.reduce((sum, { gapNs }) => sum + gapNs, 0);
  const work = criticalPath.reduce((sum, { durationNs }) => sum + durationNs, 0);
  return `what the end waits for: ${counted(criticalPath.length, "operator")}, ${formatNs(work)} of work and ${formatNs(gaps)} between them`;
}

/** The longest links of that chain, from start to end. */
export function criticalTable({ criticalPath }: Explanation): Table {
  const shown = new Set(
    [...criticalPath]
      .sort((a, b) => b.durationNs + b.gapNs - (a.durationNs + a.gapNs))
      .slice(0, LINKS),
  );
  const rows = criticalPath
    .filter((link) => shown.has(link))
    .map(({ operator, stream, durationNs, gapNs }) => [
      formatCell(operator),
      String(stream),
      formatNs(durationNs),
      formatNs(gapNs),
    ]);
  return { header: ["operator", "stream", "runs", "after a gap of"], rows, align: NUMBERS };
}

/** The slowest operators. */
export function slowestTable({ slowest, streams }: Explanation): Table {
  const total = streams.reduce((sum, { busyNs }) => sum + busyNs, 0);
  const rows = slowest.map(({ operator, durationNs }) => [
    formatCell(operator),
    formatNs(durationNs),
    formatShare(total === 0 ? 0 : durationNs / total),
  ]);
  return { header: ["operator", "predicted", "of all work"], rows, align: NUMBERS };
}
