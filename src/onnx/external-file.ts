/**
 * Which file a model means by the location of external data, and whether it may be read.
 *
 * A model comes from anywhere and must not make this program read, and perhaps write out again,
 * whatever the user can read. So a location is relative and stays below the folder of the model, and
 * so does the file that it leads to once every link on the way is followed. Two exceptions: what the
 * user allows, and the cache of Hugging Face, where `snapshots/<revision>/model.onnx_data` is a link
 * to `../../blobs/<digest>` of the same root.
 */
import { realpathSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, normalize, relative, sep } from "node:path";
import { fileProblem } from "../core/error-text.js";
import { FileWindow } from "./file-window.js";

/** Whose external data, and what else may be read for it. */
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
 * Ensures: what is open is the file whose real path was checked, whatever happens to the links
 * meanwhile; `path` is that real path. The caller closes it.
 */
export function openExternal(owner: ExternalOwner, location: string): ExternalFile {
  const below = normalize(location);
  if (isAbsolute(below) || below === ".." || below.startsWith(`..${sep}`)) {
    const problem = `its data "${location}" are outside the folder of the model`;
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

function mayRead({ path, allowExternal = [] }: ExternalOwner, file: string): boolean {
  const folder = realpathSync(dirname(path));
  return (
    isBelow(folder, file) ||
    dirname(file) === blobsOf(folder) ||
    allowExternal.some((allowed) => isAllowed(allowed, file))
  );
}

function isAllowed(allowed: string, file: string): boolean {
  const isThere = statSync(allowed, { throwIfNoEntry: false }) !== undefined;
  return isThere && isBelow(realpathSync(allowed), file);
}

/** Whether a real path is another one or below it. */
function isBelow(folder: string, file: string): boolean {
  const way = relative(folder, file);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** Where the files of a folder below `<root>/snapshots/<revision>` lie; `undefined`: it is no such folder. */
function blobsOf(folder: string): string | undefined {
  for (let at = folder; dirname(at) !== at; at = dirname(at)) {
    if (basename(dirname(at)) === "snapshots") {
      return join(dirname(dirname(at)), "blobs");
    }
  }
  return undefined;
}
