/** Profiles of any kind in the user's cache folder: files of the user's own, read and written whole. */
import { dirname } from "node:path";
import type { Failure } from "../core/failure.js";
import { makeFolder } from "../core/make-folder.js";
import { readTextFile } from "../core/read-text.js";
import { fail, ok, type Result } from "../core/result.js";
import { statusAt } from "../core/status-at.js";
import { untrustedPart } from "../core/trusted-path.js";
import { writeFileAtomically } from "../core/write-file.js";
import { profileNotStored, profileUnreadable } from "./failures.js";
import { MAX_PROFILE_BYTES } from "./profile-limits.js";

/** A profile that fits. */
export interface FoundKept<Profile> {
  readonly kind: "found";
  readonly profile: Profile;
  readonly path: string;
  /** The day on which its file was written, such as `2025-11-29`, in universal time. */
  readonly keptOn: string;
}

/** The result of looking at a file of the store. */
export type Kept<Profile> =
  | FoundKept<Profile>
  | { readonly kind: "absent"; readonly path: string }
  /** There is a file, but it cannot be used: measure again, and report why. */
  | { readonly kind: "refused"; readonly reason: Failure; readonly path: string };

/**
 * Looks for a profile in a file of the store; `read` gives it from the file, `check` says whether it is
 * the one that is wanted.
 */
export function findKept<Profile>(
  path: string,
  read: (path: string) => Result<Profile>,
  check: (profile: Profile) => Result<void>,
): Kept<Profile> {
  const status = statusAt(path);
  if (status === undefined) {
    return { kind: "absent", path };
  }
  const untrusted = notOurs(path);
  if (untrusted !== undefined) {
    return { kind: "refused", reason: profileUnreadable(path, untrusted), path };
  }
  const profile = read(path);
  if (!profile.ok) {
    return { kind: "refused", reason: profile.error[0], path };
  }
  const fits = check(profile.value);
  if (!fits.ok) {
    return { kind: "refused", reason: fits.error[0], path };
  }
  const keptOn = status.mtime.toISOString().slice(0, 10);
  return { kind: "found", profile: profile.value, path, keptOn };
}

/** The text of a profile. Fails: `profile-unreadable`. */
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

/**
 * Writes the text of a profile to the store, whole or not at all; folders that are missing are made, for
 * the user alone.
 *
 * Fails: `profile-not-stored`.
 */
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

/** The reason why a file of the store may be another user's; `undefined`: it may not. */
function notOurs(path: string): string | undefined {
  return untrustedPart(path, process.getuid?.());
}
