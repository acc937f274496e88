/**
 * Outputs compared with those that a folder of test data says.
 *
 * Other programs and machines add up in another order, so floats may differ by a share of the element
 * and a smaller share of the largest element of the tensor, which is what sums of numbers of that size
 * round by. Integers and booleans may not differ.
 */
import type { ElementType } from "../../ir/element-type.js";
import { numbersOf } from "../compare-outputs.js";
import type { TensorData } from "../tensor-data.js";
import { printType } from "./failures.js";
import type { GivenTensor } from "./given-inputs.js";

/** How far an output may be away. */
export interface Tolerance {
  /** Share of the expected element. */
  readonly relative: number;
  /** Share of the largest expected element of the tensor. */
  readonly ofLargest: number;
}

/** One output beside what was expected of it. */
export interface ExpectedOutput {
  readonly name: string;
  readonly isWithin: boolean;
  /** Largest |found - expected|; absent where the types or sizes differ. */
  readonly maxAbsolute?: number;
  /** Elements beyond the tolerance. */
  readonly beyond: number;
  /** Why it cannot be compared; absent: it was. */
  readonly problem?: string;
}

const EXACT: Tolerance = { relative: 0, ofLargest: 0 };

/** The tolerance of each type of floats; other types have none. */
export const TOLERANCES: ReadonlyMap<ElementType, Tolerance> = new Map<ElementType, Tolerance>([
  ["float16", { relative: 1e-2, ofLargest: 1e-3 }],
  ["float32", { relative: 1e-3, ofLargest: 1e-5 }],
  ["float64", { relative: 1e-3, ofLargest: 1e-5 }],
]);

/** Compares an output with what is expected; NaN is expected where the expected element is NaN. */
export function compareExpected(
  expected: GivenTensor,
  found: TensorData | undefined,
): ExpectedOutput {
  const { name, elementType, dims } = expected;
  const isSame =
    found?.elementType === elementType &&
    found.dims.length === dims.length &&
    dims.every((size, axis) => size === found.dims[axis]);
  if (found === undefined || !isSame) {
    const is = found === undefined ? "is no tensor of this run" : `is ${printType(found)}`;
    const problem = `${is}, and ${printType(expected)} is expected`;
    return { name, isWithin: false, beyond: 0, problem };
  }
  if (Buffer.compare(expected.bytes, found.bytes) === 0) {
    return { name, isWithin: true, maxAbsolute: 0, beyond: 0 };
  }
  const { beyond, maxAbsolute } = differences(
    numbersOf(expected),
    numbersOf(found),
    TOLERANCES.get(elementType) ?? EXACT,
  );
  // Integers beyond 2^53 that look the same are not.
  const isWithin = beyond === 0 && (maxAbsolute > 0 || TOLERANCES.has(elementType));
  return { name, isWithin, maxAbsolute, beyond: isWithin ? 0 : Math.max(1, beyond) };
}

function differences(
  expected: ArrayLike<number>,
  found: ArrayLike<number>,
  { relative, ofLargest }: Tolerance,
): { readonly beyond: number; readonly maxAbsolute: number } {
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const size = Math.abs(expected[i] ?? 0);
    largest = Number.isFinite(size) ? Math.max(largest, size) : largest;
  }
  let beyond = 0;
  let maxAbsolute = 0;
  for (let i = 0; i < expected.length; i++) {
    const [wanted, has] = [expected[i] ?? 0, found[i] ?? 0];
    if (wanted === has || (Number.isNaN(wanted) && Number.isNaN(has))) {
      continue;
    }
    const gap = Math.abs(wanted - has);
    const isNear = gap <= relative * Math.abs(wanted) + ofLargest * largest;
    beyond += isNear && Number.isFinite(gap) ? 0 : 1;
    maxAbsolute = Math.max(maxAbsolute, Number.isFinite(gap) ? gap : Number.MAX_VALUE);
  }
  return { beyond, maxAbsolute };
}
