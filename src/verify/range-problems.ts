/**
 * Contradictions of a range with the rest of its section: what is stated twice, or follows from its scenarios.
 */
import type { OperatorsSection } from "../artifact/artifact.js";
import { brokenChecks } from "../core/checks.js";
import { speedUpRange } from "../schedule/speed-up-range.js";

/** Contradictions, each a sentence that begins with the place; none without a range. */
export function rangeProblems(section: OperatorsSection): readonly string[] {
  const { range, candidates, algorithm, latencyNs, gpu } = section;
  if (range === undefined) {
    const at = candidates.findIndex(({ speedUp }) => speedUp !== undefined);
    return at < 0 ? [] : [`/operators/candidates/${at}/speedUp is there without /operators/range`];
  }
  const { scenarios, speedUp } = range;
  const [used] = scenarios;
  const again = speedUpRange(
    scenarios.map(({ sequentialNs }) => sequentialNs),
    scenarios.map(({ predictedNs }) => predictedNs),
  );
  const own = candidates.find((each) => each.algorithm === algorithm)?.speedUp;
  const place = "/operators/range";
  return [
    ...brokenChecks([
      [gpu === undefined, `${place} is of a GPU`],
      [used === undefined, `${place}/scenarios is empty`],
      [
        used?.predictedNs !== latencyNs.predicted,
        `${place}/scenarios/0/predictedNs is not /operators/latencyNs/predicted`,
      ],
      [
        used?.sequentialNs !== latencyNs.sequentialPredicted,
        `${place}/scenarios/0/sequentialNs is not /operators/latencyNs/sequentialPredicted`,
      ],
      [
        used?.launchGapNs !== gpu?.launchGapNs,
        `${place}/scenarios/0/launchGapNs is not that of /operators/gpu`,
      ],
      [
        used?.eventNs !== gpu?.eventNs,
        `${place}/scenarios/0/eventNs is not that of /operators/gpu`,
      ],
      [
        speedUp.low !== again.low || speedUp.high !== again.high,
        `${place}/speedUp does not follow from /operators/range/scenarios`,
      ],
      [
        own !== undefined && JSON.stringify(own) !== JSON.stringify(again),
        `/operators/candidates of "${algorithm}" has another speedUp than ${place}/scenarios`,
      ],
    ]),
    ...candidates.flatMap((_, at) => candidateProblems(section, at)),
  ];
}

function candidateProblems({ range, candidates }: OperatorsSection, at: number): readonly string[] {
  const { algorithm, predictedNs, speedUp } = candidates[at] ?? {};
  const place = `/operators/candidates/${at}/speedUp`;
  if (speedUp === undefined) {
    return [`${place} is missing`];
  }
  const { low, lowAt, high, highAt } = speedUp;
  const scenarios = range?.scenarios ?? [];
  const used = speedUpRange([scenarios[0]?.sequentialNs ?? 0], [predictedNs ?? 0]).low;
  const isWithin = low <= used && used <= high;
  return brokenChecks([
    [lowAt >= scenarios.length, `${place}/lowAt names no scenario`],
    [highAt >= scenarios.length, `${place}/highAt names no scenario`],
    [!isWithin, `${place} is ${low} to ${high}, but ${used} with the figures that are used`],
    [lowAt === 0 && low !== used, `${place}/low is not that of the figures used`],
    [highAt === 0 && high !== used, `${place}/high is not that of the figures used`],
    [
      algorithm === "sequential" && JSON.stringify(speedUp) !== JSON.stringify(NOTHING_GAINED),
      `${place} of "sequential" is over itself`,
    ],
  ]);
}

const NOTHING_GAINED = { low: 1, lowAt: 0, high: 1, highAt: 0 };
