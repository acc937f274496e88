/** Contradictions between why a schedule was chosen and the figures that are written beside it. */
import {
  type ArtifactDevice,
  LEAST_PREDICTED_GAIN,
  type OperatorsSection,
} from "../artifact/artifact.js";

/** Contradictions, in words that begin with the place. */
export function decisionProblems(
  section: OperatorsSection,
  device: ArtifactDevice | undefined,
): readonly string[] {
  const { algorithm, threadsPerStream, streams, decision, latencyNs, candidates, gpu } = section;
  const { reason, noise } = decision;
  const { measured, sequentialMeasured, allCoresMeasured, parallelMeasured, eagerMeasured } =
    latencyNs;
  const figures = [measured, sequentialMeasured, allCoresMeasured, parallelMeasured, eagerMeasured];
  const isMeasured =
    figures.some((figure) => figure !== undefined) ||
    candidates.some(({ measuredNs }) => measuredNs !== undefined);
  const hasMerges = section.merges !== undefined;
  const place = `/operators/decision/reason is "${reason}"`;
  const checks: readonly (readonly [boolean, string])[] = [
    [
      isMeasured !== (noise !== undefined),
      `/operators/decision/noise ${isMeasured ? "is missing" : "is there, but nothing was measured"}`,
    ],
    [
      isMeasured && sequentialMeasured === undefined,
      "/operators/latencyNs/sequentialMeasured is missing",
    ],
    [
      isMeasured && device?.source === "estimated",
      '/device/source is "estimated", but there are measurements',
    ],
    [
      gpu === undefined && device?.source === "estimated",
      "/device/source of a CPU is always measured",
    ],
    [
      gpu === undefined && eagerMeasured !== undefined,
      "/operators/latencyNs/eagerMeasured is of a GPU",
    ],
    [
      gpu !== undefined && (allCoresMeasured ?? parallelMeasured) !== undefined,
      "/operators/latencyNs has measurements of a CPU",
    ],
    [
      gpu !== undefined && isMeasured !== (eagerMeasured !== undefined),
      "/operators/latencyNs/eagerMeasured is missing",
    ],
    [
      measured !== measuredOf(section),
      "/operators/latencyNs/measured is not that of what was chosen",
    ],
    [
      threadsPerStream > 1 && (streams > 1 || gpu !== undefined || algorithm !== "sequential"),
      "/operators/threadsPerStream is more than 1 without being one sequential stream of a CPU",
    ],
    [
      (reason === "all-cores-fastest") !== threadsPerStream > 1,
      `${place}, but /operators/threadsPerStream is ${threadsPerStream}`,
    ],
    [
      reason === "all-cores-fastest" && !isBelow(allCoresMeasured, sequentialMeasured),
      `${place}, but /operators/latencyNs/allCoresMeasured is not`,
    ],
    [
      reason === "fastest-measured" &&
        !isBelow(measured ?? (hasMerges ? 0 : undefined), sequentialMeasured),
      `${place}, but /operators/latencyNs/measured is not below sequential execution`,
    ],
    [
      reason === "fastest-measured" && algorithm === "sequential" && !hasMerges,
      `${place}, which "sequential" cannot be`,
    ],
    [
      reason === "nothing-beats-sequential" && algorithm !== "sequential",
      `${place}, but /operators/algorithm is "${algorithm}"`,
    ],
    [
      reason === "nothing-beats-sequential" && gpu === undefined && !isMeasured,
      `${place}, but nothing was measured`,
    ],
    [reason === "fastest-predicted" && isMeasured, `${place}, but there are measurements`],
    [
      reason === "fastest-predicted" && candidates[0]?.algorithm !== algorithm,
      `${place}, but "${candidates[0]?.algorithm}" is predicted faster`,
    ],
    ...gainOnPaper(section, device, isMeasured),
  ];
  return checks.flatMap(([isWrong, words]) => (isWrong ? [words] : []));
}

/** For a GPU by its data sheet, a gain below one percent does not count. */
function gainOnPaper(
  { decision, candidates, latencyNs }: OperatorsSection,
  device: ArtifactDevice | undefined,
  isMeasured: boolean,
): readonly (readonly [boolean, string])[] {
  const { reason } = decision;
  const least = candidates[0]?.predictedNs ?? 0;
  const isFaster = least < latencyNs.sequentialPredicted * (1 - LEAST_PREDICTED_GAIN);
  const place = `/operators/decision/reason is "${reason}"`;
  const isOnPaper = device?.source === "estimated" && !isMeasured;
  return [
    [
      isOnPaper && reason === "fastest-predicted" && !isFaster,
      `${place}, by less than one percent`,
    ],
    [
      isOnPaper && reason === "nothing-beats-sequential" && isFaster,
      `${place}, but "${candidates[0]?.algorithm}" is predicted faster`,
    ],
  ];
}

/** The measurement of what was chosen, as it is written elsewhere in the section. */
function measuredOf(section: OperatorsSection): number | undefined {
  const { algorithm, threadsPerStream, latencyNs, candidates, gpu } = section;
  if (gpu === undefined && algorithm === "sequential") {
    return threadsPerStream > 1 ? latencyNs.allCoresMeasured : latencyNs.sequentialMeasured;
  }
  return candidates.find((each) => each.algorithm === algorithm)?.measuredNs;
}

function isBelow(figure: number | undefined, other: number | undefined): boolean {
  return figure !== undefined && other !== undefined && figure < other;
}
