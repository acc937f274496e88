/**
 * The source of a compile's figures: a file that the user names, a profile kept from an earlier run,
 * or new measurements (which are kept).
 */
import { basename } from "node:path";
import type { ProvenanceInput } from "../artifact/artifact.js";
import { sha256 } from "../core/digest.js";
import { readText } from "../core/files.js";
import { formatShare } from "../core/format.js";
import { fail, ok, type Result } from "../core/result.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { checkOperators, checkProfile } from "../profile/check-profile.js";
import { doubtOf, type MachineLoad, machineLoad } from "../profile/machine-load.js";
import { measureCandidates, measureProfile } from "../profile/measure-profile.js";
import type { Profile } from "../profile/profile.js";
import { parseProfile } from "../profile/profile-format.js";
import { profileKeyOf } from "../profile/profile-key.js";
import { MAX_PROFILE_BYTES } from "../profile/profile-limits.js";
import {
  type FoundProfile,
  findProfile,
  profilePath,
  writeProfile,
} from "../profile/profile-store.js";
import type { InputSource } from "../runtime/input-source.js";
import type { OperatorSchedule } from "../schedule/operator-schedule.js";
import type { DriverContext } from "./context.js";

/** The user's choice of a profile. */
export type ProfileSource =
  /** Take this one, measure nothing. */
  | { readonly kind: "file"; readonly path: string }
  /** Take what earlier runs kept, else measure. */
  | { readonly kind: "kept" }
  /** Measure again. */
  | { readonly kind: "fresh" };

/** A profile, and the file it is in if the user named one. */
export interface ObtainedProfile {
  readonly profile: Profile;
  readonly input: ProvenanceInput | undefined;
  /** The machine's when the operators were measured; `undefined`: they were not measured now. */
  readonly load: MachineLoad | undefined;
}

/**
 * The profile of a model.
 *
 * A file fits if it is of this model with these dims; the machine may be another one. A kept profile
 * must fit in everything; one that does not is measured again, and the reason is noted.
 * Fails: `file-unreadable`, `profile-invalid`, `profile-stale`, and what measuring fails with.
 */
export async function obtainProfile(
  lowered: LoweredModel,
  source: ProfileSource,
  inputs: InputSource,
  context: DriverContext,
): Promise<Result<ObtainedProfile>> {
  if (source.kind === "file") {
    return profileInFile(lowered, source.path, inputs);
  }
  const key = await profileKeyOf(lowered, inputs);
  if (!key.ok) {
    return key;
  }
  if (source.kind === "kept") {
    const kept = findProfile(context.profileFolder, key.value);
    const doubt =
      kept.kind === "found" ? doubtOf(undefined, kept.profile.measurement?.noiseRatio) : undefined;
    if (kept.kind === "found" && doubt === undefined) {
      context.onNote(noteOnKept(kept));
      return ok({ profile: kept.profile, input: undefined, load: undefined });
    }
    if (doubt !== undefined) {
      context.onNote(`measuring again: the kept profile has ${doubt}`);
    }
    if (kept.kind === "refused") {
      context.onNote(`measuring again: ${kept.reason.where ?? ""} ${kept.reason.message}`);
    }
  }
  const load = (context.machineLoad ?? machineLoad)();
  const measured = await measureProfile(lowered, { inputs, ...measuringWith(context) });
  if (!measured.ok) {
    return measured;
  }
  if (doubtOf(load, undefined) === undefined) {
    keep(measured.value, context);
  }
  return ok({ profile: measured.value, input: undefined, load });
}

/** A note that names the profile in use, its date and its noise. */
function noteOnKept({ profile, path, keptOn }: FoundProfile): string {
  const noise = profile.measurement?.noiseRatio;
  const quality = noise === undefined ? "" : `, noise ${formatShare(noise)}`;
  return `times of ${keptOn}${quality}, kept in ${path}; --remeasure takes new ones`;
}

async function profileInFile(
  lowered: LoweredModel,
  path: string,
  inputs: InputSource,
): Promise<Result<ObtainedProfile>> {
  const text = readText(path, MAX_PROFILE_BYTES);
  if (!text.ok) {
    return text;
  }
  const profile = parseProfile(text.value, path);
  if (!profile.ok) {
    return profile;
  }
  const key = await profileKeyOf(lowered, inputs);
  const fits = key.ok ? checkProfile(profile.value, path, key.value, "model") : ok(undefined);
  const same = fits.ok ? checkOperators(profile.value, path, lowered.graph) : fits;
  if (!same.ok) {
    return same;
  }
  const input = { role: "profile", name: basename(path), sha256: sha256(text.value) } as const;
  return ok({ profile: profile.value, input, load: undefined });
}

/**
 * The profile with measurements of these schedules: its own if it has any, else new ones. New ones
 * are kept unless the machine was busy or the noise is large, which is noted. A profile from a file
 * is used as it is.
 *
 * Fails: as measuring does.
 */
export async function withMeasuredSchedules(
  lowered: LoweredModel,
  { profile, load }: ObtainedProfile,
  schedules: readonly OperatorSchedule[],
  { source, inputs }: { readonly source: ProfileSource; readonly inputs: InputSource },
  context: DriverContext,
): Promise<Result<Profile>> {
  if (source.kind === "file" || profile.measurement !== undefined) {
    return ok(profile);
  }
  const before = load ?? (context.machineLoad ?? machineLoad)();
  const options = { inputs, ...measuringWith(context) };
  const measurement = await measureCandidates(lowered, schedules, options);
  if (!measurement.ok) {
    return fail(measurement.error);
  }
  const complete = { ...profile, measurement: measurement.value };
  const doubt = doubtOf(before, measurement.value.noiseRatio);
  if (doubt === undefined) {
    keep(complete, context);
  } else {
    context.onNote(`${doubt}: the times are not to be trusted, and not kept`);
  }
  return ok(complete);
}

/** A profile that cannot be kept costs time later, nothing else. */
function keep(profile: Profile, context: DriverContext): void {
  const written = writeProfile(profilePath(context.profileFolder, profile.key), profile);
  if (!written.ok) {
    context.onNote(`the profile was not kept: ${written.error[0].message}`);
  }
}

function measuringWith({ signal, onProgress }: DriverContext) {
  return { signal, onProgress };
}
