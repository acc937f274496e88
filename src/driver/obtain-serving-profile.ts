/** The source of serving times: a file that the user names, a profile kept from an earlier run, or new ones. */
import { fail, ok, type Result } from "../core/result.js";
import { doubtOf, machineLoad } from "../profile/machine-load.js";
import { measureServing } from "../profile/serving/measure-serving.js";
import type { BatchLowering } from "../profile/serving/served-model.js";
import type { ServingProfile } from "../profile/serving/serving-profile.js";
import {
  checkServingModel,
  findServingProfile,
  readServingProfile,
  servingKeyOf,
  servingProfilePath,
  writeServingProfile,
} from "../profile/serving/serving-profile-key.js";
import type { DriverContext } from "./context.js";

/** Where serving times come from. */
export type ServingSource =
  /** Of these files the one that is of the model. */
  | { readonly kind: "files"; readonly paths: readonly string[] }
  /** What earlier runs kept, else new ones. */
  | { readonly kind: "kept" }
  | { readonly kind: "fresh" };

/**
 * The serving profile of a model, lowered for every batch size that may be used.
 *
 * New ones are kept unless the machine was busy before, which is noted.
 * Fails: `profile-unreadable`, `profile-invalid`, `profile-stale`, and as measuring does.
 */
export async function obtainServingProfile(
  batches: readonly BatchLowering[],
  source: ServingSource,
  seed: number,
  context: DriverContext,
): Promise<Result<ServingProfile>> {
  const [one] = batches as readonly [BatchLowering];
  const sizes = batches.map(({ batch }) => batch);
  const key = await servingKeyOf(one.lowered, sizes);
  if (!key.ok) {
    return key;
  }
  if (source.kind === "files") {
    return ofFiles(source.paths, (profile, path) => checkServingModel(profile, path, key.value));
  }
  const path = servingProfilePath(context.profileFolder, key.value);
  if (source.kind === "kept") {
    const kept = findServingProfile(context.profileFolder, key.value);
    if (kept.kind === "found") {
      context.onNote(`times of ${kept.keptOn}, kept in ${path}; --remeasure takes new ones`);
      return ok(kept.profile);
    }
    if (kept.kind === "refused") {
      context.onNote(`measuring again: ${kept.reason.where ?? ""} ${kept.reason.message}`);
    }
  }
  const doubt = doubtOf((context.machineLoad ?? machineLoad)(), undefined);
  const { signal, onProgress } = context;
  const measured = await measureServing(batches, { seed, signal, onProgress });
  if (!measured.ok) {
    return measured;
  }
  if (doubt !== undefined) {
    context.onNote(`${doubt}: the times are not to be trusted, and not kept`);
    return measured;
  }
  const written = writeServingProfile(path, measured.value);
  context.onNote(
    written.ok ? `times kept in ${path}` : `the profile was not kept: ${written.error[0].message}`,
  );
  return measured;
}

/** The first profile that is of the model; else why the last is not. */
function ofFiles(
  paths: readonly string[],
  check: (profile: ServingProfile, path: string) => Result<void>,
): Result<ServingProfile> {
  let refused: Result<never> | undefined;
  for (const path of paths) {
    const profile = readServingProfile(path);
    if (!profile.ok) {
      return profile;
    }
    const fits = check(profile.value, path);
    if (fits.ok) {
      return profile;
    }
    refused = fail(fits.error);
  }
  return refused as Result<never>;
}
