/**
 * Reading a tensor at places between its elements: the taps around the place, weighted.
 *
 * Along each axis a place has some taps, each with a position and a weight; an element is the sum over all
 * combinations of them, innermost axis first: `(v00 w0 + v01 w1) u0 + (v10 w0 + v11 w1) u1`.
 */
import {
  add,
  choose,
  convert,
  type Expression,
  literal,
  multiply,
} from "../language/expression.js";

/** An element that contributes to a place, along one axis. */
export interface Tap {
  /** Position in the tensor; outside of it only where `isInside` is false. */
  readonly at: Expression;
  /** `undefined`: one. */
  readonly weight?: Expression;
  /** When false, the element counts as zero and is not read. */
  readonly isInside?: Expression;
}

/** The weighted sum over the taps of all axes; `element` reads at positions, in the order of the axes. */
export function tapped(
  axes: readonly (readonly Tap[])[],
  element: (positions: readonly Expression[]) => Expression,
): Expression {
  return sumOf(axes, [], element);
}

function sumOf(
  axes: readonly (readonly Tap[])[],
  chosen: readonly Tap[],
  element: (positions: readonly Expression[]) => Expression,
): Expression {
  const [taps, ...rest] = axes;
  if (taps === undefined) {
    const value = convert("f32", element(chosen.map(({ at }) => at)));
    return chosen.reduce(
      (guarded, { isInside }) =>
        isInside === undefined ? guarded : choose(isInside, guarded, literal("f32", 0)),
      value,
    );
  }
  return taps
    .map((tap) => {
      const part = sumOf(rest, [...chosen, tap], element);
      return tap.weight === undefined ? part : multiply(part, tap.weight);
    })
    .reduce(add);
}
