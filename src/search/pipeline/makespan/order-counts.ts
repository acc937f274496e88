/**
 * What is certain of the order of blocks that share a device: how many micro-batches of one block come before
 * each of another, at least and at most.
 *
 * Blocks take the micro-batches in their order, so the instances of `c` before an instance of `b` are the first
 * ones of `c`, and their number says which. The number is at least n + 1 where instance n of `c` must come
 * first, and at most n where it must come later; what is at least for (b, c) is therefore at most for (c, b).
 *
 * Memory: the level before an instance is the sum of what each of the device's blocks keeps times that number.
 * As it may not pass the limit, takes come at most so often, and gives at least so often.
 *
 * Example: `f` takes 1 and `b` gives 1 back, limit 3: before instance k of `f` are at least k - 2 of `b`.
 */
import type { BothWays, ChainProblem, DeviceChains } from "./chain-problem.js";

/** A block that shares a device with another. */
export interface Partner {
  readonly block: number;
  /** Where the counts for instance 0 stand. */
  readonly at: number;
  /** Where those of the other, counting this block, stand. */
  readonly converse: number;
}

/** Instance k of a block, and instance `other` of its partner. */
export interface OpenOrder {
  readonly block: number;
  readonly k: number;
  readonly partner: Partner;
  readonly other: number;
}

/** Tables of counts; the frame is the same for all makespans that are asked. */
export class OrderCounts {
  readonly least: Int32Array;
  readonly most: Int32Array;
  /** By block. */
  readonly partners: readonly (readonly Partner[])[];
  readonly #problem: ChainProblem;

  constructor({ forwards }: BothWays, from?: OrderCounts) {
    this.#problem = forwards;
    if (from === undefined) {
      this.partners = partnersOf(forwards);
      const size = this.partners.flat().length * forwards.microBatches;
      this.least = new Int32Array(size);
      this.most = new Int32Array(size).fill(forwards.microBatches);
      this.#followPaths();
    } else {
      this.partners = from.partners;
      this.least = from.least.slice();
      this.most = from.most.slice();
    }
  }

  /** Instances of `partner` before instance k of its block are at least `count`. Returns whether that is new. */
  raise({ at }: Partner, k: number, count: number): boolean {
    if (this.least[at + k]! >= count) {
      return false;
    }
    this.least[at + k] = count;
    return true;
  }

  /** Where it is open which of two instances comes first: those that can start first. */
  firstOpen(heads: Float64Array): OpenOrder | undefined {
    const { microBatches: n } = this.#problem;
    let best: OpenOrder | undefined;
    let first = Number.POSITIVE_INFINITY;
    for (const [block, own] of this.partners.entries()) {
      for (const partner of own) {
        for (let k = 0; partner.block > block && k < n; k++) {
          const other = this.least[partner.at + k]!;
          const time =
            other < this.most[partner.at + k]!
              ? heads[block * n + k]! + heads[partner.block * n + other]!
              : Number.POSITIVE_INFINITY;
          if (time < first) {
            [best, first] = [{ block, k, partner, other }, time];
          }
        }
      }
    }
    return best;
  }

  /** Puts one of two instances first. */
  decide({ block, k, partner, other }: OpenOrder, isOtherFirst: boolean): void {
    if (isOtherFirst) {
      this.raise(partner, k, other + 1);
    } else {
      this.raise({ block, at: partner.converse, converse: partner.at }, other, k + 1);
    }
  }

  /** Makes both tables agree; false where an instance would come before and after another. */
  agree(): boolean {
    const { microBatches } = this.#problem;
    const { least, most } = this;
    for (const own of this.partners) {
      for (const { at } of own) {
        for (let k = 1; k < microBatches; k++) {
          least[at + k] = Math.max(least[at + k]!, least[at + k - 1]!);
        }
      }
    }
    for (const own of this.partners) {
      for (const { at, converse } of own) {
        let count = 0;
        for (let k = 0; k < microBatches; k++) {
          while (count < microBatches && least[converse + count]! <= k) {
            count++;
          }
          most[at + k] = count;
          if (least[at + k]! > count) {
            return false;
          }
        }
      }
    }
    return true;
  }

  /**
   * Raises what memory asks for. Requires: both tables agree. Returns whether anything is new; `undefined` where
   * memory cannot suffice.
   */
  remember(): boolean | undefined {
    let isNew = false;
    for (const device of this.#problem.devices) {
      if (device.limit === Number.POSITIVE_INFINITY) {
        continue;
      }
      for (const block of device.blocks) {
        const own = (this.partners[block] ?? []).filter(({ block: b }) =>
          device.blocks.includes(b),
        );
        const news = this.#rememberBlock(device, block, own);
        if (news === undefined) {
          return undefined;
        }
        isNew ||= news;
      }
    }
    return isNew;
  }

  #rememberBlock(
    { base, limit }: DeviceChains,
    block: number,
    own: readonly Partner[],
  ): boolean | undefined {
    const { microBatches, steps } = this.#problem;
    const { keep = 0, peak = 0 } = steps[block] ?? {};
    let isNew = false;
    for (let k = 0; k < microBatches; k++) {
      let room = limit - base - keep * k - peak;
      for (const { block: other, at } of own) {
        const each = steps[other]!.keep;
        room -= each * (each > 0 ? this.least[at + k]! : this.most[at + k]!);
      }
      if (room < 0) {
        return undefined;
      }
      for (const partner of own) {
        const each = steps[partner.block]!.keep;
        if (each < 0) {
          const count = this.most[partner.at + k]! - Math.floor(room / -each);
          isNew = this.raise(partner, k, count) || isNew;
        } else if (each > 0) {
          const count = this.least[partner.at + k]! + Math.floor(room / each);
          if (count < microBatches && this.least[partner.converse + count]! < k + 1) {
            this.least[partner.converse + count] = k + 1;
            isNew = true;
          }
        }
      }
    }
    return isNew;
  }

  /** What comes before within each micro-batch. */
  #followPaths(): void {
    const { microBatches, before } = this.#problem;
    for (const [block, own] of this.partners.entries()) {
      const isBefore = ancestorsOf(before, block);
      for (const partner of own) {
        for (let k = 0; isBefore.has(partner.block) && k < microBatches; k++) {
          this.raise(partner, k, k + 1);
        }
      }
    }
  }
}

function partnersOf({ blocks, devices, microBatches }: ChainProblem): Partner[][] {
  const found = Array.from({ length: blocks }, () => new Set<number>());
  for (const { blocks: own } of devices) {
    for (const block of own) {
      for (const other of own) {
        if (other !== block) {
          found[block]?.add(other);
        }
      }
    }
  }
  const places = new Map<string, number>();
  for (const [block, others] of found.entries()) {
    for (const other of others) {
      places.set(`${block} ${other}`, places.size * microBatches);
    }
  }
  return found.map((others, block) =>
    [...others].map((other) => ({
      block: other,
      at: places.get(`${block} ${other}`) ?? 0,
      converse: places.get(`${other} ${block}`) ?? 0,
    })),
  );
}

function ancestorsOf(before: ChainProblem["before"], block: number): ReadonlySet<number> {
  const found = new Set<number>();
  const open = [block];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const wait of before[at] ?? []) {
      if (!found.has(wait.block)) {
        found.add(wait.block);
        open.push(wait.block);
      }
    }
  }
  return found;
}
