import { PendingFile } from "./pending-file.js";

/**
 * Writes a whole file or nothing, as `PendingFile` does: a reader of `path` sees the old content or
 * all of the new.
 *
 * Ensures: after a throw or a crash `path` is unchanged; after a throw no temporary file is left.
 * Throws what `node:fs` throws.
 */
export function writeFileAtomically(path: string, data: string | Uint8Array): void {
  const pending = new PendingFile(path);
  try {
    pending.write(typeof data === "string" ? new TextEncoder().encode(data) : data, 0);
    pending.commit();
  } catch (error) {
    pending.discard();
    throw error;
  }
}

/** Throws what `writeFileAtomically` would throw before its first byte; leaves no file. */
export function tryWriting(path: string): void {
  new PendingFile(path).discard();
}
