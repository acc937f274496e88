/**
 * Compiling for a GPU that is here, or for one that was measured elsewhere.
 *
 * The winner is the best measured: every algorithm's schedule is run against the one-stream CUDA
 * graph in the same rounds, and one that is not faster by more than the noise does not win. Schedules
 * whose outputs are not those of one stream are out of the race.
 */
import { basename } from "node:path";
import type {
  DecisionReason,
  OperatorsSection,
  ProvenanceInput,
  ScheduleArtifact,
} from "../../artifact/artifact.js";
import { encodeArtifact } from "../../artifact/artifact-format.js";
import { sha256OfFile } from "../../core/digest.js";
import { present } from "../../core/invariant.js";
import { ok, type Result } from "../../core/result.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import type {
  GpuMeasurement,
  GpuProfile,
  GpuScheduleTiming,
} from "../../profile/gpu/gpu-profile.js";
import { scheduleDigest } from "../../profile/worker-plan-of.js";
import type {
  GpuAlgorithm,
  GpuCandidate,
  GpuCandidates,
} from "../../search/operator/gpu/gpu-candidates.js";
import type { DriverContext } from "../context.js";
import { gpuSectionOf } from "../gpu-section-of.js";
import { type ModelJob, runModelJob } from "../model-job.js";
import { gpuProfileInFile, measureOnCuda, searchFromProfile } from "./measure-on-cuda.js";
import type { CudaTarget } from "./with-device.js";

/** What to compile, and for which GPU. */
export interface CudaCompileRequest extends ModelJob {
  readonly target: CudaTarget;
  /** Only this algorithm, whatever is faster. */
  readonly algorithm: GpuAlgorithm | undefined;
  /** A recorded profile instead of the GPU. */
  readonly profile: string | undefined;
}

/** Times at least this far apart count as different, whatever the noise floor says. */
const LEAST_DIFFERENCE = 0.01;

/**
 * Compiles a model for a GPU from measurements and writes its artifact.
 *
 * Fails: what reading, lowering, measuring and writing fail with; nothing is written then.
 */
export async function compileForCuda(
  request: CudaCompileRequest,
  context: DriverContext,
): Promise<Result<ScheduleArtifact>> {
  return runModelJob(request, "top-compile/schedule", context, async (lowered) => {
    const artifact = await artifactOf(request, lowered, context);
    return artifact.ok
      ? ok({ value: artifact.value, text: encodeArtifact(artifact.value) })
      : artifact;
  });
}

async function artifactOf(
  request: CudaCompileRequest,
  lowered: LoweredModel,
  context: DriverContext,
): Promise<Result<ScheduleArtifact>> {
  const { target, algorithm } = request;
  const recorded = await profileOf(request, lowered, context);
  if (!recorded.ok) {
    return recorded;
  }
  const { profile, input } = recorded.value;
  const search = searchFromProfile(lowered, profile, { seed: target.seed, algorithm });
  if (!search.ok) {
    return search;
  }
  const { problem, candidates } = search.value;
  const timingOf = timingIn(profile.measurement, lowered);
  const { candidate, reason } = chosen(candidates, algorithm, profile.measurement, timingOf);
  const section = gpuSectionOf({
    problem,
    candidates,
    algorithm: candidate.algorithm,
    boundDims: lowered.boundDims,
    batch: request.batch?.batch,
    tasks: undefined,
  });
  return ok({
    provenance: provenanceOf(request, input, profile.isVerified, context.tool),
    device: { name: profile.device.name, source: "measured" },
    operators: withMeasurements(section, candidates, {
      measurement: profile.measurement,
      reason,
      timingOf,
    }),
  });
}

async function profileOf(
  { profile, target, algorithm }: CudaCompileRequest,
  lowered: LoweredModel,
  context: DriverContext,
): Promise<Result<{ readonly profile: GpuProfile; readonly input: ProvenanceInput | undefined }>> {
  if (profile !== undefined) {
    return gpuProfileInFile(lowered, profile, basename(profile));
  }
  const measured = await measureOnCuda(lowered, target, algorithm, context);
  return measured.ok ? ok({ profile: measured.value, input: undefined }) : measured;
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
    return { candidate: present(candidates.ranked[0], "candidate"), reason: "fastest-predicted" };
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
      const { algorithm, schedule, predictedNs } = candidate;
      const measuredNs = measuredOf(candidate);
      return {
        algorithm,
        streams: schedule.streams,
        predictedNs,
        ...(measuredNs === undefined ? {} : { measuredNs }),
      };
    }),
  };
}

function provenanceOf(
  { model, target, algorithm, dims, batch }: CudaCompileRequest,
  profile: ProvenanceInput | undefined,
  isVerified: boolean,
  tool: string,
): ScheduleArtifact["provenance"] {
  const input = { role: "model", name: basename(model), sha256: sha256OfFile(model) } as const;
  return {
    tool,
    inputs: profile === undefined ? [input] : [input, profile],
    seed: target.seed,
    options: {
      device: "cuda",
      precision: target.precision,
      ...(target.estimateUnsupported ? { estimateUnsupported: true } : {}),
      ...(target.fuse ? { fuse: true } : {}),
      ...(isVerified ? {} : { verified: false }),
      ...(algorithm === undefined ? {} : { algorithm }),
      ...(batch === undefined ? {} : { batch: batch.batch }),
      ...(dims.size === 0 ? {} : { dim: [...dims].map(([name, size]) => `${name}=${size}`) }),
    },
  };
}
