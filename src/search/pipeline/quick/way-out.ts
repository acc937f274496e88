import type { Placement } from "../../../placement/placement.js";
import { MemoryLevels } from "./memory-levels.js";

/**
 * An order in which all that has not begun fits into memory, one after the other: first the rest of what is on its way,
 * then all else.
 *
 * An *instance* is a block of a micro-batch: micro-batch times blocks plus block. Micro-batches that nothing has begun
 * of are not listed until one of their blocks is asked for: they come last, in the serial order.
 */
export class WayOut {
  readonly #serial: readonly number[];
  readonly #levels: MemoryLevels;
  readonly #partOf: Int32Array;
  readonly #parts: number;
  /** Blocks that each block waits for, where some wait for those of another part; else none is asked for. */
  readonly #before: readonly (readonly number[])[] | undefined;
  /** Micro-batch times parts plus part. */
  readonly #onTheirWay = new Set<number>();
  #order: readonly number[] = [];
  #listed = 0;

  /** `serial`: all blocks in an order that fits. `parts`: the blocks that dependencies connect. */
  constructor(
    placement: Placement,
    serial: readonly number[],
    parts: readonly (readonly number[])[],
  ) {
    this.#serial = serial;
    this.#levels = new MemoryLevels(placement);
    this.#parts = parts.length;
    this.#partOf = new Int32Array(serial.length);
    for (const [at, part] of parts.entries()) {
      for (const block of part) {
        this.#partOf[block] = at;
      }
    }
    this.#before = placement.dependencies.some(
      ({ from, to }) => this.#partOf[from] !== this.#partOf[to],
    )
      ? beforeOf(placement)
      : undefined;
  }

  /** What remains in an order that fits once an instance begins; `undefined`: none was found. Cost: O(order). */
  after(instance: number): readonly number[] | undefined {
    this.#list(instance);
    const unit = this.#unitOf(instance);
    const rest = this.#order.filter((each) => each !== instance);
    if (this.#onTheirWay.has(unit)) {
      return this.#fits([instance, ...rest]) ? rest : undefined;
    }
    const isOnItsWay = (each: number): boolean => this.#onTheirWay.has(this.#unitOf(each));
    const isOfUnit = (each: number): boolean => this.#unitOf(each) === unit;
    const moved = [
      ...rest.filter(isOnItsWay),
      ...rest.filter(isOfUnit),
      ...rest.filter((each) => !isOnItsWay(each) && !isOfUnit(each)),
    ];
    // What was listed keeps its order in `rest`; what is moved may come before blocks of other parts that it waits for.
    const orders = this.#isInOrder(moved) ? [moved, rest] : [rest];
    return orders.find((order) => this.#fits([instance, ...order]));
  }

  /** Begins an instance; `rest` is what `after` gave. */
  begin(instance: number, rest: readonly number[]): void {
    this.#levels.run(instance % this.#serial.length);
    this.#onTheirWay.add(this.#unitOf(instance));
    this.#order = rest;
  }

  #unitOf(instance: number): number {
    const block = instance % this.#serial.length;
    return ((instance - block) / this.#serial.length) * this.#parts + this.#partOf[block]!;
  }

  /** Lists micro-batches up to that of an instance. */
  #list(instance: number): void {
    const blocks = this.#serial.length;
    for (; this.#listed * blocks <= instance; this.#listed++) {
      const base = this.#listed * blocks;
      this.#order = [...this.#order, ...this.#serial.map((block) => base + block)];
    }
  }

  /** Whether everything comes after what it waits for, as far as that has not begun. */
  #isInOrder(order: readonly number[]): boolean {
    const before = this.#before;
    if (before === undefined) {
      return true;
    }
    const missing = new Set(order);
    return order.every((each) => {
      missing.delete(each);
      const block = each % this.#serial.length;
      return before[block]!.every((from) => !missing.has(each - block + from));
    });
  }

  /** Whether an order fits from the levels as they are. */
  #fits(order: readonly number[]): boolean {
    const blocks = this.#serial.length;
    let at = 0;
    while (at < order.length && this.#levels.fits(order[at]! % blocks)) {
      this.#levels.run(order[at]! % blocks);
      at++;
    }
    for (const each of order.slice(0, at)) {
      this.#levels.undo(each % blocks);
    }
    return at === order.length;
  }
}

/** Blocks that each block waits for. */
function beforeOf({ blocks, dependencies }: Placement): readonly (readonly number[])[] {
  const before: number[][] = blocks.map(() => []);
  for (const { from, to } of dependencies) {
    before[to]!.push(from);
  }
  return before;
}

/** Whether so many micro-batches fit one after the other. Requires: `serial` fits once. */
export function fitsAgain(
  placement: Placement,
  serial: readonly number[],
  microBatches: number,
): boolean {
  const levels = new MemoryLevels(placement);
  for (let microBatch = 0; microBatch < microBatches; microBatch++) {
    for (const block of serial) {
      if (!levels.fits(block)) {
        return false;
      }
      levels.run(block);
    }
  }
  return true;
}
