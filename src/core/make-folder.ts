import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Creates a folder and its missing parents, with the permissions `mode` less the umask. Another
 * process may create the same ones at the same time.
 *
 * Node's own recursive `mkdir` never returns on file systems that report a folder to be created as
 * missing, as `/proc` does; here each folder is tried once.
 * Throws what `node:fs` throws.
 */
export function makeFolder(path: string, mode: number = 0o777): void {
  const missing: string[] = [];
  let at = path;
  while (statSync(at, { throwIfNoEntry: false }) === undefined && dirname(at) !== at) {
    missing.push(at);
    at = dirname(at);
  }
  for (const folder of missing.reverse()) {
    makeOne(folder, mode);
  }
}

function makeOne(folder: string, mode: number): void {
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
      throw error;
    }
  }
}

/** The folder itself, or its nearest existing parent. Throws what `node:fs` throws. */
export function nearestFolder(path: string): string {
  const isThere = statSync(path, { throwIfNoEntry: false }) !== undefined;
  return isThere || dirname(path) === path ? path : nearestFolder(dirname(path));
}
