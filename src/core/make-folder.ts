import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a folder and the folders it is in, those that are not there with the permissions `mode` less
 * the umask. Another process may make the same ones meanwhile.
 *
 * Node's own recursive `mkdir` does not return where a file system says that a folder to be made
 * does not exist, as `/proc` does; here each folder is tried once.
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

/** The folder itself, or the one that is there and that it would be made in. Throws what `node:fs` throws. */
export function nearestFolder(path: string): string {
  const isThere = statSync(path, { throwIfNoEntry: false }) !== undefined;
  return isThere || dirname(path) === path ? path : nearestFolder(dirname(path));
}
