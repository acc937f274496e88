/** GPU profiles kept in the user's cache folder, next to those of the CPU. */
import { join } from "node:path";
import { sha256 } from "../../core/digest.js";
import { fail, ok, type Result } from "../../core/result.js";
import { stableJson } from "../../core/stable-json.js";
import { profileUnreadable } from "../failures.js";
import { findKept, type Kept, profileText, storeText } from "../kept-profiles.js";
import type { GpuProfile, GpuProfileKey } from "./gpu-profile.js";
import { encodeGpuProfile, parseGpuProfile } from "./gpu-profile-format.js";

/**
 * The file in which a profile is stored. `program` is the digest of what the device is given: kernels
 * that another version of this tool makes are measured again.
 */
export function gpuProfilePath(folder: string, key: GpuProfileKey, program: string): string {
  const name = sha256(stableJson({ ...key, program })).slice(0, 32);
  return join(folder, `${name}.gpu.json`);
}

/** Looks for the profile in a file of the store. */
export function findGpuProfile(path: string, key: GpuProfileKey): Kept<GpuProfile> {
  return findKept(path, readGpuProfile, (profile) =>
    stableJson({ ...profile.key }) === stableJson({ ...key })
      ? ok(undefined)
      : fail([profileUnreadable(path, "it is of something else")]),
  );
}

function readGpuProfile(path: string): Result<GpuProfile> {
  const text = profileText(path);
  return text.ok ? parseGpuProfile(text.value, path) : text;
}

/** Writes a profile to the store, as `storeText` does. Fails: `profile-not-stored`. */
export function writeGpuProfile(path: string, profile: GpuProfile): Result<string> {
  return storeText(path, encodeGpuProfile(profile));
}
