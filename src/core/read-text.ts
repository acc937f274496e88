import { isUtf8 } from "node:buffer";
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { openInput } from "./open-input.js";

/** The outcome of reading a text. */
export type TextFile =
  | { readonly kind: "text"; readonly text: string }
  /** The file is too large: `bytes`, as far as known. */
  | { readonly kind: "too-large"; readonly bytes: number }
  | { readonly kind: "not-text"; readonly problem: string };

/** Bytes requested beyond the reported size of a file: some report 0. */
const PIECE_BYTES = 1 << 16;

/** Control characters that a text may begin with: tab, line feed, carriage return. */
const LINE_ENDS = [0x09, 0x0a, 0x0d];

/**
 * Streams that this process inherited, such as those of `command | top-compile search /dev/stdin`
 * or `<(command)`.
 */
const GIVEN_STREAM = /^\/(?:dev\/(?:stdin|fd\/\d+)|proc\/self\/fd\/\d+)$/;

/** The outcome of reading bytes. */
export type BytesFile =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "too-large"; readonly bytes: number };

/** Reads a file, as `readTextFile` does, of whatever bytes it has. Throws as `openInput` does. */
export function readBytesFile(path: string, limit: number): BytesFile {
  const isGivenPipe = GIVEN_STREAM.test(path) && statSync(path).isFIFO();
  const { file, size } = isGivenPipe ? { file: openSync(path, "r"), size: 0 } : openSized(path);
  try {
    const bytes = size > limit ? undefined : readUpTo(file, size, limit);
    return bytes === undefined
      ? { kind: "too-large", bytes: Math.max(size, limit + 1) }
      : { kind: "bytes", bytes };
  } finally {
    closeSync(file);
  }
}

/** Returns bytes as UTF-8 text, without a byte order mark at their start. */
export function textOfBytes(bytes: Uint8Array): Exclude<TextFile, { kind: "too-large" }> {
  const problem = encodingProblem(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  // The decoder drops the byte order mark.
  return problem === undefined
    ? { kind: "text", text: new TextDecoder().decode(bytes) }
    : { kind: "not-text", problem };
}

/**
 * Reads a file as UTF-8 text, without a byte order mark at its start. Pipes, devices and sockets
 * are refused, but a pipe that the process inherited is read to its end. A file larger than `limit`
 * bytes is not read.
 *
 * Throws as `openInput` does.
 */
export function readTextFile(path: string, limit: number): TextFile {
  const read = readBytesFile(path, limit);
  return read.kind === "bytes" ? textOfBytes(read.bytes) : read;
}

function openSized(path: string): { readonly file: number; readonly size: number } {
  const { file, status } = openInput(path);
  return { file, size: status.size };
}

/** All bytes, or `undefined` when there are more than `limit`. */
function readUpTo(file: number, size: number, limit: number): Buffer | undefined {
  const pieces: Buffer[] = [];
  let total = 0;
  for (let room = size + 1; total <= limit; room = PIECE_BYTES) {
    const piece = Buffer.allocUnsafe(room);
    const read = readSync(file, piece, 0, room, null);
    if (read === 0) {
      return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
    }
    total += read;
    pieces.push(piece.subarray(0, read));
  }
  return undefined;
}

function encodingProblem(bytes: Buffer): string | undefined {
  if (isUtf8(bytes)) {
    return undefined;
  }
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return "is UTF-16 text, not UTF-8";
  }
  if (first !== undefined && first < 0x20 && !LINE_ENDS.includes(first)) {
    return "it is a binary file, such as an ONNX model";
  }
  // No byte of a longer character is a line end, so each line is checked on its own.
  for (let line = 1, start = 0; ; line++) {
    const end = bytes.indexOf("\n", start);
    if (!isUtf8(bytes.subarray(start, end === -1 ? bytes.length : end))) {
      return `is not UTF-8 text: line ${line} has bytes that mean no character`;
    }
    start = end + 1;
  }
}
