import { createHash } from "node:crypto";
import { closeSync, readSync } from "node:fs";
import { openInput } from "./open-input.js";

const WINDOW_BYTES = 1 << 20;

/** Lower-case hexadecimal SHA-256 of `data` (text is UTF-8). */
export function sha256(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("hex");
}

/** SHA-256 of a text in UTF-8, in base 64: as policies of web pages name it. */
export function sha256Base64(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}

/** SHA-256 of a file, read in windows of 1 MiB: memory stays constant. Throws as `openInput` does. */
export function sha256OfFile(path: string): string {
  const hash = createHash("sha256");
  const window = new Uint8Array(WINDOW_BYTES);
  const { file } = openInput(path);
  try {
    for (;;) {
      const count = readSync(file, window, 0, WINDOW_BYTES, null);
      if (count === 0) {
        return hash.digest("hex");
      }
      hash.update(window.subarray(0, count));
    }
  } finally {
    closeSync(file);
  }
}
