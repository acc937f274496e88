/** The buffers of a kernel under construction. */
import type { Place } from "../device-node.js";
import type { KernelBuffer } from "../language/kernel.js";
import type { Operand } from "../operator-call.js";

/** Numbers the operands of a kernel in the order of their first use; what is read twice is one buffer. */
export class KernelBuffers {
  readonly #list: KernelBuffer[] = [];
  readonly #places: Place[] = [];
  readonly #read = new Map<string, number>();

  /** The buffer of an operand that is written. */
  write({ storage, place }: Operand): number {
    this.#places.push(place);
    return this.#list.push({ storage, access: "write" }) - 1;
  }

  /** The buffer of an operand that is read. */
  read({ storage, place }: Operand): number {
    const key = JSON.stringify(place);
    const known = this.#read.get(key);
    if (known !== undefined) {
      return known;
    }
    this.#places.push(place);
    const made = this.#list.push({ storage, access: "read" }) - 1;
    this.#read.set(key, made);
    return made;
  }

  /** All buffers so far, which later ones are added to. */
  get buffers(): readonly KernelBuffer[] {
    return this.#list;
  }

  /** Where they are. */
  get places(): readonly Place[] {
    return this.#places;
  }
}
