import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileUnwritable } from "./file-failures.js";
import { mayWrite, mayWriteInto, writeText } from "./files.js";
import { makeFolder } from "./make-folder.js";
import { fail, ok, type Result } from "./result.js";

/** One of the files of an output. */
export interface FileToWrite {
  readonly path: string;
  readonly content: string | Uint8Array;
  /** How a file begins that may be overwritten; absent: none may without `force`. */
  readonly mark?: RegExp | undefined;
  /** Whether a file that is there stays as it is: it is the user's to change. */
  readonly isKept?: boolean | undefined;
}

/** No file begins like this. */
const NEVER = /(?!)/;

/** What may be overwritten, and whether missing folders are made. */
export interface WritingFiles {
  readonly force: boolean;
  /** Input files, which are never overwritten. */
  readonly inputs: readonly string[];
  readonly makesFolders: boolean;
}

/**
 * Writes several files, each whole or not at all, after it has been checked that all can be. A file that is there
 * with the same bytes stays.
 *
 * Returns the paths that were written or are there already with the same bytes; those that were kept are left out.
 * Fails: as `mayWrite`, before anything is written.
 */
export function writeFiles(
  files: readonly FileToWrite[],
  { force, inputs, makesFolders }: WritingFiles,
): Result<readonly string[]> {
  const wanted = files.filter(({ path, isKept }) => isKept !== true || force || !existsSync(path));
  const missing = wanted.filter((file) => !isThere(file));
  for (const { path, mark = NEVER } of missing) {
    const isMade = makesFolders && !existsSync(dirname(path));
    const may = isMade
      ? mayWriteInto(dirname(path))
      : mayWrite(path, { force, format: mark, inputs });
    if (!may.ok) {
      return may;
    }
  }
  for (const { path, content, mark = NEVER } of missing) {
    const made = makesFolders ? folderFor(path) : ok(undefined);
    const written = made.ok ? writeText(path, content, { force, format: mark, inputs }) : made;
    if (!written.ok) {
      return written;
    }
  }
  return ok(wanted.map(({ path }) => path));
}

function folderFor(path: string): Result<void> {
  try {
    makeFolder(dirname(resolve(path)));
    return ok(undefined);
  } catch (cause) {
    return fail([fileUnwritable(path, cause)]);
  }
}

/** Whether a file has this content already. */
function isThere({ path, content }: FileToWrite): boolean {
  try {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    const status = statSync(path);
    return status.isFile() && status.size === bytes.length && readFileSync(path).equals(bytes);
  } catch {
    return false;
  }
}
