/** The explanation of a pipeline's period, for people. */
import type { PipelineSection } from "../artifact/pipeline-section.js";
import { counted, formatName, formatShare } from "../core/format.js";
import { renderTable, type Table } from "../core/text-table.js";
import { isPlain } from "../placement/micro-batches.js";
import type { Placement } from "../placement/placement.js";
import type { ChartLayout } from "./gantt.js";
import { scenarioTable } from "./one-device.js";
import { type FormatTime, renderPipeline, timeOf } from "./pipeline.js";
import type { PipelineExplanation, SpeedUp } from "./pipeline-explanation.js";

/** Blocks of a cycle, rows of the table and names of a set that are listed. */
const LISTED = 12;

/** The report of a section, then why its period is what it is. */
export function renderPipelineExplained(
  section: PipelineSection,
  placement: Placement,
  explanation: PipelineExplanation | undefined,
  layout: ChartLayout,
): string {
  const report = renderPipeline(section, placement, layout);
  const time = timeOf(placement);
  const why =
    explanation === undefined
      ? [withoutCycle(placement)]
      : [
          cycleSummary(explanation, time),
          `  ${cycleText(explanation, time)}`,
          `  ${CYCLE_SIGNS}`,
          "",
          ...speedUpLines(explanation, time, layout.width),
          "",
          noiseLine(section, explanation, time),
        ];
  const assumed = scenarioTable(section, layout.width);
  return [report, "", ...why, ...(assumed.length > 0 ? ["", ...assumed] : [])].join("\n");
}

/** Why no critical cycle is told, in a sentence. */
export function withoutCycle(placement: Placement): string {
  return isPlain(placement)
    ? "the repetend is invalid, so it has no critical cycle: see top-compile verify"
    : "no critical cycle is told where micro-batches are not alike, wait for each other or change memory elsewhere, blocks overlap, or transfers keep an order";
}

/** The length of the critical cycle, in one line. */
export function cycleSummary(
  { criticalCycle, leastPeriod }: PipelineExplanation,
  time: FormatTime,
): string {
  const turns = criticalCycle.reduce((sum, { distance }) => sum + distance, 0);
  return `critical cycle: ${counted(criticalCycle.length, "block")} in ${counted(turns, "repetition")}, ${time(leastPeriod)} per micro-batch`;
}

/** What the signs of `cycleText` mean. */
export const CYCLE_SIGNS =
  "(-> the next depends on it, | the next follows on the same device, next: one repetition later)";

/** The blocks of the critical cycle, and how each is linked to the next. */
export function cycleText({ criticalCycle }: PipelineExplanation, time: FormatTime): string {
  const links = criticalCycle.map(({ block, link, latency, distance }) => {
    const wait = latency === 0 ? "" : ` +${time(latency)}`;
    const later = distance === 0 ? "" : " next".repeat(Math.min(distance, 3));
    return `${formatName(block)} ${link === "dependency" ? "->" : "|"}${wait}${later}`;
  });
  const omitted = links.length - LISTED;
  const shown = omitted <= 0 ? links : [...links.slice(0, LISTED), `(${omitted} more)`];
  return `${shown.join(" ")}${omitted <= 0 ? ` ${formatName(criticalCycle[0]?.block ?? "")}` : ""}`;
}

function speedUpLines(
  explanation: PipelineExplanation,
  time: FormatTime,
  columns: number,
): readonly string[] {
  const advice = speedUpAdvice(explanation, time);
  const table = speedUpTable(explanation, time);
  if (table.rows.length === 0) {
    return advice;
  }
  const omitted = usefulOf(explanation).length - table.rows.length;
  return [
    ...advice,
    "",
    renderTable(table, columns),
    ...(omitted === 0 ? [] : [`and ${omitted} more`]),
  ];
}

function usefulOf({ speedUps }: PipelineExplanation): readonly SpeedUp[] {
  return speedUps.filter(({ gain }) => gain > 0);
}

/** What to speed up first, in sentences. */
export function speedUpAdvice(
  explanation: PipelineExplanation,
  time: FormatTime,
): readonly string[] {
  const { together, leastPeriod } = explanation;
  const [best] = usefulOf(explanation);
  if (best !== undefined) {
    return [`speed up first: ${sentence(best, leastPeriod, time)}`];
  }
  const none = "no block alone shortens the period: other cycles are as long";
  return together === undefined
    ? [none]
    : [none, `speed up together: ${sentence(together, leastPeriod, time)}`];
}

/** The blocks that would shorten the period by themselves, most gain first. */
export function speedUpTable(explanation: PipelineExplanation, time: FormatTime): Table {
  const rows = usefulOf(explanation)
    .slice(0, LISTED)
    .map(({ blocks, period, gain }) => [names(blocks), time(period), formatShare(gain)]);
  return {
    header: ["10 % faster", "period", "shorter by"],
    rows,
    align: ["name", "right", "right"],
  };
}

function sentence({ blocks, period, gain }: SpeedUp, from: number, time: FormatTime): string {
  return `${names(blocks)}: 10 % faster gives ${time(period)} instead of ${time(from)} per micro-batch (${formatShare(gain)} shorter)`;
}

function names(blocks: readonly string[]): string {
  const shown = blocks.slice(0, LISTED).map(formatName).join(", ");
  const omitted = blocks.length - LISTED;
  return omitted <= 0 ? shown : `${shown} and ${omitted} more`;
}

/** The pace with durations that vary, in one sentence. */
export function noiseLine(
  { period, microBatchesPerPeriod }: PipelineSection,
  { noise }: PipelineExplanation,
  time: FormatTime,
): string {
  const paper = period / microBatchesPerPeriod;
  const change = noise.p95 / paper - 1;
  const words = `${formatShare(Math.abs(change))} ${change < 0 ? "below" : "above"} the schedule`;
  return `with durations that vary by ${formatShare(noise.spread)}: ${time(noise.mean)} per micro-batch on average, at most ${time(noise.p95)} in 95 % of ${noise.runs} runs (${words})`;
}
