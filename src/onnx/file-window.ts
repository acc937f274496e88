import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const WINDOW_BYTES = 1 << 18;

/** Random access to a file through one window: memory stays constant however large the file is. */
export class FileWindow {
  readonly bytes: number;
  readonly #file: number;
  readonly #window: Uint8Array = new Uint8Array(WINDOW_BYTES);
  #start = 0;
  #end = 0;

  /** Opens the file. Throws what `node:fs` throws, and for anything that is not a regular file. */
  constructor(path: string) {
    this.#file = openSync(path, "r");
    const status = fstatSync(this.#file);
    if (!status.isFile()) {
      closeSync(this.#file);
      throw new Error("not a regular file");
    }
    this.bytes = status.size;
  }

  /** The byte at `offset`. Requires: `offset` < `bytes`. */
  byteAt(offset: number): number {
    if (offset < this.#start || offset >= this.#end) {
      this.#fill(offset);
    }
    return this.#window[offset - this.#start] ?? 0;
  }

  /** A copy of `length` bytes from `offset`. Requires: they are in the file. */
  copy(offset: number, length: number): Uint8Array {
    if (offset >= this.#start && offset + length <= this.#end) {
      return this.#window.slice(offset - this.#start, offset - this.#start + length);
    }
    const result = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const count = readSync(this.#file, result, done, length - done, offset + done);
      if (count === 0) {
        throw new Error("the file became shorter while it was read");
      }
      done += count;
    }
    return result;
  }

  /** Closes the file. */
  close(): void {
    closeSync(this.#file);
  }

  #fill(offset: number): void {
    const count = readSync(this.#file, this.#window, 0, WINDOW_BYTES, offset);
    if (count === 0) {
      throw new Error("the file became shorter while it was read");
    }
    this.#start = offset;
    this.#end = offset + count;
  }
}
