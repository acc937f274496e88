/**
 * An order in which the blocks of one micro-batch, one after the other, fit into memory.
 *
 * If any schedule of one micro-batch fits, such an order exists: the blocks by their start, because the memory of a
 * device depends on the order of its blocks alone.
 *
 * Depth first over the sets of blocks that have run; sets that led nowhere are remembered. A block that fits and
 * leaves no more memory taken comes at once, without a choice: if any order of the rest fits, it still does with that
 * block first. Else what became ready last comes first, so that a chain is finished before the next one begins; and
 * if that takes too long, what takes least.
 *
 * Example: four equal chains through the same devices, each of which holds what one chain takes: chain after chain.
 */
import type { Placement } from "../../../placement/placement.js";
import { followersOf } from "../path-bounds.js";
import { MemoryLevels } from "./memory-levels.js";

/** Sets of blocks that are looked at in each of the ways, beyond one for each block. */
const MOST_SETS = 20_000;

/** All blocks in an order that fits; `undefined`: none was found. Deterministic. Cost: O(n) for each set. */
export function serialOrder(placement: Placement): readonly number[] | undefined {
  const { blocks } = placement;
  const latest = (a: Ready, b: Ready): number => b.since - a.since || a.block - b.block;
  const smallest = (a: Ready, b: Ready): number =>
    blocks[a.block]!.memory - blocks[b.block]!.memory || latest(a, b);
  return new SerialSearch(placement, latest).run() ?? new SerialSearch(placement, smallest).run();
}

/** A block that may run, and how many had run when it became ready. */
interface Ready {
  readonly block: number;
  readonly since: number;
}

class SerialSearch {
  readonly #levels: MemoryLevels;
  readonly #after: readonly (readonly { readonly to: number }[])[];
  readonly #waits: Int32Array;
  readonly #since: Int32Array;
  /** Blocks that have run, sixteen to a number. */
  readonly #ran: Uint16Array;
  readonly #compare: (a: Ready, b: Ready) => number;

  constructor(placement: Placement, compare: (a: Ready, b: Ready) => number) {
    const count = placement.blocks.length;
    this.#levels = new MemoryLevels(placement);
    this.#after = followersOf(placement);
    this.#waits = new Int32Array(count);
    for (const { to } of placement.dependencies) {
      this.#waits[to]!++;
    }
    this.#since = new Int32Array(count);
    this.#ran = new Uint16Array(Math.ceil(count / BITS));
    this.#compare = compare;
  }

  run(): readonly number[] | undefined {
    const count = this.#waits.length;
    const order: number[] = [];
    const choices: number[][] = [this.#choices()];
    const failed = new Set<string>();
    for (let sets = 0; order.length < count && sets < count + MOST_SETS; sets++) {
      const block = choices[order.length]!.shift();
      if (block === undefined) {
        const last = order.pop();
        if (last === undefined) {
          return undefined;
        }
        choices.pop();
        failed.add(this.#key());
        this.#undo(last);
        continue;
      }
      this.#run(block, order.length + 1);
      if (failed.has(this.#key())) {
        this.#undo(block);
        continue;
      }
      order.push(block);
      choices.push(this.#choices());
    }
    return order.length === count ? order : undefined;
  }

  /** Blocks that may run next, the one to try first in front. */
  #choices(): number[] {
    const ready: Ready[] = [];
    for (let block = 0; block < this.#waits.length; block++) {
      if (this.#waits[block] === 0 && !this.#hasRun(block) && this.#levels.fits(block)) {
        if (!this.#levels.takes(block)) {
          return [block];
        }
        ready.push({ block, since: this.#since[block]! });
      }
    }
    return ready.sort(this.#compare).map(({ block }) => block);
  }

  #hasRun(block: number): boolean {
    return (this.#ran[Math.floor(block / BITS)]! & (1 << (block % BITS))) !== 0;
  }

  #run(block: number, ran: number): void {
    this.#ran[Math.floor(block / BITS)]! |= 1 << (block % BITS);
    this.#levels.run(block);
    for (const { to } of this.#after[block]!) {
      if (--this.#waits[to]! === 0) {
        this.#since[to] = ran;
      }
    }
  }

  #undo(block: number): void {
    this.#ran[Math.floor(block / BITS)]! &= ~(1 << (block % BITS));
    this.#levels.undo(block);
    for (const { to } of this.#after[block]!) {
      this.#waits[to]!++;
    }
  }

  #key(): string {
    return String.fromCharCode(...this.#ran);
  }
}

const BITS = 16;
