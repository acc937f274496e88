/** GPU profiles kept in the user's cache folder, beside those of the CPU. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../../core/digest.js";
import type { Failure } from "../../core/failure.js";
import type { Result } from "../../core/result.js";
import { stableJson } from "../../core/stable-json.js";
import { profileUnreadable } from "../failures.js";
import { notOurs, profileText, storeText } from "../profile-store.js";
import type { GpuProfile, GpuProfileKey } from "./gpu-profile.js";
import { encodeGpuProfile, parseGpuProfile } from "./gpu-profile-format.js";

/** What a look into the store found. */
export type StoredGpuProfile =
  | { readonly kind: "found"; readonly profile: GpuProfile }
  | { readonly kind: "absent" }
  /** There is a file, but it cannot be used: measure again, and say why. */
  | { readonly kind: "refused"; readonly reason: Failure };

/**
 * The file in which a profile is stored. `program` is the digest of what the device is given: kernels
 * that another version of this tool makes are measured again.
 */
export function gpuProfilePath(folder: string, key: GpuProfileKey, program: string): string {
  const name = sha256(stableJson({ ...key, program })).slice(0, 32);
  return join(folder, `${name}.gpu.json`);
}

/** Looks for the profile in a file of the store. */
export function findGpuProfile(path: string, key: GpuProfileKey): StoredGpuProfile {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) {
    return { kind: "absent" };
  }
  const untrusted = notOurs(path);
  if (untrusted !== undefined) {
    return { kind: "refused", reason: profileUnreadable(path, untrusted) };
  }
  const profile = readGpuProfile(path);
  if (!profile.ok) {
    return { kind: "refused", reason: profile.error[0] };
  }
  return stableJson({ ...profile.value.key }) === stableJson({ ...key })
    ? { kind: "found", profile: profile.value }
    : { kind: "refused", reason: profileUnreadable(path, "it is of something else") };
}

function readGpuProfile(path: string): Result<GpuProfile> {
  const text = profileText(path);
  return text.ok ? parseGpuProfile(text.value, path) : text;
}

/** Writes a profile to the store, as `writeProfile` does. Fails: `profile-not-stored`. */
export function writeGpuProfile(path: string, profile: GpuProfile): Result<string> {
  return storeText(path, encodeGpuProfile(profile));
}
