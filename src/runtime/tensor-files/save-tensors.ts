/** Tensors written into a folder, a `.npy` file each. */
import { join } from "node:path";
import {
  fileUnwritable,
  outputIsInput,
  savedFileExists,
  saveFolderIsFile,
} from "../../core/file-failures.js";
import { mayWriteInto } from "../../core/files.js";
import { makeFolder } from "../../core/make-folder.js";
import { PendingFile } from "../../core/pending-file.js";
import { fail, ok, type Result } from "../../core/result.js";
import { linkStatusAt, statusAt } from "../../core/status-at.js";
import type { TensorData } from "../tensor-data.js";
import { npyHead } from "./npy.js";

/** A folder for tensors. */
export interface SaveFolder {
  readonly folder: string;
  /** Whether files that are there may be replaced. */
  readonly force: boolean;
  /** Files that are read, which are never replaced. */
  readonly inputs: readonly string[];
}

/** A tensor that was written. */
export interface SavedTensor {
  readonly name: string;
  /** Its file in the folder. */
  readonly file: string;
}

const MOST_CHARACTERS = 100;

/**
 * A file for each name, the same for the same names: other characters than letters, digits, `.`, `-` and
 * `_` become `_`, and names that would be one, whatever the case of their letters, are numbered.
 */
export function fileNames(names: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const plain = name
      .replace(/[^\w.-]/g, "_")
      .replace(/^\.+/, "_")
      .slice(0, MOST_CHARACTERS);
    const base = plain === "" ? "output" : plain;
    let file = base;
    for (let count = 2; taken.has(file.toLowerCase()); count++) {
      file = `${base}-${count}`;
    }
    taken.add(file.toLowerCase());
    return `${file}.npy`;
  });
}

/**
 * Checks whether tensors of these names can be saved, before long work starts.
 *
 * Fails: `file-unwritable`, `file-exists`, `output-is-input`.
 */
export function maySave(place: SaveFolder, names: readonly string[]): Result<void> {
  const { folder, force, inputs } = place;
  const there = statusAt(folder);
  if (there !== undefined && !there.isDirectory()) {
    return fail([saveFolderIsFile(folder)]);
  }
  const read = inputs.map((path) => statusAt(path));
  for (const file of fileNames(names)) {
    const path = join(folder, file);
    const status = statusAt(path);
    if (read.some((each) => each && each.ino === status?.ino && each.dev === status.dev)) {
      return fail([outputIsInput(path, "give another folder with --save-outputs")]);
    }
    if (linkStatusAt(path) !== undefined && !force) {
      return fail([savedFileExists(path)]);
    }
    if (status?.isDirectory() === true) {
      return fail([saveFolderIsFile(path)]);
    }
  }
  return mayWriteInto(folder);
}

/**
 * Writes tensors into a folder, which is made where needed: all files are written in full before the first
 * of them takes its place.
 *
 * Requires: every tensor crosses sessions. Fails: as `maySave`.
 */
export function saveTensors(
  place: SaveFolder,
  tensors: ReadonlyMap<string, TensorData>,
): Result<readonly SavedTensor[]> {
  const names = [...tensors.keys()];
  const may = maySave(place, names);
  if (!may.ok) {
    return may;
  }
  const files = fileNames(names);
  const pending: PendingFile[] = [];
  try {
    makeFolder(place.folder);
    names.forEach((name, at) => {
      const file = new PendingFile(join(place.folder, files[at] ?? ""));
      pending.push(file);
      writeTensor(file, tensors.get(name));
    });
    for (const file of pending) {
      file.commit();
    }
    return ok(names.map((name, at) => ({ name, file: files[at] ?? "" })));
  } catch (cause) {
    for (const file of pending) {
      file.discard();
    }
    return fail([fileUnwritable(place.folder, cause)]);
  }
}

function writeTensor(file: PendingFile, tensor: TensorData | undefined): void {
  const head = tensor === undefined ? undefined : npyHead(tensor);
  if (tensor !== undefined && head !== undefined) {
    file.write(head, 0);
    file.write(tensor.bytes, head.length);
  }
}
