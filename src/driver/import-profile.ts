/** Measurements of other tools as profiles: read, match with the model, fill in what is left open, write. */

import { basename } from "node:path";
import { readText } from "../core/files.js";
import { present } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import { importMalformed } from "../import/failures.js";
import { MAX_NS } from "../import/read-problem.js";
import type { Precision } from "../kernels/precision.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { readModel } from "../onnx/read-model.js";
import { attributeKernels } from "../profile/attribute-kernels.js";
import { profileDoesNotFit } from "../profile/failures.js";
import type { GpuProfile } from "../profile/gpu/gpu-profile.js";
import { encodeGpuProfile } from "../profile/gpu/gpu-profile-format.js";
import { cpuProfileOf } from "../profile/import/cpu-profile-of.js";
import { importDeviceWrong, importFilesConflict } from "../profile/import/failures.js";
import { isFirstHour, readFirstHour } from "../profile/import/first-hour.js";
import { gpuProfileOf } from "../profile/import/gpu-profile-of.js";
import type { ImportedSource } from "../profile/import/imported-part.js";
import {
  type KernelOperators,
  type MatchedParts,
  matchParts,
} from "../profile/import/match-parts.js";
import { nodeNamesOf } from "../profile/import/node-names.js";
import { readSources } from "../profile/import/read-sources.js";
import type { ImportRecord } from "../profile/import-record.js";
import type { Profile } from "../profile/profile.js";
import { encodeProfile, parseProfile } from "../profile/profile-format.js";
import { modelDigest, sizesInKey } from "../profile/profile-key.js";
import { MAX_PROFILE_BYTES } from "../profile/profile-limits.js";
import { profileProblems } from "../profile/profile-problems.js";
import type { DriverContext } from "./context.js";
import type { NamedDevice } from "./device-named.js";
import { type ModelJob, runModelJob } from "./model-job.js";
import { type ImportFile, readImportFiles } from "./read-import-file.js";
import { isOfKind } from "./recorded-gpu-profile.js";
import { feedsOfRun, USUAL_INPUTS } from "./sizes-from.js";

/** What to import, and for which model. */
export interface ImportRequest extends ModelJob {
  /** Files of one tool, in any order; a model that ONNX Runtime optimized may be among them. */
  readonly files: readonly string[];
  readonly device: NamedDevice;
  /** As the user named it, for messages. */
  readonly deviceName: string;
  /** Arithmetic of matrix products that was measured on a GPU. */
  readonly precision: Precision;
  /** Match parts without names by type, size and order. */
  readonly byOrder: boolean;
  /** A profile of the machine whose worker threads cost the same; absent: usual costs. */
  readonly machine?: string;
}

/** What was imported: times of another tool, with what they were matched with; or a profile of this one. */
export type ImportedProfile = MatchedProfile | RecordedProfile;

/** Times of another tool as a profile. */
export interface MatchedProfile {
  readonly kind: "matched";
  readonly profile:
    | { readonly kind: "cpu"; readonly profile: Profile }
    | { readonly kind: "gpu"; readonly profile: GpuProfile };
  readonly source: ImportedSource;
  readonly matched: MatchedParts;
}

/** A profile that this tool measured, from a file with several. */
export interface RecordedProfile {
  readonly kind: "recorded";
  readonly profile: { readonly kind: "gpu"; readonly profile: GpuProfile };
}

/**
 * Imports measurements and writes the profile.
 *
 * Fails: what reading, lowering and writing fail with; `import-*`. Nothing is written then.
 */
export async function importProfile(
  request: ImportRequest,
  context: DriverContext,
): Promise<Result<ImportedProfile>> {
  const { files, device, machine } = request;
  const feedsOf = feedsOfRun(USUAL_INPUTS);
  const job = {
    ...request,
    feedsOf,
    alsoReads: [...files, ...(machine === undefined ? [] : [machine])],
  };
  const format = device.kind === "cpu" ? "top-compile/profile" : "top-compile/gpu-profile";
  return runModelJob(job, format, context, async (lowered) => {
    const imported = importedFor(request, lowered);
    if (!imported.ok) {
      return imported;
    }
    const { profile } = imported.value;
    if (imported.value.kind === "matched") {
      notesOn(imported.value, request).forEach(context.onNote);
    }
    const text =
      profile.kind === "gpu" ? encodeGpuProfile(profile.profile) : encodeProfile(profile.profile);
    return ok({ value: imported.value, text });
  });
}

function importedFor(request: ImportRequest, lowered: LoweredModel): Result<ImportedProfile> {
  const { device, deviceName, byOrder } = request;
  const models = request.files.filter((path) => /\.(?:onnx|ort)$/i.test(path));
  const files = readAll(request.files.filter((path) => !models.includes(path)));
  if (!files.ok) {
    return files;
  }
  const hour = files.value.find(({ text }) => isFirstHour(text));
  if (hour !== undefined) {
    return recordedIn(request, lowered, hour);
  }
  const names = nodeNamesOf(lowered);
  const isNode = (name: string): boolean => names.operatorOf(name) !== undefined;
  const source = readSources(files.value, { isNode, byOrder });
  if (!source.ok) {
    return source;
  }
  const { kind, tool, totalNs } = source.value;
  const path = present(files.value[0], "file").path;
  if (device.kind === "cuda" || (kind !== "any" && (kind === "cpu") !== (device.kind === "cpu"))) {
    return fail([importDeviceWrong(deviceName, kind === "cpu" ? "cpu" : "gpu")]);
  }
  if (totalNs > MAX_NS) {
    return fail([importMalformed(path, "", "has times that add up to more than a day")]);
  }
  const known = kernelOperators(models, tool, lowered);
  if (!known.ok) {
    return known;
  }
  const options = { path, byOrder, ...(known.value && { kernelOperators: known.value }) };
  const matched = matchParts(lowered, source.value, options);
  return matched.ok
    ? profileOf(request, lowered, {
        source: source.value,
        matched: matched.value,
        files: files.value,
      })
    : matched;
}

/** The profile of the model in the results of a first hour, as it was measured. */
function recordedIn(
  { files, device, deviceName, precision }: ImportRequest,
  lowered: LoweredModel,
  file: ImportFile,
): Result<RecordedProfile> {
  if (files.length > 1) {
    return fail([importFilesConflict(file.path, "has all profiles in one: give it alone")]);
  }
  if (device.kind !== "model") {
    return fail([importDeviceWrong(deviceName, "gpu")]);
  }
  const profiles = readFirstHour(file);
  if (!profiles.ok) {
    return profiles;
  }
  const wanted = [modelDigest(lowered), precision, ...sizesInKey(lowered)].join();
  const profile = profiles.value.find(
    ({ key }) => [key.modelSha256, key.precision, ...key.dims].join() === wanted,
  );
  if (profile === undefined) {
    const message = `has no profile of this model, with these sizes, in ${precision}`;
    return fail([importFilesConflict(file.path, message)]);
  }
  return profile.device.name === device.model.product || isOfKind(profile.device.name, device.model)
    ? ok({ kind: "recorded", profile: { kind: "gpu", profile } })
    : fail([profileDoesNotFit(file.path, "GPU", profile.device.name, device.model.product)]);
}

function readAll(paths: readonly string[]): Result<readonly ImportFile[]> {
  return paths.length === 0
    ? fail([importFilesConflict("", "no file holds measurements")])
    : readImportFiles(paths);
}

/** The operators of each kernel, where the optimized model is among the files. */
function kernelOperators(
  models: readonly string[],
  tool: ImportedSource["tool"],
  lowered: LoweredModel,
): Result<KernelOperators | undefined> {
  const [path] = models;
  if (path === undefined) {
    return ok(undefined);
  }
  if (tool !== "onnxruntime" || models.length > 1) {
    const message =
      models.length > 1
        ? "is one of several models: there is one optimized model"
        : "is a model: only a profile of ONNX Runtime comes with one, which it optimized";
    return fail([importFilesConflict(path, message)]);
  }
  const optimized = readModel(path);
  if (!optimized.ok) {
    return optimized;
  }
  const { operatorsOf } = attributeKernels(lowered, optimized.value.graph);
  return ok(
    new Map(
      optimized.value.graph.nodes.map(({ name }, at) => [name, operatorsOf[at] ?? []] as const),
    ),
  );
}

interface Found {
  readonly source: ImportedSource;
  readonly matched: MatchedParts;
  readonly files: readonly ImportFile[];
}

function profileOf(
  request: ImportRequest,
  lowered: LoweredModel,
  { source, matched, files }: Found,
): Result<MatchedProfile> {
  const { device, precision } = request;
  const record = recordOf(source, matched, files, request.byOrder);
  if (device.kind === "model") {
    const profile = gpuProfileOf(lowered, matched, { device: device.model, precision, record });
    return ok({ kind: "matched", profile: { kind: "gpu", profile }, source, matched });
  }
  const machine = request.machine === undefined ? ok(undefined) : machineIn(request.machine);
  if (!machine.ok) {
    return machine;
  }
  const { threads } = source;
  const profile = cpuProfileOf(lowered, matched, {
    threads,
    record,
    ...(machine.value === undefined ? {} : { machine: machine.value }),
  });
  const [problem] = profileProblems(profile);
  return problem === undefined
    ? ok({ kind: "matched", profile: { kind: "cpu", profile }, source, matched })
    : fail([importMalformed(request.machine ?? "", problem.pointer, problem.message)]);
}

function machineIn(path: string): Result<Profile> {
  const text = readText(path, MAX_PROFILE_BYTES);
  return text.ok ? parseProfile(text.value, path) : text;
}

const MAX_WORDS = 200;

function recordOf(
  { tool, measuredBy, deviceName, resolutionNs, includesGaps, hasQuantiles }: ImportedSource,
  { coverage }: MatchedParts,
  files: readonly ImportFile[],
  byOrder: boolean,
): ImportRecord {
  return {
    tool,
    measuredBy: measuredBy.slice(0, MAX_WORDS),
    ...(deviceName === undefined ? {} : { deviceName: deviceName.slice(0, MAX_WORDS) }),
    files: files.map(({ path, sha256 }) => ({ name: basename(path), sha256 })),
    resolutionNs,
    coverage: Math.min(1, Math.floor(coverage * 1e4) / 1e4),
    matchedBy: byOrder ? "order" : "names",
    includesGaps,
    notMeasured: hasQuantiles ? [] : ["quantiles"],
  };
}

/** What the user should know of an import. */
function notesOn({ source, matched }: MatchedProfile, { device }: ImportRequest): string[] {
  const { deviceName, notes } = source;
  const isOther =
    device.kind === "model" && deviceName !== undefined && !isOfKind(deviceName, device.model);
  const [largest] = matched.unmatched;
  return [
    ...notes,
    ...(isOther
      ? [`measured on "${deviceName}": what is left open is of ${device.model.product}`]
      : []),
    ...(largest === undefined ? [] : [`of no operator, and left out: "${largest.label}"`]),
  ];
}
