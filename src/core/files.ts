import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import {
  fileExists,
  fileNotText,
  fileTooLarge,
  fileUnreadable,
  fileUnwritable,
  otherPlace,
  outputIsFolder,
  outputIsInput,
} from "./file-failures.js";
import { nearestFolder } from "./make-folder.js";
import { readTextFile } from "./read-text.js";
import { fail, ok, type Result } from "./result.js";
import { statusAt } from "./status-at.js";
import { tryWriting, writeFileAtomically } from "./write-file.js";

/**
 * The text of a file of at most `limit` bytes, as `readTextFile` reads it.
 *
 * Fails: `file-unreadable`, also for pipes and devices; `file-too-large`; `file-not-text`.
 */
export function readText(path: string, limit: number): Result<string> {
  try {
    const read = readTextFile(path, limit);
    switch (read.kind) {
      case "text":
        return ok(read.text);
      case "too-large":
        return fail([fileTooLarge(path, read.bytes, limit)]);
      case "not-text":
        return fail([fileNotText(path, read.problem)]);
    }
  } catch (cause) {
    return fail([fileUnreadable(path, cause)]);
  }
}

/** The files that may be overwritten. */
export interface Overwrite {
  /** Anything. */
  readonly force: boolean;
  /** Files that begin with the same `format` line as the new one, or as the expression says. */
  readonly format: string | RegExp;
  /** Input files, which are never overwritten; default none. */
  readonly inputs?: readonly string[];
  /** The option that says where the output goes, for hints; default `--out FILE`. */
  readonly option?: string;
}

/** The place of the `format` field in a file that this tool wrote. */
const HEAD_BYTES = 200;

/**
 * Writes a file whole or not at all. A file of the same format is replaced; any other one only with
 * `force`. A link is written through. A device or a pipe, such as /dev/null, is written to with `force`, and not replaced.
 *
 * Fails: as `mayWrite`.
 */
export function writeText(
  path: string,
  text: string | Uint8Array,
  overwrite: Overwrite,
): Result<void> {
  const may = mayWrite(path, overwrite);
  if (!may.ok) {
    return may;
  }
  try {
    if (isPlain(path)) {
      writeFileAtomically(path, text);
    } else {
      writeToDevice(path, text);
    }
    return ok(undefined);
  } catch (cause) {
    return fail([fileUnwritable(path, cause, overwrite.option)]);
  }
}

/**
 * Checks whether `writeText` would refuse, before long work starts.
 *
 * Fails: `output-is-input`; `file-exists`; `file-unwritable` when it is a folder, or its folder is
 * not there, or no file can be created in it (which is tried, as reading permissions is less
 * reliable).
 */
export function mayWrite(path: string, overwrite: Overwrite): Result<void> {
  const { force, format, inputs = [], option } = overwrite;
  try {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.isDirectory()) {
      return fail([outputIsFolder(path, option)]);
    }
    if (inputs.some((input) => isSameFile(path, there, input))) {
      return fail([outputIsInput(path, otherPlace(option))]);
    }
    if (there !== undefined && !force && !(there.isFile() && hasFormat(path, format))) {
      return fail([fileExists(path, option)]);
    }
    if (there !== undefined) {
      accessSync(path, constants.W_OK);
    }
    if (there === undefined || there.isFile()) {
      tryWriting(path);
    }
    return ok(undefined);
  } catch (cause) {
    return fail([fileUnwritable(path, cause, option)]);
  }
}

/**
 * Checks whether files can be created in a folder, which is made first where needed. Fails:
 * `file-unwritable`.
 */
export function mayWriteInto(folder: string): Result<void> {
  try {
    tryWriting(join(nearestFolder(folder), "file"));
    return ok(undefined);
  } catch (cause) {
    return fail([fileUnwritable(folder, cause)]);
  }
}

/** Whether a path is a file or does not exist yet, as opposed to a device or a pipe. */
function isPlain(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? true;
}

/** Opens the existing device or pipe; creates nothing. */
function writeToDevice(path: string, text: string | Uint8Array): void {
  const device = openSync(path, constants.O_WRONLY | constants.O_NOCTTY);
  try {
    writeFileSync(device, text);
  } finally {
    closeSync(device);
  }
}

/** Whether an output is this file, which may be another output that is not there yet. */
function isSameFile(path: string, there: Stats | undefined, file: string): boolean {
  const other = statusAt(file);
  return there === undefined || other === undefined
    ? resolve(path) === resolve(file)
    : there.ino === other.ino && there.dev === other.dev;
}

function hasFormat(path: string, format: string | RegExp): boolean {
  const head = headOf(path);
  return typeof format === "string" ? head.includes(format) : format.test(head);
}

function headOf(path: string): string {
  const head = Buffer.alloc(HEAD_BYTES);
  const file = openSync(path, "r");
  try {
    return head.toString("utf8", 0, readSync(file, head, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(file);
  }
}
