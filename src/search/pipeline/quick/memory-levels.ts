import type { Placement } from "../../../placement/placement.js";

/**
 * The memory of devices while blocks run in some order. It depends on the order alone, as a device runs one block at
 * a time and only its own blocks change it.
 */
export class MemoryLevels {
  readonly #limits: Float64Array;
  readonly #level: Float64Array;
  readonly #devicesOf: readonly (readonly number[])[];
  readonly #keep: Float64Array;
  readonly #peak: Float64Array;

  /** Nothing has run. */
  constructor({ devices, blocks, memoryRelease }: Placement) {
    this.#limits = Float64Array.from(devices, ({ memory = Number.POSITIVE_INFINITY }) => memory);
    this.#level = new Float64Array(devices.length);
    this.#devicesOf = blocks.map((block) => block.devices);
    this.#keep = Float64Array.from(blocks, ({ memory }) => memory);
    this.#peak = Float64Array.from(blocks, ({ memory, workspace }) => {
      return (memoryRelease === "end" ? Math.max(0, memory) : memory) + workspace;
    });
  }

  /** Whether a block may run next. Cost: O(devices of the block), as of the others. */
  fits(block: number): boolean {
    return this.#devicesOf[block]!.every(
      (device) => this.#level[device]! + this.#peak[block]! <= this.#limits[device]!,
    );
  }

  run(block: number): void {
    this.#change(block, this.#keep[block]!);
  }

  /** Takes back what `run` did. */
  undo(block: number): void {
    this.#change(block, -this.#keep[block]!);
  }

  /** Whether a block leaves more memory taken than there was before. */
  takes(block: number): boolean {
    return this.#keep[block]! > 0;
  }

  #change(block: number, by: number): void {
    for (const device of this.#devicesOf[block]!) {
      this.#level[device]! += by;
    }
  }
}
