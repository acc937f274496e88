/** What is assumed of a device, and what that makes of a speed-up, in words for people. */
import type { ArtifactCandidate, OperatorsSection } from "../artifact/artifact.js";
import { isPredictedFaster, LEAST_PREDICTED_GAIN } from "../artifact/artifact.js";
import type { ArtifactRange, ArtifactScenario } from "../artifact/range-section.js";
import { formatFactor, formatFactors, formatName, formatNs, formatShare } from "../core/format.js";
import { renderTable, type Table } from "../core/text-table.js";

/**
 * Why no schedule is taken although one is predicted faster with the figures that are used: what has to hold
 * for it to be faster, and for it not to be. `undefined` if that is not so.
 */
export function whyNotThroughout(section: OperatorsSection): string | undefined {
  const { decision, latencyNs, range } = section;
  const best = fastest(section);
  if (decision.reason !== "nothing-beats-sequential" || range === undefined) {
    return undefined;
  }
  const { speedUp } = best ?? {};
  const isFaster = speedUp !== undefined && speedUp.high * (1 - LEAST_PREDICTED_GAIN) > 1;
  if (best === undefined || !isFaster || isPredictedFaster(best, latencyNs.sequentialPredicted)) {
    return undefined;
  }
  const { low, lowAt, high, highAt } = speedUp;
  const worse = low < 1 - LEAST_PREDICTED_GAIN ? "slower" : "no faster";
  const when = (at: number): string => scenarioWords(range.scenarios, at);
  return `${formatName(best.algorithm)} is faster by up to ${formatFactor(high)} ${when(highAt)}; ${worse}, ${formatFactor(low)}, ${when(lowAt)}`;
}

/** The fastest prediction with the figures that are used, of all but one stream. */
function fastest({ candidates }: OperatorsSection): ArtifactCandidate | undefined {
  const others = candidates.filter(({ algorithm }) => algorithm !== "sequential");
  const [first] = others;
  return first && others.reduce((a, b) => (b.predictedNs < a.predictedNs ? b : a), first);
}

/** In which figures a scenario differs from those that are used, as a condition. */
function scenarioWords(scenarios: readonly ArtifactScenario[], at: number): string {
  const [used] = scenarios;
  const scenario = scenarios[at];
  if (scenario === undefined || used === undefined || at === 0) {
    return "with the figures that are used";
  }
  const { kernelFloorNs, launchGapNs, eventNs, dispatchNs, interference = 0, sharing } = scenario;
  const parts = (
    [
      ["eventNs", `an event takes ${formatNs(eventNs)}`],
      ["launchGapNs", `a gap ${formatNs(launchGapNs)}`],
      ["kernelFloorNs", `a kernel at least ${formatNs(kernelFloorNs)}`],
      ["dispatchNs", `kernels start ${formatNs(dispatchNs)} apart`],
      [
        "interference",
        interference === 0
          ? "neighbors cost nothing"
          : `each neighbor costs ${formatShare(interference)}`,
      ],
      ["sharing", sharing === "shared" ? "kernels share SMs" : "an SM is of one kernel"],
    ] as const
  ).filter(([key]) => scenario[key] !== used[key]);
  return `if ${parts.map(([, words]) => words).join(", ")}`;
}

/** The speed-up over what is assumed, and `assumedTable`, as lines; none without a range. */
export function assumedLines({ range }: OperatorsSection, columns: number): readonly string[] {
  return range === undefined
    ? []
    : [assumedSummary(range), "", renderTable(assumedTable(range), columns), ""];
}

/** The speed-up over what is assumed of the device, in one line. */
export function assumedSummary({ speedUp }: ArtifactRange): string {
  return `speed-up over what is assumed of the device: ${formatFactors(speedUp)}`;
}

/** A row for each scenario: the figures, and the times and the speed-up with them. */
export function assumedTable({ scenarios }: ArtifactRange): Table {
  const header = [
    "kernel",
    "gap",
    "event",
    "start",
    "slowed",
    "SMs",
    "1 stream",
    "this",
    "speed-up",
  ];
  const rows = scenarios.map((each) => [
    formatNs(each.kernelFloorNs),
    formatNs(each.launchGapNs),
    formatNs(each.eventNs),
    formatNs(each.dispatchNs),
    each.interference === undefined ? "-" : `${Math.round(each.interference * 1000) / 10} %`,
    each.sharing === "shared" ? "shared" : "alone",
    formatNs(each.sequentialNs),
    formatNs(each.predictedNs),
    each.predictedNs === 0 ? "-" : formatFactor(each.sequentialNs / each.predictedNs),
  ]);
  return { header, rows, align: header.map(() => "right") };
}
