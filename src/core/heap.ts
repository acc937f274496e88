/** A binary min-heap of integers ordered by a caller's `before`; ties must be broken by the caller. */
export class Heap {
  readonly #items: number[] = [];
  readonly #before: (a: number, b: number) => boolean;

  constructor(before: (a: number, b: number) => boolean) {
    this.#before = before;
  }

  /** Number of items. */
  get size(): number {
    return this.#items.length;
  }

  /** Adds an item. Cost: O(log n). */
  push(item: number): void {
    const items = this.#items;
    let child = items.length;
    items.push(item);
    while (child > 0) {
      const parent = (child - 1) >>> 1;
      const above = items[parent]!;
      if (!this.#before(item, above)) {
        break;
      }
      items[child] = above;
      child = parent;
    }
    items[child] = item;
  }

  /** The first item, which stays in the heap. */
  peek(): number | undefined {
    return this.#items[0];
  }

  /** Removes and returns the first item. Cost: O(log n). */
  pop(): number | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (first === undefined || last === undefined || items.length === 0) {
      return first;
    }
    let parent = 0;
    for (;;) {
      let child = parent * 2 + 1;
      if (child >= items.length) {
        break;
      }
      if (child + 1 < items.length && this.#before(items[child + 1]!, items[child]!)) {
        child++;
      }
      if (!this.#before(items[child]!, last)) {
        break;
      }
      items[parent] = items[child]!;
      parent = child;
    }
    items[parent] = last;
    return first;
  }
}
