import { closeSync, readSync, statSync } from "node:fs";
import { fileProblem } from "../core/error-text.js";
import { openInput } from "../core/open-input.js";
import { Budget, type ByteSource } from "./byte-source.js";
import { WireError } from "./wire-error.js";

/**
 * The read size: small after a jump, because another may follow; sequential reads double up to the
 * maximum.
 */
const LEAST_WINDOW_BYTES = 1 << 14;
const LARGEST_WINDOW_BYTES = 1 << 18;

/** Bytes of one read at most: systems and Node take less than 2 GiB at a time. */
const LARGEST_READ_BYTES = 1 << 30;

/** Random access to a file through one window: memory stays constant however large the file is. */
export class FileWindow implements ByteSource {
  readonly bytes: number;
  readonly hasMarks = false;
  /** The memory budget of the file, shared by parts that are decoded in memory. */
  readonly budget: Budget;
  readonly #file: number;
  readonly #status: { readonly dev: number; readonly ino: number };
  readonly #window: Buffer = Buffer.allocUnsafe(LARGEST_WINDOW_BYTES);
  #start = 0;
  #end = 0;
  #next = LEAST_WINDOW_BYTES;

  /**
   * Opens the file; at most `limit` bytes may be charged to it.
   * Throws as `openInput` does.
   */
  constructor(path: string, limit: number = Number.POSITIVE_INFINITY) {
    const { file, status } = openInput(path);
    this.#file = file;
    this.#status = status;
    this.bytes = status.size;
    this.budget = new Budget(limit);
  }

  /** Whether a path leads to the same file. Throws what `node:fs` throws. */
  isAt(path: string): boolean {
    const { dev, ino } = statSync(path);
    return dev === this.#status.dev && ino === this.#status.ino;
  }

  byteAt(offset: number): number {
    if (offset < this.#start || offset >= this.#end) {
      this.#fill(offset);
    }
    return this.#window[offset - this.#start] ?? 0;
  }

  copy(offset: number, length: number): Uint8Array {
    this.budget.take(length, offset);
    const result = new Uint8Array(length);
    const inWindow = this.#inWindow(offset, length);
    if (inWindow) {
      this.#window.copy(result, 0, offset - this.#start, offset - this.#start + length);
      return result;
    }
    for (let done = 0; done < length; ) {
      done += this.#read(result, done, length - done, offset + done);
    }
    return result;
  }

  text(offset: number, length: number): string {
    if (!this.#inWindow(offset, length)) {
      return Buffer.from(this.copy(offset, length).buffer).toString("utf8");
    }
    this.budget.take(length, offset);
    const from = offset - this.#start;
    return this.#window.toString("utf8", from, from + length);
  }

  charge(bytes: number, offset: number): void {
    this.budget.take(bytes, offset);
  }

  /** Closes the file. */
  close(): void {
    closeSync(this.#file);
  }

  /** Moves the window to the range if it is small. Returns whether the range is in memory. */
  #inWindow(offset: number, length: number): boolean {
    if (offset >= this.#start && offset + length <= this.#end) {
      return true;
    }
    if (length > 0 && length <= LEAST_WINDOW_BYTES) {
      this.#fill(offset);
    }
    return offset >= this.#start && offset + length <= this.#end;
  }

  #fill(offset: number): void {
    // A short gap after the window is read too: most payloads between names are small.
    const readsOn = offset >= this.#start && offset - this.#end < LEAST_WINDOW_BYTES;
    this.#next = readsOn ? Math.min(this.#next * 2, LARGEST_WINDOW_BYTES) : LEAST_WINDOW_BYTES;
    const count = this.#read(this.#window, 0, this.#next, offset);
    this.#start = offset;
    this.#end = offset + count;
  }

  #read(into: Uint8Array, at: number, length: number, offset: number): number {
    let count: number;
    try {
      count = readSync(this.#file, into, at, Math.min(length, LARGEST_READ_BYTES), offset);
    } catch (cause) {
      throw new WireError(`it cannot be read: ${fileProblem(cause)}`, offset);
    }
    if (count === 0) {
      throw new WireError("the file became shorter while it was read", offset);
    }
    return count;
  }
}
