import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileUnwritable } from "./file-failures.js";
import { mayWrite, mayWriteInto, type Overwrite, writeText } from "./files.js";
import { makeFolder } from "./make-folder.js";
import { fail, ok, type Result } from "./result.js";

/** What is in a file, or how it is written where that is too large to be held. */
export type FileContent =
  | { readonly content: string | Uint8Array }
  | {
      /** Writes it whole or not at all. Fails as writing does, and as what it is made of. */
      readonly write: (path: string) => Result<void>;
    };

/** One of the files of an output. */
export type FileToWrite = FileContent & {
  readonly path: string;
  /**
   * How a file begins that may be overwritten; absent: none may without `force`, unless folders are made and the
   * first file of the output is there with its mark.
   */
  readonly mark?: RegExp | undefined;
  /** Whether a file that is there stays as it is: it is the user's to change. */
  readonly isKept?: boolean | undefined;
};

/** No file begins like this, and every file does. */
const NEVER = /(?!)/;
const ALWAYS = /^/;

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
  const unmarked = makesFolders && isMarked(files[0]) ? ALWAYS : NEVER;
  for (const { path, mark = unmarked } of missing) {
    const isMade = makesFolders && !existsSync(dirname(path));
    const may = isMade
      ? mayWriteInto(dirname(path))
      : mayWrite(path, { force, format: mark, inputs });
    if (!may.ok) {
      return may;
    }
  }
  for (const file of missing) {
    const { path, mark = unmarked } = file;
    const made = makesFolders ? folderFor(path) : ok(undefined);
    const written = made.ok ? writeOne(file, { force, format: mark, inputs }) : made;
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

function writeOne(file: FileToWrite, overwrite: Overwrite): Result<void> {
  return "content" in file ? writeText(file.path, file.content, overwrite) : file.write(file.path);
}

/** Whether a file is there already, and begins as it would. */
function isMarked(file: FileToWrite | undefined): boolean {
  if (file?.mark === undefined || !existsSync(file.path)) {
    return false;
  }
  return mayWrite(file.path, { force: false, format: file.mark }).ok;
}

/** Whether a file has this content already. */
function isThere(file: FileToWrite): boolean {
  if (!("content" in file)) {
    return false;
  }
  const { path, content } = file;
  try {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    const status = statSync(path);
    return status.isFile() && status.size === bytes.length && readFileSync(path).equals(bytes);
  } catch {
    return false;
  }
}
