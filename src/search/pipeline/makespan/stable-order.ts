/** Runs of this length are sorted by insertion before they are merged. */
const RUN = 16;

/**
 * Sorts positions by the key that each has; of equal keys the one that came first stays first. In place.
 *
 * Cost: O(n log n) without calls: sorting with a comparing function takes ten times as long.
 */
export function sortByKey(order: Uint32Array, keys: Float64Array): void {
  for (let from = 0; from < order.length; from += RUN) {
    sortRun(order, keys, from, Math.min(from + RUN, order.length));
  }
  let source = order;
  let target: Uint32Array = new Uint32Array(order.length);
  for (let width = RUN; width < order.length; width *= 2) {
    for (let from = 0; from < order.length; from += 2 * width) {
      mergeRuns(source, target, keys, { from, width });
    }
    [source, target] = [target, source];
  }
  if (source !== order) {
    order.set(source);
  }
}

function sortRun(order: Uint32Array, keys: Float64Array, from: number, to: number): void {
  for (let next = from + 1; next < to; next++) {
    const at = order[next]!;
    const key = keys[at]!;
    let place = next;
    while (place > from && keys[order[place - 1]!]! > key) {
      order[place] = order[place - 1]!;
      place--;
    }
    order[place] = at;
  }
}

/** Merges the run of `width` from `from` on with the next into the same places of `target`. */
function mergeRuns(
  source: Uint32Array,
  target: Uint32Array,
  keys: Float64Array,
  { from, width }: { readonly from: number; readonly width: number },
): void {
  const middle = Math.min(from + width, source.length);
  const end = Math.min(from + 2 * width, source.length);
  let [left, right] = [from, middle];
  for (let place = from; place < end; place++) {
    const isRight =
      left === middle || (right < end && keys[source[right]!]! < keys[source[left]!]!);
    target[place] = source[isRight ? right : left]!;
    if (isRight) {
      right++;
    } else {
      left++;
    }
  }
}
