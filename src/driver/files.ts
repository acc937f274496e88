import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { fail, ok, type Result } from "../core/result.js";
import { writeFileAtomically } from "../core/write-file.js";
import { fileExists, fileTooLarge, fileUnreadable, fileUnwritable } from "./failures.js";

/** JSON inputs larger than this are not read into memory. */
const MAX_TEXT_BYTES = 512 * 1024 * 1024;

/** The text of a file. Fails: `file-unreadable`, `file-too-large`. */
export function readText(path: string): Result<string> {
  try {
    const { size } = statSync(path);
    if (size > MAX_TEXT_BYTES) {
      return fail([fileTooLarge(path, size, MAX_TEXT_BYTES)]);
    }
    return ok(readFileSync(path, "utf8"));
  } catch (cause) {
    return fail([fileUnreadable(path, cause)]);
  }
}

/** What may be overwritten. */
export interface Overwrite {
  /** Anything. */
  readonly force: boolean;
  /** Files that begin like this one: the `format` line of what this tool writes. */
  readonly format: string;
}

/**
 * Writes a file whole or not at all. A file of the same format is replaced; any other one only with
 * `force`.
 *
 * Fails: `file-exists`, `file-unwritable`.
 */
export function writeText(path: string, text: string, overwrite: Overwrite): Result<void> {
  const may = mayWrite(path, overwrite);
  if (!may.ok) {
    return may;
  }
  try {
    writeFileAtomically(path, text);
    return ok(undefined);
  } catch (cause) {
    return fail([fileUnwritable(path, cause)]);
  }
}

/**
 * Whether `writeText` would refuse: asked before long work starts.
 *
 * Fails: `file-exists`, `file-unwritable` when the folder is not there or may not be written to.
 */
export function mayWrite(path: string, { force, format }: Overwrite): Result<void> {
  try {
    accessSync(dirname(path), constants.W_OK);
    if (force || !existsSync(path) || readFileSync(path, "utf8").slice(0, 200).includes(format)) {
      return ok(undefined);
    }
  } catch (cause) {
    return fail([fileUnwritable(path, cause)]);
  }
  return fail([fileExists(path)]);
}
