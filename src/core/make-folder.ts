import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a folder and the folders it is in.
 *
 * Node's own recursive `mkdir` does not return where a file system says that a folder to be made
 * does not exist, as `/proc` does; here each folder is tried once.
 * Throws what `node:fs` throws.
 */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  let at = path;
  while (statSync(at, { throwIfNoEntry: false }) === undefined && dirname(at) !== at) {
    missing.push(at);
    at = dirname(at);
  }
  for (const folder of missing.reverse()) {
    mkdirSync(folder);
  }
}
