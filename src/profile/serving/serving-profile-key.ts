/** The key of a serving profile, its place in the store, and whether one fits. */
import { join } from "node:path";
import { fail, ok, type Result } from "../../core/result.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import { profileDoesNotFit } from "../failures.js";
import { findKept, type Kept, profileText, storeText } from "../kept-profiles.js";
import { keyDigest, profileKeyOf } from "../profile-key.js";
import type { ServingKey, ServingProfile } from "./serving-profile.js";
import { encodeServingProfile, parseServingProfile } from "./serving-profile-format.js";

/** Raised whenever the way of measuring changes what the figures mean. */
const SERVING_METHOD_VERSION = 2;

/** The key of a model, lowered for one request, on this machine. Fails: `onnxruntime-missing`. */
export async function servingKeyOf(
  lowered: LoweredModel,
  batches: readonly number[],
): Promise<Result<ServingKey>> {
  const key = await profileKeyOf(lowered, { seed: 1 });
  return key.ok ? ok({ ...key.value, method: SERVING_METHOD_VERSION, batches }) : key;
}

/** The file in which a profile with this key is stored. */
export function servingProfilePath(folder: string, key: ServingKey): string {
  return join(folder, `serving-${keyDigest(key)}.json`);
}

/** Reads a serving profile. Fails: `profile-unreadable`, `profile-invalid`. */
export function readServingProfile(path: string): Result<ServingProfile> {
  const text = profileText(path);
  return text.ok ? parseServingProfile(text.value, path) : text;
}

/** Looks for the stored profile with a key. */
export function findServingProfile(folder: string, key: ServingKey): Kept<ServingProfile> {
  const path = servingProfilePath(folder, key);
  return findKept(path, readServingProfile, (profile) =>
    keyDigest(profile.key) === keyDigest(key)
      ? ok(undefined)
      : checkServingModel(profile, path, key),
  );
}

/** Writes a profile to the store. Fails: `profile-not-stored`. */
export function writeServingProfile(path: string, profile: ServingProfile): Result<string> {
  return storeText(path, encodeServingProfile(profile));
}

/** Whether the profile in a file is of this model; the machine may be another. Fails: `profile-stale`. */
export function checkServingModel(
  profile: ServingProfile,
  file: string,
  key: ServingKey,
): Result<void> {
  const parts = [
    ["dims", "size of dynamic dims"],
    ["modelSha256", "model (structure or shapes)"],
  ] as const;
  for (const [part, words] of parts) {
    const [has, wanted] = [String(profile.key[part]), String(key[part])];
    if (has !== wanted) {
      return fail([profileDoesNotFit(file, words, has, wanted)]);
    }
  }
  return ok(undefined);
}
