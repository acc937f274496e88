/** Profiles kept in the user's cache folder, one file per key, so that a model is measured once. */

import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Failure } from "../core/failure.js";
import { makeFolder } from "../core/make-folder.js";
import { readTextFile } from "../core/read-text.js";
import { fail, ok, type Result } from "../core/result.js";
import { untrustedPart } from "../core/trusted-path.js";
import { writeFileAtomically } from "../core/write-file.js";
import { checkProfile } from "./check-profile.js";
import { profileNotStored, profileUnreadable } from "./failures.js";
import type { Profile } from "./profile.js";
import { encodeProfile, MAX_PROFILE_BYTES, parseProfile } from "./profile-format.js";
import { keyDigest, type ProfileKey } from "./profile-key.js";

/** A profile that fits. */
export interface FoundProfile {
  readonly kind: "found";
  readonly profile: Profile;
  readonly path: string;
  /** The day on which its file was written, such as `2025-11-29`, in universal time. */
  readonly keptOn: string;
}

/** What a look into the store found. */
export type StoredProfile =
  | FoundProfile
  | { readonly kind: "absent"; readonly path: string }
  /** There is a file, but it cannot be used: measure again, and say why. */
  | { readonly kind: "refused"; readonly reason: Failure; readonly path: string };

/** The file in which a profile with this key is stored. */
export function profilePath(folder: string, key: ProfileKey): string {
  return join(folder, `${keyDigest(key)}.json`);
}

/** Reads a profile file. Fails: `profile-unreadable`, `profile-invalid`. */
export function readProfile(path: string): Result<Profile> {
  const text = profileText(path);
  return text.ok ? parseProfile(text.value, path) : text;
}

/** The text of a profile of any kind. Fails: `profile-unreadable`. */
export function profileText(path: string): Result<string> {
  try {
    const read = readTextFile(path, MAX_PROFILE_BYTES);
    switch (read.kind) {
      case "text":
        return ok(read.text);
      case "too-large":
        return fail([profileUnreadable(path, `the file has ${read.bytes} bytes`)]);
      case "not-text":
        return fail([profileUnreadable(path, read.problem)]);
    }
  } catch (error) {
    return fail([profileUnreadable(path, error)]);
  }
}

/** Looks for the stored profile with a key. */
export function findProfile(folder: string, key: ProfileKey): StoredProfile {
  const path = profilePath(folder, key);
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) {
    return { kind: "absent", path };
  }
  const untrusted = notOurs(path);
  if (untrusted !== undefined) {
    return { kind: "refused", reason: profileUnreadable(path, untrusted), path };
  }
  const profile = readProfile(path);
  if (!profile.ok) {
    return { kind: "refused", reason: profile.error[0], path };
  }
  const fits = checkProfile(profile.value, path, key);
  return fits.ok
    ? {
        kind: "found",
        profile: profile.value,
        path,
        keptOn: status.mtime.toISOString().slice(0, 10),
      }
    : { kind: "refused", reason: fits.error[0], path };
}

/** Why a file of the store may be somebody else's work; `undefined`: it may not. */
export function notOurs(path: string): string | undefined {
  return untrustedPart(path, process.getuid?.());
}

/**
 * Writes a profile to the store, whole or not at all; folders that are missing are made, for the user alone.
 *
 * Fails: `profile-not-stored`.
 */
export function writeProfile(path: string, profile: Profile): Result<string> {
  return storeText(path, encodeProfile(profile));
}

/** As `writeProfile`, with the text of any kind of profile. Fails: `profile-not-stored`. */
export function storeText(path: string, text: string): Result<string> {
  try {
    makeFolder(dirname(path), 0o700);
    const untrusted = notOurs(path);
    if (untrusted !== undefined) {
      return fail([profileNotStored(path, untrusted)]);
    }
    writeFileAtomically(path, text);
    return ok(path);
  } catch (error) {
    return fail([profileNotStored(path, error)]);
  }
}
