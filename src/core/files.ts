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
import { join } from "node:path";
import {
  fileExists,
  fileNotText,
  fileTooLarge,
  fileUnreadable,
  fileUnwritable,
  outputIsFolder,
  outputIsInput,
} from "./file-failures.js";
import { nearestFolder } from "./make-folder.js";
import { readTextFile } from "./read-text.js";
import { fail, ok, type Result } from "./result.js";
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

/** What may be overwritten. */
export interface Overwrite {
  /** Anything. */
  readonly force: boolean;
  /** Files that begin like this one: the `format` line of what this tool writes. */
  readonly format: string;
  /** Files that are read, and never overwritten; default none. */
  readonly inputs?: readonly string[];
}

/** Where the `format` of a file stands, if this tool wrote it. */
const HEAD_BYTES = 200;

/**
 * Writes a file whole or not at all. A file of the same format is replaced; any other one only with
 * `force`. A link is written through. A device or a pipe, such as /dev/null, is written to with `force`, and not replaced.
 *
 * Fails: as `mayWrite`.
 */
export function writeText(path: string, text: string, overwrite: Overwrite): Result<void> {
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
    return fail([fileUnwritable(path, cause)]);
  }
}

/**
 * Whether `writeText` would refuse: asked before long work starts.
 *
 * Fails: `output-is-input`; `file-exists`; `file-unwritable` when it is a folder, or its folder is
 * not there, or nothing can be made in it (which is tried: no question of permissions is as sure).
 */
export function mayWrite(path: string, overwrite: Overwrite): Result<void> {
  const { force, format, inputs = [] } = overwrite;
  try {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.isDirectory()) {
      return fail([outputIsFolder(path)]);
    }
    if (inputs.some((input) => isSameFile(there, input))) {
      return fail([outputIsInput(path)]);
    }
    if (there !== undefined && !force && !(there.isFile() && headOf(path).includes(format))) {
      return fail([fileExists(path)]);
    }
    if (there !== undefined) {
      accessSync(path, constants.W_OK);
    }
    if (there === undefined || there.isFile()) {
      tryWriting(path);
    }
    return ok(undefined);
  } catch (cause) {
    return fail([fileUnwritable(path, cause)]);
  }
}

/** Whether files can be made in a folder, which may have to be made first. Fails: `file-unwritable`. */
export function mayWriteInto(folder: string): Result<void> {
  try {
    tryWriting(join(nearestFolder(folder), "file"));
    return ok(undefined);
  } catch (cause) {
    return fail([fileUnwritable(folder, cause)]);
  }
}

/** Whether a path is a file or free to become one; else it is a device or a pipe. */
function isPlain(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? true;
}

/** Into what is there; nothing is made. */
function writeToDevice(path: string, text: string): void {
  const device = openSync(path, constants.O_WRONLY | constants.O_NOCTTY);
  try {
    writeFileSync(device, text);
  } finally {
    closeSync(device);
  }
}

function isSameFile(there: Stats | undefined, path: string): boolean {
  const other = statSync(path, { throwIfNoEntry: false });
  return (
    there !== undefined && other !== undefined && there.ino === other.ino && there.dev === other.dev
  );
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
