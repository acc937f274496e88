/**
 * The `fraction` quantile of `samples` by linear interpolation between order statistics.
 *
 * Requires: `samples` is not empty; `fraction` in [0, 1]. Cost: O(n log n), the input is not changed.
 */
export function quantile(samples: ArrayLike<number>, fraction: number): number {
  const sorted = Float64Array.from(samples).sort();
  const position = (sorted.length - 1) * fraction;
  const below = Math.floor(position);
  const low = sorted[below] ?? Number.NaN;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? low;
  return low + (high - low) * (position - below);
}

/** The middle of `samples`. Requires: not empty. */
export function median(samples: ArrayLike<number>): number {
  return quantile(samples, 0.5);
}

/**
 * Spearman's rank correlation of two equally long samples, ties at their mean rank.
 * `undefined` when either side is constant or shorter than two: a correlation is then not defined.
 */
export function rankCorrelation(a: ArrayLike<number>, b: ArrayLike<number>): number | undefined {
  const left = ranks(a);
  const right = ranks(b);
  const mean = (left.length - 1) / 2;
  let cross = 0;
  let leftSquare = 0;
  let rightSquare = 0;
  for (let i = 0; i < left.length; i++) {
    const x = (left[i] ?? 0) - mean;
    const y = (right[i] ?? 0) - mean;
    cross += x * y;
    leftSquare += x * x;
    rightSquare += y * y;
  }
  return leftSquare === 0 || rightSquare === 0
    ? undefined
    : cross / Math.sqrt(leftSquare * rightSquare);
}

function ranks(samples: ArrayLike<number>): Float64Array {
  const order = Array.from({ length: samples.length }, (_, i) => i);
  order.sort((x, y) => (samples[x] ?? 0) - (samples[y] ?? 0) || x - y);
  const result = new Float64Array(samples.length);
  let start = 0;
  while (start < order.length) {
    let end = start + 1;
    while (end < order.length && samples[order[end] ?? 0] === samples[order[start] ?? 0]) {
      end++;
    }
    for (let i = start; i < end; i++) {
      result[order[i] ?? 0] = (start + end - 1) / 2;
    }
    start = end;
  }
  return result;
}
