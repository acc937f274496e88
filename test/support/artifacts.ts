import type { OperatorsSection, ScheduleArtifact } from "../../src/artifact/artifact.js";

/** Two branches on two streams: a feeds b and c, both feed d. */
export const SECTION: OperatorsSection = {
  algorithm: "opara",
  streams: 2,
  threadsPerStream: 1,
  decision: { reason: "fastest-measured", noise: 0.012 },
  status: "heuristic",
  lowerBoundNs: 5_000_000,
  latencyNs: {
    predicted: 6_000_000,
    measured: 6_300_000,
    sequentialPredicted: 10_000_000,
    sequentialMeasured: 10_080_000,
    allCoresMeasured: 7_000_000,
  },
  dims: [{ name: "batch", size: 8 }],
  launches: [
    launch("a", 0, 0, 1_000_000, { record: true }),
    launch("b", 0, 1_000_000, 5_000_000),
    launch("c", 1, 1_200_000, 4_000_000, { waits: ["a"], record: true }),
    launch("d", 0, 5_000_000, 6_000_000, { waits: ["c"] }),
  ],
  candidates: [
    { algorithm: "opara", streams: 2, predictedNs: 6_000_000, measuredNs: 6_300_000 },
    { algorithm: "nimble", streams: 2, predictedNs: 6_000_000, sameAs: "opara" },
    { algorithm: "sequential", streams: 1, predictedNs: 10_000_000 },
  ],
};

/** An artifact with that section, of a model called m.onnx. */
export const ARTIFACT: ScheduleArtifact = {
  provenance: {
    tool: "top-compile 0.1.0",
    inputs: [{ role: "model", name: "m.onnx", sha256: "ab".repeat(32) }],
    seed: 1,
    options: { device: "cpu" },
  },
  device: { name: "a CPU", source: "measured" },
  operators: SECTION,
};

function launch(
  operator: string,
  stream: number,
  startNs: number,
  endNs: number,
  { waits = [], record = false }: { waits?: readonly string[]; record?: boolean } = {},
): OperatorsSection["launches"][number] {
  return { operator, stream, waits, record, startNs, endNs };
}
