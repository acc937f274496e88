import { WireError } from "./wire-error.js";

/** The bytes of a model, in a file or in memory. Offsets are from its start. */
export interface ByteSource {
  readonly bytes: number;
  /** Whether marks of payloads that were left in the file (see `skeleton.ts`) may stand in it. */
  readonly hasMarks: boolean;
  /** The byte at `offset`. Requires: `offset` < `bytes`. */
  byteAt(offset: number): number;
  /** A copy of the bytes of that range. Requires: the range lies inside. */
  copy(offset: number, length: number): Uint8Array;
  /** UTF-8 text of that range. Requires: the range lies inside. */
  text(offset: number, length: number): string;
  /** Charges memory that a reader is about to allocate. Fails: `WireError` when it is too much. */
  charge(bytes: number, offset: number): void;
}

/** The total memory that a reader may allocate. */
export class Budget {
  #left: number;
  readonly #limit: number;

  constructor(limit: number) {
    this.#left = limit;
    this.#limit = limit;
  }

  /** Charges `bytes`. Fails: `WireError` at `offset` when the limit is passed. */
  take(bytes: number, offset: number): void {
    this.#left -= bytes;
    if (this.#left < 0) {
      const limit = Math.round(this.#limit / 2 ** 20);
      throw new WireError(`its structure without weights takes more than ${limit} MiB`, offset);
    }
  }
}

/** A message that lies in memory: part of a file, weights left out. */
export class MemorySource implements ByteSource {
  readonly bytes: number;
  readonly hasMarks = true;
  readonly #memory: Buffer;
  readonly #budget: Budget;

  constructor(memory: Uint8Array, budget: Budget) {
    this.#memory = Buffer.from(memory.buffer, memory.byteOffset, memory.length);
    this.bytes = memory.length;
    this.#budget = budget;
  }

  byteAt(offset: number): number {
    return this.#memory[offset] ?? 0;
  }

  /** Not a copy but the same memory, which is never written to. */
  copy(offset: number, length: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, this.#memory.byteOffset + offset, length);
  }

  text(offset: number, length: number): string {
    return this.#memory.toString("utf8", offset, offset + length);
  }

  charge(bytes: number, offset: number): void {
    this.#budget.take(bytes, offset);
  }
}
