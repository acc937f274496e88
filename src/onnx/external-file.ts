/**
 * The file that a location of external data refers to, and whether it may be read.
 *
 * A model is untrusted and must not make this program read, and perhaps write out again, any file
 * that the user can read. So a location is relative and stays below the folder of the model, and so
 * does the file that it leads to once every link on the way is followed. Two exceptions: files that
 * the user allows, and the cache of Hugging Face, where `snapshots/<revision>/model.onnx_data` is a
 * link to `../../blobs/<digest>` of the same root.
 */
import { realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, normalize, relative, sep } from "node:path";
import { fileProblem } from "../core/error-text.js";
import { statusAt } from "../core/status-at.js";
import { FileWindow } from "./file-window.js";

/** The model with external data, and the files that may be read for it. */
export interface ExternalOwner {
  /** Path of the model. */
  readonly path: string;
  /** Files and folders that the user allows although they are outside the folder of the model. */
  readonly allowExternal?: readonly string[];
}

/** An open file with external data, or why there is none. */
export type ExternalFile =
  | { readonly kind: "open"; readonly file: FileWindow; readonly path: string }
  | { readonly kind: "missing"; readonly problem: string }
  /** A link leads to `path`, which may not be read. */
  | { readonly kind: "outside"; readonly path: string };

/**
 * Opens the file that a location names.
 *
 * Ensures: the open file is the one whose real path was checked, even if links change meanwhile;
 * `path` is that real path. The caller closes it.
 */
export function openExternal(owner: ExternalOwner, location: string): ExternalFile {
  if (location === "") {
    return { kind: "missing", problem: "the model names no file with its data" };
  }
  const below = normalize(location);
  if (isAbsolute(below) || below === ".." || below.startsWith(`..${sep}`)) {
    const problem = isAbsolute(below)
      ? `its data have an absolute path, "${location}", where ONNX has one relative to the model`
      : `its data "${location}" are outside the folder of the model`;
    return { kind: "missing", problem };
  }
  const named = join(dirname(owner.path), below);
  let file: FileWindow | undefined;
  try {
    file = new FileWindow(named);
    const path = realpathSync(named);
    if (file.isAt(path) && mayRead(owner, path)) {
      return { kind: "open", file, path };
    }
    file.close();
    return { kind: "outside", path };
  } catch (cause) {
    file?.close();
    return { kind: "missing", problem: `file ${named} cannot be opened: ${fileProblem(cause)}` };
  }
}

/**
 * Returns whether external data of a model are in its folder or below once links are followed, so that
 * ONNX Runtime takes a model beside it that refers to them. Data that are not there count as inside.
 */
export function isInFolder(model: string, location: string): boolean {
  try {
    return isBelow(realpathSync(dirname(model)), realpathSync(join(dirname(model), location)));
  } catch {
    return true;
  }
}

function mayRead({ path, allowExternal = [] }: ExternalOwner, file: string): boolean {
  const folder = realpathSync(dirname(path));
  return (
    isBelow(folder, file) ||
    dirname(file) === blobsOf(folder) ||
    allowExternal.some((allowed) => isAllowed(allowed, file))
  );
}

function isAllowed(allowed: string, file: string): boolean {
  return statusAt(allowed) !== undefined && isBelow(realpathSync(allowed), file);
}

/** Whether a real path equals another one or lies below it. */
function isBelow(folder: string, file: string): boolean {
  const way = relative(folder, file);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/**
 * The folder with the files of a folder below `<root>/snapshots/<revision>`; `undefined` for any
 * other folder.
 */
function blobsOf(folder: string): string | undefined {
  for (let at = folder; dirname(at) !== at; at = dirname(at)) {
    if (basename(dirname(at)) === "snapshots") {
      return join(dirname(dirname(at)), "blobs");
    }
  }
  return undefined;
}
