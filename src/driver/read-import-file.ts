import { gunzipSync } from "node:zlib";
import { sha256 } from "../core/digest.js";
import { fileNotText, fileTooLarge, fileUnreadable } from "../core/file-failures.js";
import { readBytesFile, textOfBytes } from "../core/read-text.js";
import { fail, ok, type Result } from "../core/result.js";
import { importMalformed } from "../import/failures.js";
import { MAX_IMPORT_BYTES } from "../profile/import/read-sources.js";

/** The text of a profile of another tool, and the digest of its file. */
export interface ImportFile {
  readonly path: string;
  readonly text: string;
  readonly sha256: string;
}

/**
 * Reads a profile of another tool; one that was packed with gzip is unpacked, to no more than is read.
 *
 * Fails: `file-unreadable`, `file-too-large`, `file-not-text`, `import-malformed` for a damaged archive.
 */
export function readImportFile(path: string): Result<ImportFile> {
  try {
    const read = readBytesFile(path, MAX_IMPORT_BYTES);
    if (read.kind === "too-large") {
      return fail([fileTooLarge(path, read.bytes, MAX_IMPORT_BYTES)]);
    }
    const { bytes } = read;
    const plain = isPacked(bytes) ? unpacked(path, bytes) : ok(bytes);
    if (!plain.ok) {
      return plain;
    }
    const text = textOfBytes(plain.value);
    return text.kind === "text"
      ? ok({ path, text: text.text, sha256: sha256(bytes) })
      : fail([fileNotText(path, text.problem)]);
  } catch (cause) {
    return fail([fileUnreadable(path, cause)]);
  }
}

/** Reads several, in order. Fails: as the first of them that cannot be read. */
export function readImportFiles(paths: readonly string[]): Result<readonly ImportFile[]> {
  const files: ImportFile[] = [];
  for (const path of paths) {
    const file = readImportFile(path);
    if (!file.ok) {
      return file;
    }
    files.push(file.value);
  }
  return ok(files);
}

function isPacked(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function unpacked(path: string, bytes: Uint8Array): Result<Uint8Array> {
  try {
    return ok(gunzipSync(bytes, { maxOutputLength: MAX_IMPORT_BYTES }));
  } catch (cause) {
    const isLarge = cause instanceof RangeError;
    return fail([
      isLarge
        ? fileTooLarge(path, MAX_IMPORT_BYTES + 1, MAX_IMPORT_BYTES)
        : importMalformed(path, "", "is a damaged or incomplete gzip archive"),
    ]);
  }
}
