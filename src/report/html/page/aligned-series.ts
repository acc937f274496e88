/** One curve: values over ascending positions. */
export interface Curve {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/**
 * Curves over one axis: every position of any, and the values there.
 *
 * Where a stepped curve has no value it keeps the one before, 0 before its first; others have none (`null`).
 * `end` is one more position.
 */
export function alignedSeries(
  curves: readonly Curve[],
  isStepped: boolean,
  end: number | undefined,
): readonly [number[], (number | null)[][]] {
  const all = new Set(curves.flatMap(({ x }) => x));
  if (end !== undefined) {
    all.add(0).add(end);
  }
  const axis = [...all].sort((a, b) => a - b);
  return [axis, curves.map((curve) => valuesAt(curve, axis, isStepped))];
}

function valuesAt({ x, y }: Curve, axis: readonly number[], isStepped: boolean): (number | null)[] {
  let next = 0;
  let last = 0;
  return axis.map((position) => {
    let value: number | null = isStepped ? last : null;
    while (next < x.length && (x[next] ?? 0) <= position) {
      last = y[next] ?? 0;
      value = last;
      next++;
    }
    return value;
  });
}
