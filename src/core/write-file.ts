import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";

/**
 * Writes a whole file or nothing: the bytes go to a temporary name beside it, then the file is renamed.
 *
 * Ensures: after a throw or a crash `path` is what it was; after a throw no temporary file is left.
 * Throws what `node:fs` throws.
 */
export function writeFileAtomically(path: string, data: string | Uint8Array): void {
  const temporary = `${path}.partial`;
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  try {
    const file = openSync(temporary, "w");
    try {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(file, bytes, done);
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
