import type { DecisionReason, OperatorsSection } from "../../artifact/artifact.js";
import {
  artifactCandidateOf,
  gpuSectionOf,
  predictedChoice,
} from "../../artifact/gpu-section-of.js";
import { present } from "../../core/invariant.js";
import { ok, type Result } from "../../core/result.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import type { Merge } from "../../onnx/merge-operators.js";
import type {
  GpuMeasurement,
  GpuProfile,
  GpuScheduleTiming,
} from "../../profile/gpu/gpu-profile.js";
import { LEAST_DIFFERENCE } from "../../profile/timing.js";
import { scheduleDigest } from "../../profile/worker-plan-of.js";
import type { GpuAlgorithm } from "../../schedule/algorithm-names.js";
import type { GpuCandidate, GpuCandidates } from "../../schedule/gpu-candidate.js";
import { searchFromProfile } from "./measure-on-cuda.js";

/** Options of a measured section besides its profile. */
export interface MeasuredSectionOptions {
  readonly seed: number;
  /** Only this algorithm, whatever is faster. */
  readonly algorithm: GpuAlgorithm | undefined;
  readonly batch: number | undefined;
}

/** A model as it is scheduled. */
export interface ScheduledModel {
  readonly lowered: LoweredModel;
  /** The model as it is, whose operators the merges name. */
  readonly original: LoweredModel;
  readonly merges: readonly Merge[];
}

/**
 * The section of the schedule that is best by a profile.
 *
 * Fails: as the requested algorithm, if there is one.
 */
export function measuredSection(
  { seed, algorithm, batch }: MeasuredSectionOptions,
  { lowered, original, merges }: ScheduledModel,
  profile: GpuProfile,
): Result<OperatorsSection> {
  const search = searchFromProfile(lowered, profile, { seed, algorithm });
  if (!search.ok) {
    return search;
  }
  const candidates = {
    ...search.value.candidates,
    ranked: search.value.candidates.ranked.map((each) => ({ ...each, merges })),
  };
  const timingOf = timingIn(profile.measurement, lowered);
  const { candidate, reason } = chosen(candidates, algorithm, profile.measurement, timingOf);
  const section = gpuSectionOf({
    graph: original.graph,
    candidates,
    algorithm: candidate.algorithm,
    boundDims: lowered.boundDims,
    batch,
    tasksOf: () => undefined,
  });
  const measurements = { measurement: profile.measurement, reason, timingOf };
  return ok(withMeasurements(section, candidates, measurements));
}

type TimingOf = (candidate: GpuCandidate) => GpuScheduleTiming | undefined;

function timingIn(measurement: GpuMeasurement | undefined, { graph }: LoweredModel): TimingOf {
  const byDigest = new Map(measurement?.schedules.map((timing) => [timing.digest, timing]));
  return ({ schedule }) => byDigest.get(scheduleDigest(graph, schedule));
}

function chosen(
  candidates: GpuCandidates,
  algorithm: GpuAlgorithm | undefined,
  measurement: GpuMeasurement | undefined,
  timingOf: TimingOf,
): { readonly candidate: GpuCandidate; readonly reason: DecisionReason } {
  const named = (name: GpuAlgorithm): GpuCandidate =>
    present(
      candidates.ranked.find((each) => each.algorithm === name),
      `candidate of ${name}`,
    );
  if (algorithm !== undefined) {
    return { candidate: named(algorithm), reason: "asked-for" };
  }
  if (measurement === undefined) {
    return predictedChoice(candidates);
  }
  const margin = 1 - Math.max(LEAST_DIFFERENCE, measurement.noiseRatio);
  let best: GpuCandidate | undefined;
  let least = 1;
  for (const candidate of candidates.ranked) {
    const timing = timingOf(candidate);
    if (timing !== undefined && isRight(timing) && timing.relative.high < margin) {
      if (timing.relative.median < least) {
        best = candidate;
        least = timing.relative.median;
      }
    }
  }
  return best === undefined
    ? { candidate: named("sequential"), reason: "nothing-beats-sequential" }
    : { candidate: best, reason: "fastest-measured" };
}

function isRight({ outputs }: GpuScheduleTiming): boolean {
  return outputs.isReplayIdentical && outputs.distance <= outputs.tolerance;
}

/** The section of the chosen schedule with what was measured. */
function withMeasurements(
  section: OperatorsSection,
  candidates: GpuCandidates,
  {
    measurement,
    reason,
    timingOf,
  }: {
    readonly measurement: GpuMeasurement | undefined;
    readonly reason: DecisionReason;
    readonly timingOf: TimingOf;
  },
): OperatorsSection {
  if (measurement === undefined) {
    return { ...section, decision: { reason } };
  }
  const baseline = (name: string): number =>
    present(
      measurement.baselines.find((each) => each.name === name),
      `baseline ${name}`,
    ).latency.medianNs;
  const measuredOf = (candidate: GpuCandidate | undefined): number | undefined =>
    candidate && timingOf(candidate)?.latency.medianNs;
  const own = candidates.ranked.find(({ algorithm }) => algorithm === section.algorithm);
  const measured = measuredOf(own);
  return {
    ...section,
    decision: { reason, noise: Math.round(measurement.noiseRatio * 1e4) / 1e4 },
    latencyNs: {
      ...section.latencyNs,
      ...(measured === undefined ? {} : { measured }),
      sequentialMeasured: baseline("sequential"),
      eagerMeasured: baseline("eager"),
    },
    candidates: candidates.ranked.map((candidate) => {
      const measuredNs = measuredOf(candidate);
      return {
        ...artifactCandidateOf(candidate),
        ...(measuredNs === undefined ? {} : { measuredNs }),
      };
    }),
  };
}
