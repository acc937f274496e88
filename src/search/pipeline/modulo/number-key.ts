/** Numbers from -32,767 to 32,767 take one character each, others three. */
const ORIGIN = 0x8000;
const WIDE = 0xffff;

/**
 * Writes whole numbers as a text that is the same for the same numbers only: characters instead of digits, because a search
 * remembers hundreds of thousands of them.
 */
export class NumberKey {
  readonly #codes: Uint16Array;
  #length = 0;

  /** For so many numbers at most. */
  constructor(most: number) {
    this.#codes = new Uint16Array(most * 3);
  }

  clear(): void {
    this.#length = 0;
  }

  /** Requires: a whole number of at most 31 bits. */
  add(value: number): void {
    const code = value + ORIGIN;
    if (code > 0 && code < WIDE) {
      this.#codes[this.#length++] = code;
    } else {
      this.#codes[this.#length++] = WIDE;
      this.#codes[this.#length++] = value >>> 16;
      this.#codes[this.#length++] = value;
    }
  }

  /** What was added since `clear`. */
  text(): string {
    const codes = this.#codes;
    let text = "";
    for (let from = 0; from < this.#length; from += MOST_ARGUMENTS) {
      const part = codes.subarray(from, Math.min(this.#length, from + MOST_ARGUMENTS));
      text += String.fromCharCode(...part);
    }
    return text;
  }
}

/** Characters that are made of arguments at once. */
const MOST_ARGUMENTS = 4096;
