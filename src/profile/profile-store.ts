/** Profiles kept in the user's cache folder, one file per key, so that a model is measured once. */

import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { Failure } from "../core/failure.js";
import { makeFolder } from "../core/make-folder.js";
import { fail, ok, type Result } from "../core/result.js";
import { writeFileAtomically } from "../core/write-file.js";
import { checkProfile } from "./check-profile.js";
import { profileNotStored, profileUnreadable } from "./failures.js";
import type { Profile } from "./profile.js";
import { encodeProfile, MAX_PROFILE_BYTES, parseProfile } from "./profile-format.js";
import { keyDigest, type ProfileKey } from "./profile-key.js";

/** What a look into the store found. */
export type StoredProfile =
  | { readonly kind: "found"; readonly profile: Profile; readonly path: string }
  | { readonly kind: "absent"; readonly path: string }
  /** There is a file, but it cannot be used: measure again, and say why. */
  | { readonly kind: "refused"; readonly reason: Failure; readonly path: string };

/** The folder of stored profiles: `$XDG_CACHE_HOME` or `~/.cache`, then `top-compile/profiles`. */
export function profileFolder(env: Readonly<Record<string, string | undefined>>): string {
  const { XDG_CACHE_HOME: cacheHome, HOME: home } = env;
  const cache = cacheHome || join(home || homedir(), ".cache");
  return join(cache, "top-compile", "profiles");
}

/** The file in which a profile with this key is stored. */
export function profilePath(folder: string, key: ProfileKey): string {
  return join(folder, `${keyDigest(key)}.json`);
}

/** Reads a profile file. Fails: `profile-unreadable`, `profile-invalid`. */
export function readProfile(path: string): Result<Profile> {
  let source: string;
  try {
    const { size } = statSync(path);
    if (size > MAX_PROFILE_BYTES) {
      return fail([profileUnreadable(path, `the file has ${size} bytes`)]);
    }
    source = readFileSync(path, "utf8");
  } catch (error) {
    return fail([profileUnreadable(path, error)]);
  }
  return parseProfile(source, path);
}

/** Looks for the stored profile with a key. */
export function findProfile(folder: string, key: ProfileKey): StoredProfile {
  const path = profilePath(folder, key);
  if (statSync(path, { throwIfNoEntry: false }) === undefined) {
    return { kind: "absent", path };
  }
  const profile = readProfile(path);
  if (!profile.ok) {
    return { kind: "refused", reason: profile.error[0], path };
  }
  const fits = checkProfile(profile.value, path, key);
  return fits.ok
    ? { kind: "found", profile: profile.value, path }
    : { kind: "refused", reason: fits.error[0], path };
}

/**
 * Writes a profile to a file, its folders made as needed, whole or not at all.
 *
 * Fails: `profile-not-stored`.
 */
export function writeProfile(path: string, profile: Profile): Result<string> {
  const text = encodeProfile(profile);
  try {
    makeFolder(dirname(path));
    writeFileAtomically(path, text);
    return ok(path);
  } catch (error) {
    return fail([profileNotStored(path, error)]);
  }
}
