/** Contradictions between the reason for choosing a schedule and the figures recorded with it. */
import {
  type ArtifactDevice,
  type DecisionReason,
  isPredictedFaster,
  type OperatorsSection,
} from "../artifact/artifact.js";
import { brokenChecks, type Check } from "../core/checks.js";

/** A section with the facts that several checks share. */
interface Facts {
  readonly section: OperatorsSection;
  readonly device: ArtifactDevice | undefined;
  readonly isGpu: boolean;
  readonly isMeasured: boolean;
  /** For a GPU known by its data sheet: predictions alone decide. */
  readonly isOnPaper: boolean;
  /** The best prediction is below sequential execution by enough to decide for it under every assumption. */
  readonly isPredictedFaster: boolean;
}

/** Contradictions, each a sentence that begins with the place. */
export function decisionProblems(
  section: OperatorsSection,
  device: ArtifactDevice | undefined,
): readonly string[] {
  const facts = factsOf(section, device);
  const { reason } = section.decision;
  const place = `/operators/decision/reason is "${reason}"`;
  return brokenChecks([
    ...measurementChecks(facts),
    ...threadChecks(facts),
    ...REASONS[reason](facts).map(([isBroken, words]): Check => [isBroken, `${place}, ${words}`]),
  ]);
}

function factsOf(section: OperatorsSection, device: ArtifactDevice | undefined): Facts {
  const { latencyNs, candidates, gpu } = section;
  const { sequentialPredicted } = latencyNs;
  const figures = [
    ...[latencyNs.measured, latencyNs.sequentialMeasured, latencyNs.allCoresMeasured],
    ...[latencyNs.parallelMeasured, latencyNs.eagerMeasured],
    ...candidates.map(({ measuredNs }) => measuredNs),
  ];
  const isMeasured = figures.some((figure) => figure !== undefined);
  const [best] = candidates;
  return {
    section,
    device,
    isGpu: gpu !== undefined,
    isMeasured,
    isOnPaper: device?.source === "estimated" && !isMeasured,
    isPredictedFaster: best !== undefined && isPredictedFaster(best, sequentialPredicted),
  };
}

/** Measured figures are there together, and are those that the device has. */
function measurementChecks({ section, device, isGpu, isMeasured }: Facts): readonly Check[] {
  const { noise } = section.decision;
  const { measured, sequentialMeasured, allCoresMeasured, parallelMeasured, eagerMeasured } =
    section.latencyNs;
  const isEstimated = device?.source === "estimated";
  const hasCpuFigures = (allCoresMeasured ?? parallelMeasured) !== undefined;
  const hasEager = eagerMeasured !== undefined;
  const noiseFault = isMeasured ? "is missing" : "is there, but nothing was measured";
  return [
    [isMeasured !== (noise !== undefined), `/operators/decision/noise ${noiseFault}`],
    [
      isMeasured && sequentialMeasured === undefined,
      "/operators/latencyNs/sequentialMeasured is missing",
    ],
    [isMeasured && isEstimated, '/device/source is "estimated", but there are measurements'],
    [!isGpu && isEstimated, "/device/source of a CPU is always measured"],
    [!isGpu && hasEager, "/operators/latencyNs/eagerMeasured is of a GPU"],
    [isGpu && hasCpuFigures, "/operators/latencyNs has measurements of a CPU"],
    [isGpu && isMeasured !== hasEager, "/operators/latencyNs/eagerMeasured is missing"],
    [
      measured !== measuredOf(section),
      "/operators/latencyNs/measured is not that of what was chosen",
    ],
  ];
}

/** Several threads inside each operator are one sequential stream of a CPU, chosen for that. */
function threadChecks({ section, isGpu }: Facts): readonly Check[] {
  const { algorithm, threadsPerStream, streams, decision } = section;
  const { reason } = decision;
  const isOneStream = streams <= 1 && !isGpu && algorithm === "sequential";
  return [
    [
      threadsPerStream > 1 && !isOneStream,
      "/operators/threadsPerStream is more than 1 without being one sequential stream of a CPU",
    ],
    [
      (reason === "all-cores-fastest") !== threadsPerStream > 1,
      `/operators/decision/reason is "${reason}", but /operators/threadsPerStream is ${threadsPerStream}`,
    ],
  ];
}

/** The checks of each reason; their sentences continue `/operators/decision/reason is "...", `. */
const REASONS: Readonly<Record<DecisionReason, (facts: Facts) => readonly Check[]>> = {
  "asked-for": () => [],

  "all-cores-fastest": ({ section: { latencyNs } }) => [
    [
      !isBelow(latencyNs.allCoresMeasured, latencyNs.sequentialMeasured),
      "but /operators/latencyNs/allCoresMeasured is not",
    ],
  ],

  "fastest-measured": ({ section: { algorithm, latencyNs, merges } }) => {
    // With merges the figure may be absent.
    const measuredNs = latencyNs.measured ?? (merges === undefined ? undefined : 0);
    return [
      [
        !isBelow(measuredNs, latencyNs.sequentialMeasured),
        "but /operators/latencyNs/measured is not below sequential execution",
      ],
      [algorithm === "sequential" && merges === undefined, 'which "sequential" cannot be'],
    ];
  },

  "nothing-beats-sequential": ({ section, isGpu, isMeasured, isOnPaper, isPredictedFaster }) => [
    [section.algorithm !== "sequential", `but /operators/algorithm is "${section.algorithm}"`],
    [!isGpu && !isMeasured, "but nothing was measured"],
    [isOnPaper && isPredictedFaster, fasterThanChosen(section)],
  ],

  "fastest-predicted": (facts) => [
    [facts.section.range !== undefined, "but there is a /operators/range"],
    ...predictedChecks(facts),
  ],

  "best-worst-case": (facts) => [
    [facts.section.range === undefined, "but there is no /operators/range"],
    ...predictedChecks(facts),
  ],
};

function predictedChecks({
  section,
  isMeasured,
  isOnPaper,
  isPredictedFaster,
}: Facts): readonly Check[] {
  return [
    [isMeasured, "but there are measurements"],
    [section.candidates[0]?.algorithm !== section.algorithm, fasterThanChosen(section)],
    [isOnPaper && !isPredictedFaster, "by less than one percent"],
  ];
}

function fasterThanChosen({ candidates: [first] }: OperatorsSection): string {
  return first === undefined
    ? "but there are no candidates"
    : `but "${first.algorithm}" is predicted faster`;
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
