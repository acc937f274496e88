import { describe, expect, it } from "vitest";
import type { ArtifactDevice, OperatorsSection } from "../../../src/artifact/artifact.js";
import { decisionProblems } from "../../../src/verify/decision-problems.js";

const MEASURED: ArtifactDevice = { name: "a machine", source: "measured" };
const ESTIMATED: ArtifactDevice = { name: "a data sheet", source: "estimated" };

const GPU: NonNullable<OperatorsSection["gpu"]> = {
  launchGapNs: 1,
  eventNs: 1,
  boundsNs: { criticalPath: 1, capacity: 1, arithmetic: 1, bandwidth: 1 },
  usePercent: { capacity: [], arithmetic: [], bandwidth: [] },
};

/** Two streams in 80 ns, one stream in 100 ns; on a CPU, both measured at what was predicted. */
const FASTEST: OperatorsSection = {
  algorithm: "two",
  streams: 2,
  threadsPerStream: 1,
  decision: { reason: "fastest-measured", noise: 0.01 },
  status: "heuristic",
  latencyNs: { predicted: 80, measured: 80, sequentialPredicted: 100, sequentialMeasured: 100 },
  dims: [],
  launches: [],
  candidates: [
    { algorithm: "two", streams: 2, predictedNs: 80, measuredNs: 80 },
    { algorithm: "sequential", streams: 1, predictedNs: 100, measuredNs: 100 },
  ],
};

const ONE_STREAM: OperatorsSection = {
  ...FASTEST,
  algorithm: "sequential",
  streams: 1,
  decision: { reason: "nothing-beats-sequential", noise: 0.01 },
  latencyNs: { ...FASTEST.latencyNs, measured: 100 },
};

const ALL_CORES: OperatorsSection = {
  ...ONE_STREAM,
  threadsPerStream: 4,
  decision: { reason: "all-cores-fastest", noise: 0.01 },
  latencyNs: { ...FASTEST.latencyNs, measured: 60, allCoresMeasured: 60 },
};

const ON_PAPER: OperatorsSection = {
  ...FASTEST,
  decision: { reason: "fastest-predicted" },
  latencyNs: { predicted: 80, sequentialPredicted: 100 },
  gpu: GPU,
  candidates: [
    { algorithm: "two", streams: 2, predictedNs: 80 },
    { algorithm: "sequential", streams: 1, predictedNs: 100 },
  ],
};

const reasonIs = (reason: string, rest: string): string =>
  `/operators/decision/reason is "${reason}", ${rest}`;

describe("decisionProblems", () => {
  it.each([
    ["fastest-measured", FASTEST, MEASURED],
    ["nothing-beats-sequential", ONE_STREAM, MEASURED],
    ["all-cores-fastest", ALL_CORES, MEASURED],
    ["fastest-predicted", ON_PAPER, ESTIMATED],
    [
      "asked-for",
      { ...FASTEST, decision: { reason: "asked-for" as const, noise: 0.01 } },
      MEASURED,
    ],
  ])("finds nothing where %s fits the figures", (_, section, device) => {
    expect(decisionProblems(section, device)).toEqual([]);
  });

  it.each<[string, OperatorsSection, ArtifactDevice, readonly string[]]>([
    [
      "measurements without noise",
      { ...FASTEST, decision: { reason: "fastest-measured" } },
      MEASURED,
      ["/operators/decision/noise is missing"],
    ],
    [
      "noise without measurements",
      { ...ON_PAPER, decision: { reason: "fastest-predicted", noise: 0.1 } },
      ESTIMATED,
      ["/operators/decision/noise is there, but nothing was measured"],
    ],
    [
      "a CPU by its data sheet",
      FASTEST,
      ESTIMATED,
      [
        '/device/source is "estimated", but there are measurements',
        "/device/source of a CPU is always measured",
      ],
    ],
    [
      "several threads inside the operators of two streams",
      { ...FASTEST, threadsPerStream: 2 },
      MEASURED,
      [
        "/operators/threadsPerStream is more than 1 without being one sequential stream of a CPU",
        '/operators/decision/reason is "fastest-measured", but /operators/threadsPerStream is 2',
      ],
    ],
    [
      "all cores that are no faster than one",
      { ...ALL_CORES, latencyNs: { ...ALL_CORES.latencyNs, measured: 100, allCoresMeasured: 100 } },
      MEASURED,
      [reasonIs("all-cores-fastest", "but /operators/latencyNs/allCoresMeasured is not")],
    ],
    [
      "a fastest schedule that is none",
      { ...ONE_STREAM, decision: { reason: "fastest-measured", noise: 0.01 } },
      MEASURED,
      [
        reasonIs(
          "fastest-measured",
          "but /operators/latencyNs/measured is not below sequential execution",
        ),
        reasonIs("fastest-measured", 'which "sequential" cannot be'),
      ],
    ],
    [
      "sequential execution that two streams beat on paper",
      { ...ON_PAPER, algorithm: "sequential", decision: { reason: "nothing-beats-sequential" } },
      ESTIMATED,
      [reasonIs("nothing-beats-sequential", 'but "two" is predicted faster')],
    ],
    [
      "a predicted gain of less than one percent",
      {
        ...ON_PAPER,
        candidates: [
          { algorithm: "two", streams: 2, predictedNs: 100 },
          { algorithm: "sequential", streams: 1, predictedNs: 100 },
        ],
      },
      ESTIMATED,
      [reasonIs("fastest-predicted", "by less than one percent")],
    ],
    [
      "a worst case of nothing that is assumed",
      { ...ON_PAPER, decision: { reason: "best-worst-case" } },
      ESTIMATED,
      [reasonIs("best-worst-case", "but there is no /operators/range")],
    ],
  ])("finds %s", (_, section, device, problems) => {
    expect(decisionProblems(section, device)).toEqual(problems);
  });
});
