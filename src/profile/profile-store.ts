/** Profiles of CPUs in the user's cache folder, one file per key, so that a model is measured once. */
import { join } from "node:path";
import type { Result } from "../core/result.js";
import { checkProfile } from "./check-profile.js";
import { type FoundKept, findKept, type Kept, profileText, storeText } from "./kept-profiles.js";
import type { Profile } from "./profile.js";
import { encodeProfile, parseProfile } from "./profile-format.js";
import { keyDigest, type ProfileKey } from "./profile-key.js";

/** A profile of the store that fits. */
export type FoundProfile = FoundKept<Profile>;

/** The file in which a profile with this key is stored. */
export function profilePath(folder: string, key: ProfileKey): string {
  return join(folder, `${keyDigest(key)}.json`);
}

/** Reads a profile file. Fails: `profile-unreadable`, `profile-invalid`. */
export function readProfile(path: string): Result<Profile> {
  const text = profileText(path);
  return text.ok ? parseProfile(text.value, path) : text;
}

/** Looks for the stored profile with a key. */
export function findProfile(folder: string, key: ProfileKey): Kept<Profile> {
  const path = profilePath(folder, key);
  return findKept(path, readProfile, (profile) => checkProfile(profile, path, key));
}

/** Writes a profile to the store, as `storeText` does. Fails: `profile-not-stored`. */
export function writeProfile(path: string, profile: Profile): Result<string> {
  return storeText(path, encodeProfile(profile));
}
