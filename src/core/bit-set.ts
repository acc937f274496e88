/** A fixed-size set of small integers in 32-bit words. Cost: union and intersection O(size / 32). */
export class BitSet {
  readonly words: Uint32Array;

  constructor(size: number) {
    this.words = new Uint32Array((size + 31) >>> 5);
  }

  /** Adds `item`. Requires: 0 <= `item` < size. */
  add(item: number): void {
    this.words[item >>> 5] = (this.words[item >>> 5] ?? 0) | (1 << (item & 31));
  }

  /** Removes `item`. */
  delete(item: number): void {
    this.words[item >>> 5] = (this.words[item >>> 5] ?? 0) & ~(1 << (item & 31));
  }

  /** Whether the set contains `item`. */
  has(item: number): boolean {
    return ((this.words[item >>> 5] ?? 0) & (1 << (item & 31))) !== 0;
  }

  /** Adds every item of `other`, a set of the same size. */
  addAll(other: BitSet): void {
    for (let i = 0; i < this.words.length; i++) {
      this.words[i] = (this.words[i] ?? 0) | (other.words[i] ?? 0);
    }
  }

  /** Number of items. */
  count(): number {
    let total = 0;
    for (const word of this.words) {
      let bits = word - ((word >>> 1) & 0x55555555);
      bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
      total += Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
    }
    return total;
  }
}
