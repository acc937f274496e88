import type { OperatorsSection } from "../artifact/artifact.js";
import { formatNs, formatShare, formatSpeedUp } from "../core/format.js";

/**
 * From this share of the work on, a longest path leaves too little besides it to be worth a thread.
 */
const NEARLY_ALL = 0.9;

/**
 * The reason why one stream is the best choice on a CPU, in words for people; `undefined` if it is not,
 * or if the artifact lacks the figures.
 */
export function whySequential(section: OperatorsSection): string | undefined {
  const { algorithm, decision, latencyNs, longestPathNs, workers, candidates } = section;
  const { sequentialPredicted: total } = latencyNs;
  if (algorithm !== "sequential" || longestPathNs === undefined || total === 0) {
    return undefined;
  }
  if (longestPathNs >= total) {
    return "a chain: no schedule can be faster than sequential";
  }
  if (decision.reason !== "nothing-beats-sequential" && decision.reason !== "fastest-predicted") {
    return undefined;
  }
  if (workers?.slowdown.length === 1) {
    return "one worker thread: no two operators run at the same time";
  }
  const most = formatSpeedUp(longestPathNs, total);
  if (longestPathNs / total >= NEARLY_ALL) {
    return `branches of unequal weight: the longest path is ${formatShare(longestPathNs / total)} of the work, streams win at most ${most}`;
  }
  const split = candidates.find(({ streams }) => streams > 1);
  if (split === undefined || split.predictedNs >= total) {
    const best = split === undefined ? "" : ` (best split: ${formatNs(split.predictedNs)})`;
    return `without hand-overs streams would win at most ${most}; threads and hand-overs cost more${best}`;
  }
  const { sequentialMeasured } = latencyNs;
  const isMeasured = split.measuredNs !== undefined && sequentialMeasured !== undefined;
  const predicted = formatSpeedUp(split.predictedNs, total);
  return isMeasured
    ? `a split was predicted ${predicted} and measured ${formatSpeedUp(split.measuredNs, sequentialMeasured)}: threads cost more here than when they were measured`
    : undefined;
}
