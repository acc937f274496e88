import type { ProvenanceInput } from "../../artifact/artifact.js";
import { sha256 } from "../../core/digest.js";
import { readText } from "../../core/files.js";
import { fail, ok, type Result } from "../../core/result.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import { profileDoesNotFit, profileOperatorsDiffer } from "../../profile/failures.js";
import type { GpuProfile, GpuProfileKey } from "../../profile/gpu/gpu-profile.js";
import { parseGpuProfile } from "../../profile/gpu/gpu-profile-format.js";
import {
  findGpuProfile,
  gpuProfilePath,
  writeGpuProfile,
} from "../../profile/gpu/gpu-profile-store.js";
import {
  GPU_METHOD_VERSION,
  gpuProfileKeyOf,
  measureGpuProfile,
} from "../../profile/gpu/measure-gpu-profile.js";
import { measureGpuSchedules, oneStream } from "../../profile/gpu/measure-gpu-schedules.js";
import { measuredProblem } from "../../profile/gpu/measured-problem.js";
import { modelDigest, sizesInKey } from "../../profile/profile-key.js";
import { MAX_PROFILE_BYTES } from "../../profile/profile-limits.js";
import { scheduleDigest } from "../../profile/worker-plan-of.js";
import { STREAM_LIMIT } from "../../runtime/cuda/client/nodes.js";
import { digestOfGiven } from "../../runtime/input-source.js";
import type { GpuAlgorithm } from "../../schedule/algorithm-names.js";
import type { GpuCandidate, GpuCandidates } from "../../schedule/gpu-candidate.js";
import type { GpuProblem } from "../../schedule/gpu-problem.js";
import { algorithmRefused } from "../../search/operator/failures.js";
import { searchGpuSchedules } from "../../search/operator/gpu/gpu-candidates.js";
import type { DriverContext } from "../context.js";
import { outputsTooFar, streamsTooMany } from "../failures.js";
import { digestOfPrograms, openFaster } from "./measured-layout.js";
import { type CudaTarget, type FoundDevice, withDevice } from "./with-device.js";

/** Schedules of a model, found with what a profile says. */
export interface MeasuredSearch {
  readonly problem: GpuProblem;
  readonly candidates: GpuCandidates;
}

/**
 * Searches a model's schedules with the kernels and launch costs of its GPU profile.
 *
 * Fails: as the requested algorithm, if there is one.
 */
export function searchFromProfile(
  lowered: LoweredModel,
  profile: GpuProfile,
  { seed, algorithm }: { readonly seed: number; readonly algorithm: GpuAlgorithm | undefined },
): Result<MeasuredSearch> {
  const problem = measuredProblem(profile, lowered);
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

/** Options of a measurement on a GPU, and whether kept figures of earlier runs may be used. */
export interface CudaMeasureOptions {
  /** Only this algorithm's schedule; such a profile is not kept. */
  readonly algorithm: GpuAlgorithm | undefined;
  /** Measure again even if a kept profile fits. */
  readonly remeasure: boolean;
}

/**
 * Measures a model on a GPU, or returns what an earlier run kept of the same model, code, GPU, driver
 * and libraries, if that has all schedules that the search finds. New measurements are kept: every
 * operator first; then the best schedule of every algorithm, found from these figures, against one
 * stream.
 *
 * Fails: as `withDevice` and the search do; `outputs-differ` if the outputs of one stream alone differ
 * from ONNX Runtime's.
 */
export async function measureOnCuda(
  lowered: LoweredModel,
  target: CudaTarget,
  options: CudaMeasureOptions,
  context: DriverContext,
): Promise<Result<GpuProfile>> {
  return withDevice(lowered, target, context, async (device) => {
    const { probe } = device;
    const gpu = probe.devices[target.device]?.name ?? "none";
    const key = gpuProfileKeyOf(lowered, gpu, {
      probe,
      precision: target.precision,
      fuse: target.fuse,
    });
    const path = gpuProfilePath(context.profileFolder, key, digestOfPrograms(device));
    // What is kept was measured with inputs from a seed, which say the same whatever the seed is.
    const isKept = digestOfGiven(target.inputs) === undefined;
    const kept =
      options.remeasure || !isKept
        ? undefined
        : keptProfile(path, key, { lowered, target, options }, context);
    if (kept !== undefined) {
      return ok(kept);
    }
    const measured = await measuredNow(lowered, target, { options, device }, context);
    if (measured.ok && isKept && options.algorithm === undefined) {
      keep(path, measured.value, context);
    }
    return measured;
  });
}

/** The kept profile, if it has the measurements of all schedules that the search finds with it. */
function keptProfile(
  path: string,
  key: GpuProfileKey,
  {
    lowered,
    target,
    options,
  }: {
    readonly lowered: LoweredModel;
    readonly target: CudaTarget;
    readonly options: CudaMeasureOptions;
  },
  context: DriverContext,
): GpuProfile | undefined {
  const kept = findGpuProfile(path, key);
  if (kept.kind === "refused") {
    context.onNote(`measuring again: ${kept.reason.where ?? ""} ${kept.reason.message}`);
  }
  if (kept.kind !== "found") {
    return undefined;
  }
  const { profile } = kept;
  const { seed } = target.inputs;
  const search = searchFromProfile(lowered, profile, { seed, algorithm: options.algorithm });
  const timed = new Set(profile.measurement?.schedules.map(({ digest }) => digest));
  const isComplete =
    search.ok &&
    search.value.candidates.ranked.every(({ schedule }) =>
      timed.has(scheduleDigest(lowered.graph, schedule)),
    );
  return isComplete ? profile : undefined;
}

/** A profile that cannot be kept costs time later, nothing else. */
function keep(path: string, profile: GpuProfile, { onNote }: DriverContext): void {
  const written = writeGpuProfile(path, profile);
  if (!written.ok) {
    onNote(`the profile was not kept: ${written.error[0].message}`);
  }
}

async function measuredNow(
  lowered: LoweredModel,
  target: CudaTarget,
  {
    options: { algorithm },
    device,
  }: { readonly options: CudaMeasureOptions; readonly device: FoundDevice },
  context: DriverContext,
): Promise<Result<GpuProfile>> {
  const { inputs, precision, fuse } = target;
  const { seed } = inputs;
  const { onProgress } = context;
  const { probe } = device;
  const prepared = await device.prepare();
  if (!prepared.ok) {
    return prepared;
  }
  const { reference, open } = prepared.value;
  const opened = await openFaster(device, open);
  if (!opened.ok) {
    return opened;
  }
  const { session, model, layouts } = opened.value;
  const options = { probe, precision, fuse, onProgress };
  const profile = await measureGpuProfile(session, options);
  if (!profile.ok) {
    return profile;
  }
  const search = searchFromProfile(lowered, profile.value, { seed, algorithm });
  if (!search.ok) {
    return search;
  }
  const schedules = search.value.candidates.ranked.map(({ schedule }) => schedule);
  // From here on memory is shared as a runtime would: where all of these schedules order it.
  const all = [oneStream(lowered.graph), ...schedules];
  const shared = await open({ kind: "ordered", schedules: all }, model);
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
    ? ok({
        ...profile.value,
        isVerified: reference !== undefined,
        measurement,
        ...(layouts === undefined ? {} : { layouts }),
      })
    : fail([outputsTooFar(lowered.model.path, precision, wrong.outputs)]);
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
  const text = readText(path, MAX_PROFILE_BYTES);
  if (!text.ok) {
    return text;
  }
  const parsed = parseGpuProfile(text.value, path);
  if (!parsed.ok) {
    return parsed;
  }
  const { key, operators } = parsed.value;
  const dims = sizesInKey(lowered).join();
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
