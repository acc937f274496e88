import type { Placement } from "../../../placement/placement.js";

/** What a block does to the memory of a device: what stays, and the most at any time. */
interface Change {
  readonly device: number;
  readonly keep: number;
  readonly peak: number;
}

/**
 * The memory of devices while blocks run in some order. It depends on the order alone, as a device runs one block at
 * a time and only its own blocks change it; where others change it too, on the order of all.
 */
export class MemoryLevels {
  readonly #limits: Float64Array;
  readonly #level: Float64Array;
  readonly #changesOf: readonly (readonly Change[])[];

  /** Nothing has run. */
  constructor({ devices, blocks, memoryRelease }: Placement) {
    this.#limits = Float64Array.from(devices, ({ memory = Number.POSITIVE_INFINITY }) => memory);
    this.#level = new Float64Array(devices.length);
    const most = (memory: number): number =>
      memoryRelease === "end" ? Math.max(0, memory) : memory;
    this.#changesOf = blocks.map(({ devices: own, memory, workspace, elsewhere = [] }) => [
      ...own.map((device) => ({ device, keep: memory, peak: most(memory) + workspace })),
      ...elsewhere.map((each) => {
        return { device: each.device, keep: each.memory, peak: most(each.memory) };
      }),
    ]);
  }

  /** Whether a block may run next. Cost: O(devices of the block), as of the others. */
  fits(block: number): boolean {
    return this.#changesOf[block]!.every(
      ({ device, peak }) => this.#level[device]! + peak <= this.#limits[device]!,
    );
  }

  run(block: number): void {
    this.#change(block, 1);
  }

  /** Takes back what `run` did. */
  undo(block: number): void {
    this.#change(block, -1);
  }

  /** Whether a block leaves more memory taken than there was before. */
  takes(block: number): boolean {
    return this.#changesOf[block]!.some(({ keep }) => keep > 0);
  }

  #change(block: number, times: number): void {
    for (const { device, keep } of this.#changesOf[block]!) {
      this.#level[device]! += times * keep;
    }
  }
}
