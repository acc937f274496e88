/** Row-major positions, for elements that come from other positions in another tensor. */
import { productOf } from "../../core/product.js";

/** Elements to step over per unit of each dim. */
export function stridesOf(dims: readonly number[]): readonly number[] {
  const strides = new Array<number>(dims.length).fill(1);
  for (let i = dims.length - 2; i >= 0; i--) {
    strides[i] = (strides[i + 1] ?? 1) * (dims[i + 1] ?? 1);
  }
  return strides;
}

/**
 * Visits every place of a tensor in row-major order; `visit` is called with the coordinates, which
 * it must not keep, and the position.
 */
export function forEachPlace(
  dims: readonly number[],
  visit: (coordinates: readonly number[], position: number) => void,
): void {
  const count = productOf(dims);
  const at = new Array<number>(dims.length).fill(0);
  for (let position = 0; position < count; position++) {
    visit(at, position);
    for (let i = dims.length - 1; i >= 0; i--) {
      at[i] = (at[i] ?? 0) + 1;
      if ((at[i] ?? 0) < (dims[i] ?? 0)) {
        break;
      }
      at[i] = 0;
    }
  }
}

/** Elements of a tensor of `dims`, each taken from `values` at the position that `source` names. */
export function gatherBy(
  dims: readonly number[],
  values: readonly number[],
  source: (coordinates: readonly number[]) => number,
): readonly number[] {
  const result: number[] = [];
  forEachPlace(dims, (at) => {
    result.push(values[source(at)] ?? 0);
  });
  return result;
}

/** Sum of coordinates times strides. */
export function positionOf(coordinates: readonly number[], strides: readonly number[]): number {
  let position = 0;
  for (let i = 0; i < strides.length; i++) {
    position += (coordinates[i] ?? 0) * (strides[i] ?? 0);
  }
  return position;
}

/** Strides that read a tensor of `dims` as broadcast to rank `rank`. */
export function broadcastStrides(dims: readonly number[], rank: number): readonly number[] {
  const strides = stridesOf(dims).map((stride, i) => (dims[i] === 1 ? 0 : stride));
  return [...new Array<number>(Math.max(0, rank - dims.length)).fill(0), ...strides];
}
