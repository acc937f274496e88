/** The explanation of a pipeline's period, for people. */
import type { PipelineSection } from "../artifact/pipeline-section.js";
import { counted, formatName, formatShare } from "../core/format.js";
import { textTable } from "../core/text-table.js";
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
      ? ["the repetend is invalid, so it has no critical cycle: see top-compile verify"]
      : [
          ...cycleLines(explanation, time),
          "",
          ...speedUpLines(explanation, time, layout.width),
          "",
          noiseLine(section, explanation, time),
        ];
  const assumed = scenarioTable(section, layout.width);
  return [report, "", ...why, ...(assumed.length > 0 ? ["", ...assumed] : [])].join("\n");
}

function cycleLines({ criticalCycle, leastPeriod }: PipelineExplanation, time: FormatTime) {
  const turns = criticalCycle.reduce((sum, { distance }) => sum + distance, 0);
  const links = criticalCycle.map(({ block, link, latency, distance }) => {
    const wait = latency === 0 ? "" : ` +${time(latency)}`;
    const later = distance === 0 ? "" : " next".repeat(Math.min(distance, 3));
    return `${formatName(block)} ${link === "dependency" ? "->" : "|"}${wait}${later}`;
  });
  const omitted = links.length - LISTED;
  const shown = omitted <= 0 ? links : [...links.slice(0, LISTED), `(${omitted} more)`];
  return [
    `critical cycle: ${counted(criticalCycle.length, "block")} in ${counted(turns, "repetition")}, ${time(leastPeriod)} per micro-batch`,
    `  ${shown.join(" ")}${omitted <= 0 ? ` ${formatName(criticalCycle[0]?.block ?? "")}` : ""}`,
    "  (-> the next depends on it, | the next follows on the same device, next: one repetition later)",
  ];
}

function speedUpLines(
  explanation: PipelineExplanation,
  time: FormatTime,
  columns: number,
): readonly string[] {
  const { speedUps, together, leastPeriod } = explanation;
  const useful = speedUps.filter(({ gain }) => gain > 0);
  const [best] = useful;
  if (best === undefined) {
    const none = "no block alone shortens the period: other cycles are as long";
    return together === undefined
      ? [none]
      : [none, `speed up together: ${sentence(together, leastPeriod, time)}`];
  }
  const rows = useful.slice(0, LISTED).map(({ blocks, period, gain }) => {
    return [names(blocks), time(period), formatShare(gain)];
  });
  const omitted = useful.length - rows.length;
  return [
    `speed up first: ${sentence(best, leastPeriod, time)}`,
    "",
    textTable(["10 % faster", "period", "shorter by"], rows, ["name", "right", "right"], columns),
    ...(omitted === 0 ? [] : [`and ${omitted} more`]),
  ];
}

function sentence({ blocks, period, gain }: SpeedUp, from: number, time: FormatTime): string {
  return `${names(blocks)}: 10 % faster gives ${time(period)} instead of ${time(from)} per micro-batch (${formatShare(gain)} shorter)`;
}

function names(blocks: readonly string[]): string {
  const shown = blocks.slice(0, LISTED).map(formatName).join(", ");
  const omitted = blocks.length - LISTED;
  return omitted <= 0 ? shown : `${shown} and ${omitted} more`;
}

function noiseLine(
  { period, microBatchesPerPeriod }: PipelineSection,
  { noise }: PipelineExplanation,
  time: FormatTime,
): string {
  const paper = period / microBatchesPerPeriod;
  const change = noise.p95 / paper - 1;
  const words = `${formatShare(Math.abs(change))} ${change < 0 ? "below" : "above"} the schedule`;
  return `with durations that vary by ${formatShare(noise.spread)}: ${time(noise.mean)} per micro-batch on average, at most ${time(noise.p95)} in 95 % of ${noise.runs} runs (${words})`;
}
