import type { PipelineSection } from "../artifact/pipeline-section.js";
import { formatFactor, formatFactors, formatNs, formatSpeedUp } from "../core/format.js";
import { textTable } from "../core/text-table.js";

/** A pipeline is called slower if its throughput is less than this many times that of one device. */
const AS_FAST = 0.995;

/**
 * One line that compares a pipeline in its steady state with one device that runs the whole model,
 * `oneDeviceNs` a micro-batch. Both are predicted; where figures of the devices are assumed, as a range.
 */
export function renderOneDevice(
  {
    period,
    microBatchesPerPeriod,
    range,
  }: Pick<PipelineSection, "period" | "microBatchesPerPeriod" | "range">,
  oneDeviceNs: number,
): string {
  const each = period / microBatchesPerPeriod;
  const alone = `one device ${formatNs(oneDeviceNs)} a micro-batch without a pipeline`;
  const { low, high } = range?.speedUp ?? { low: oneDeviceNs / each, high: oneDeviceNs / each };
  const speedUp =
    range === undefined ? formatSpeedUp(each, oneDeviceNs) : formatFactors(range.speedUp);
  if (high < AS_FAST) {
    return `${alone}: this pipeline is predicted slower, ${speedUp} the throughput`;
  }
  const doubt = low < AS_FAST ? ": it may be slower" : "";
  return `${alone}: this pipeline is predicted to have ${speedUp} the throughput${doubt}`;
}

/** A row for each scenario of a pipeline: what is assumed, and the times then; none without a range. */
export function scenarioTable(
  { range, microBatchesPerPeriod }: Pick<PipelineSection, "microBatchesPerPeriod" | "range">,
  columns: number,
): readonly string[] {
  if (range === undefined) {
    return [];
  }
  const header = ["kernel", "gap", "one device", "period each", "makespan", "throughput"];
  const rows = range.scenarios.map(
    ({ kernelFloorNs, launchGapNs, oneDeviceNs, periodNs, makespanNs }) => [
      formatNs(kernelFloorNs),
      formatNs(launchGapNs),
      formatNs(oneDeviceNs),
      formatNs(periodNs / microBatchesPerPeriod),
      formatNs(makespanNs),
      formatFactor((oneDeviceNs * microBatchesPerPeriod) / periodNs),
    ],
  );
  return [
    `throughput over one device, over what is assumed of the devices: ${formatFactors(range.speedUp)}`,
    "",
    textTable(
      header,
      rows,
      header.map(() => "right"),
      columns,
    ),
  ];
}
