import type { PipelineSection } from "../artifact/pipeline-section.js";
import { formatNs, formatSpeedUp } from "../core/format.js";

/** A pipeline is called slower if its throughput is less than this many times that of one device. */
const AS_FAST = 0.995;

/**
 * One line that compares a pipeline in its steady state with one device that runs the whole model,
 * `oneDeviceNs` a micro-batch. Both are predicted.
 */
export function renderOneDevice(
  { period, microBatchesPerPeriod }: Pick<PipelineSection, "period" | "microBatchesPerPeriod">,
  oneDeviceNs: number,
): string {
  const each = period / microBatchesPerPeriod;
  const alone = `one device ${formatNs(oneDeviceNs)} a micro-batch without a pipeline`;
  const speedUp = formatSpeedUp(each, oneDeviceNs);
  return oneDeviceNs < each * AS_FAST
    ? `${alone}: this pipeline is predicted slower, ${speedUp} the throughput`
    : `${alone}: this pipeline is predicted to have ${speedUp} the throughput`;
}
