import type { ProvenanceInput } from "../../artifact/artifact.js";
import { sha256 } from "../../core/digest.js";
import { fail, ok, type Result } from "../../core/result.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import { profileDoesNotFit, profileOperatorsDiffer } from "../../profile/failures.js";
import type { GpuProfile } from "../../profile/gpu/gpu-profile.js";
import { parseGpuProfile } from "../../profile/gpu/gpu-profile-format.js";
import { GPU_METHOD_VERSION, measureGpuProfile } from "../../profile/gpu/measure-gpu-profile.js";
import { measureGpuSchedules, oneStream } from "../../profile/gpu/measure-gpu-schedules.js";
import { modelDigest } from "../../profile/profile-key.js";
import { STREAM_LIMIT } from "../../runtime/cuda/client/protocol.js";
import {
  type GpuAlgorithm,
  type GpuCandidate,
  type GpuCandidates,
  searchGpuSchedules,
} from "../../search/operator/gpu/gpu-candidates.js";
import type { GpuProblem } from "../../search/operator/gpu/gpu-problem.js";
import type { DriverContext } from "../context.js";
import { algorithmRefused, outputsDiffer, streamsTooMany } from "../failures.js";
import { readText } from "../files.js";
import { measuredProblem } from "../measured-problem.js";
import { type CudaTarget, withDevice } from "./with-device.js";

/** Schedules of a model, found with what a profile says. */
export interface MeasuredSearch {
  readonly problem: GpuProblem;
  readonly candidates: GpuCandidates;
}

/**
 * The candidates of a model from its GPU profile, with the kernels and launch costs that it has.
 *
 * Fails: as the one algorithm that was asked for.
 */
export function searchFromProfile(
  lowered: LoweredModel,
  profile: GpuProfile,
  { seed, algorithm }: { readonly seed: number; readonly algorithm: GpuAlgorithm | undefined },
): Result<MeasuredSearch> {
  const problem = measuredProblem(profile, lowered.graph);
  const found = searchGpuSchedules(problem, {
    seed,
    ...(algorithm === undefined ? {} : { algorithms: [algorithm] }),
  });
  const candidates = withinStreamLimit(found);
  const refused = candidates.refused.find((each) => each.algorithm === algorithm);
  return refused === undefined
    ? ok({ problem, candidates })
    : fail([algorithmRefused(refused.algorithm, refused.reason)]);
}

/** The candidates that the helper can execute; Opara takes 159 streams for NASNet-A large. */
function withinStreamLimit(candidates: GpuCandidates): GpuCandidates {
  const isWithin = ({ schedule }: GpuCandidate): boolean => schedule.streams <= STREAM_LIMIT;
  const over = candidates.ranked.filter((each) => !isWithin(each));
  return {
    ...candidates,
    ranked: candidates.ranked.filter(isWithin),
    refused: [
      ...candidates.refused,
      ...over.map(({ algorithm, schedule }) => ({
        algorithm,
        reason: streamsTooMany(`--algorithm ${algorithm}`, schedule.streams, STREAM_LIMIT),
      })),
    ],
  };
}

/**
 * Measures a model on a GPU: every operator, then, with the schedules that a search finds from these
 * figures, the best of every algorithm against one stream.
 *
 * Fails: what `withDevice` and the search fail with; `outputs-differ` when one stream alone does not give
 * what ONNX Runtime gives.
 */
export async function measureOnCuda(
  lowered: LoweredModel,
  target: CudaTarget,
  algorithm: GpuAlgorithm | undefined,
  context: DriverContext,
): Promise<Result<GpuProfile>> {
  const { seed, precision, fuse } = target;
  const { onProgress } = context;
  return withDevice(lowered, target, context, async ({ probe, reference, open }) => {
    const session = await open({ kind: "none" });
    if (!session.ok) {
      return session;
    }
    const options = { probe, precision, isFused: fuse, onProgress };
    const profile = await measureGpuProfile(session.value, options);
    if (!profile.ok) {
      return profile;
    }
    const search = searchFromProfile(lowered, profile.value, { seed, algorithm });
    if (!search.ok) {
      return search;
    }
    const schedules = search.value.candidates.ranked.map(({ schedule }) => schedule);
    // From here on memory is shared as a runtime would: where all of these schedules order it.
    const shared = await open({
      kind: "ordered",
      schedules: [oneStream(lowered.graph), ...schedules],
    });
    if (!shared.ok) {
      return shared;
    }
    const request = { schedules, reference, seed, onProgress };
    const measured = await measureGpuSchedules(shared.value, request);
    if (!measured.ok) {
      return measured;
    }
    const { measurement } = measured.value;
    const wrong = measurement.schedules.find(
      ({ streams, outputs }) => streams === 1 && outputs.distance > outputs.tolerance,
    );
    return wrong === undefined
      ? ok({ ...profile.value, measurement })
      : fail([outputsDiffer(lowered.model.path, wrong.outputs.distance, wrong.outputs.distance)]);
  });
}

/** A GPU profile, and the file that it is in. */
export interface RecordedGpuProfile {
  readonly profile: GpuProfile;
  readonly input: ProvenanceInput;
}

/**
 * The GPU profile in a file, checked to be of this model with these dims; the machine may be another.
 *
 * Fails: `file-unreadable`, `profile-invalid`, `profile-stale`.
 */
export function gpuProfileInFile(
  lowered: LoweredModel,
  path: string,
  name: string,
): Result<RecordedGpuProfile> {
  const text = readText(path);
  if (!text.ok) {
    return text;
  }
  const parsed = parseGpuProfile(text.value, path);
  if (!parsed.ok) {
    return parsed;
  }
  const { key, operators } = parsed.value;
  const dims = lowered.boundDims.map((dim) => `${dim.name}=${dim.size}`).join();
  for (const [words, has, wanted] of [
    ["version of the measuring method", String(key.method), String(GPU_METHOD_VERSION)],
    ["size of dynamic dims", key.dims.join(), dims],
    ["model (structure or shapes)", key.modelSha256, modelDigest(lowered)],
  ] as const) {
    if (has !== wanted) {
      return fail([profileDoesNotFit(path, words, has, wanted)]);
    }
  }
  const odd = lowered.graph.operators.find((each, at) => operators[at]?.name !== each.name);
  if (odd !== undefined || operators.length !== lowered.graph.operators.length) {
    return fail([profileOperatorsDiffer(path, odd?.name ?? "the last operator", true)]);
  }
  const input = { role: "profile", name, sha256: sha256(text.value) } as const;
  return ok({ profile: parsed.value, input });
}
