import fc from "fast-check";
import type {
  ArtifactCandidate,
  ArtifactLaunch,
  OperatorsSection,
  ScheduleArtifact,
} from "../../src/artifact/artifact.js";
import type { ArtifactStage } from "../../src/artifact/stages-section.js";

const NS = fc.nat({ max: 2 ** 31 - 1 });
const NAME = fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" });
const STREAMS = fc.integer({ min: 1, max: 64 });

const launch: fc.Arbitrary<ArtifactLaunch> = fc.record({
  operator: NAME,
  stream: fc.nat({ max: 63 }),
  waits: fc.array(NAME, { maxLength: 3 }),
  record: fc.boolean(),
  startNs: NS,
  endNs: NS,
});

const candidate: fc.Arbitrary<ArtifactCandidate> = fc.record(
  { algorithm: NAME, streams: STREAMS, predictedNs: NS, measuredNs: NS, sameAs: NAME },
  { requiredKeys: ["algorithm", "streams", "predictedNs"] },
);

const task = fc.record({ name: NAME, progress: fc.constantFrom(0, 0.25, 0.5), done: fc.nat() });

const operators: fc.Arbitrary<OperatorsSection> = fc
  .record({
    algorithm: NAME,
    streams: STREAMS,
    threadsPerStream: STREAMS,
    decision: fc.record(
      {
        reason: fc.constantFrom("fastest-measured", "fastest-predicted", "asked-for"),
        noise: fc.integer({ min: 0, max: 10_000 }).map((each) => each / 10_000),
      },
      { requiredKeys: ["reason"] },
    ),
    status: fc.constantFrom("optimal", "heuristic"),
    lowerBoundNs: NS,
    latencyNs: fc.record(
      {
        predicted: NS,
        measured: NS,
        sequentialPredicted: NS,
        sequentialMeasured: NS,
        allCoresMeasured: NS,
        parallelMeasured: NS,
        eagerMeasured: NS,
      },
      { requiredKeys: ["predicted", "sequentialPredicted"] },
    ),
    dims: fc.array(fc.record({ name: NAME, size: fc.nat() }), { maxLength: 3 }),
    launches: fc.array(launch, { maxLength: 8 }),
    candidates: fc.array(candidate, { maxLength: 4 }),
    batch: fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined }),
    tasks: fc.option(fc.array(task, { maxLength: 3 }), { nil: undefined }),
  })
  .map(({ batch, tasks, ...rest }) => ({
    ...rest,
    ...(batch === undefined ? {} : { batch }),
    ...(tasks === undefined ? {} : { tasks }),
  }));

const stage: fc.Arbitrary<ArtifactStage> = fc.record({
  id: NAME,
  devices: fc.array(NAME, { maxLength: 2 }),
  operators: fc.array(NAME, { maxLength: 4 }),
  durationNs: fc.integer({ min: 1, max: 2 ** 31 }),
  parameterBytes: NS,
  workspaceBytes: NS,
  outputBytes: NS,
});

/** Artifacts that the format allows, whether or not they make sense as schedules. */
export const arbitraryArtifact: fc.Arbitrary<ScheduleArtifact> = fc.record(
  {
    provenance: fc.record({
      tool: NAME,
      inputs: fc.array(
        fc.record({
          role: fc.constantFrom("model", "profile", "placement"),
          name: NAME,
          sha256: fc.stringMatching(/^[0-9a-f]{64}$/),
        }),
        { maxLength: 3 },
      ),
      seed: fc.nat(),
      options: fc.dictionary(
        NAME,
        fc.oneof(NAME, fc.nat(), fc.boolean(), fc.array(NAME, { maxLength: 2 })),
        { maxKeys: 3 },
      ),
    }),
    device: fc.record({ name: NAME, source: fc.constantFrom("measured", "estimated") }),
    operators,
    stages: fc.array(stage, { maxLength: 3 }),
  },
  { requiredKeys: ["provenance"] },
) as fc.Arbitrary<ScheduleArtifact>;
