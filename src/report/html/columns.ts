/** Differences of neighbors in place of numbers, the first from 0: most are shorter in print. */
export function deltasOf(values: readonly number[]): readonly number[] {
  return values.map((value, at) => value - (values[at - 1] ?? 0));
}

/** The numbers whose differences these are. */
export function sumsOf(deltas: readonly number[]): number[] {
  let sum = 0;
  return deltas.map((delta) => {
    sum += delta;
    return sum;
  });
}
