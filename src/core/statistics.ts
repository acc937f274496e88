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

/**
 * The same of all `samples`, which are put in another order. Requires: not empty. Cost: O(n), where nothing conspires.
 */
export function selectQuantile(samples: Float64Array, fraction: number): number {
  const position = (samples.length - 1) * fraction;
  const below = Math.floor(position);
  const low = select(samples, below);
  let next = Number.POSITIVE_INFINITY;
  for (let at = below + 1; at < samples.length; at++) {
    next = Math.min(next, samples[at]!);
  }
  const high = next === Number.POSITIVE_INFINITY ? low : next;
  return low + (high - low) * (position - below);
}

/** What stands at a position once all are in order; before it stand those that are no larger. Source: Hoare's FIND. */
function select(values: Float64Array, position: number): number {
  let from = 0;
  let to = values.length - 1;
  while (from < to) {
    const pivot = values[(from + to) >>> 1]!;
    let left = from;
    let right = to;
    while (left <= right) {
      while (values[left]! < pivot) {
        left++;
      }
      while (values[right]! > pivot) {
        right--;
      }
      if (left <= right) {
        const kept = values[left]!;
        values[left++] = values[right]!;
        values[right--] = kept;
      }
    }
    if (position <= right) {
      to = right;
    } else if (position >= left) {
      from = left;
    } else {
      break;
    }
  }
  return values[position]!;
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

/** A mean with its 95 % confidence interval: the mean plus and minus `half`. */
export interface Interval {
  readonly mean: number;
  /** 0 for one sample, of which nothing is known. */
  readonly half: number;
}

/** Student's t for 95 % on both sides, by degrees of freedom from 1 on; 1.96 beyond. */
const STUDENT: readonly number[] = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145,
  2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048,
  2.045, 2.042,
];

/** The mean of independent samples with its 95 % confidence interval. Requires: not empty. */
export function intervalOf(samples: readonly number[]): Interval {
  const count = samples.length;
  const mean = samples.reduce((sum, each) => sum + each, 0) / count;
  if (count < 2) {
    return { mean, half: 0 };
  }
  const square = samples.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (count - 1);
  return { mean, half: (STUDENT[count - 2] ?? 1.96) * Math.sqrt(square / count) };
}
