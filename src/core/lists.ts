/**
 * Lists of numbers, one after the other: list `i` is `items[start[i]] ... items[start[i + 1] - 1]`.
 * For graphs in hot loops, where arrays of arrays cost a look-up and a cache line each.
 */
export interface Lists {
  readonly start: Int32Array;
  readonly items: Int32Array;
}

/** Returns the items of list `i`. */
export function listAt({ start, items }: Lists, i: number): number[] {
  return Array.from(items.subarray(start[i]!, start[i + 1]!));
}

/** Packs lists one after the other. */
export function packLists(lists: readonly (readonly number[])[]): Lists {
  const start = new Int32Array(lists.length + 1);
  lists.forEach((list, i) => {
    start[i + 1] = start[i]! + list.length;
  });
  const items = new Int32Array(start[lists.length]!);
  lists.forEach((list, i) => {
    items.set(list, start[i]!);
  });
  return { start, items };
}
