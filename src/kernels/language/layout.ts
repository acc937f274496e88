/**
 * Layouts of several tensors over one iteration space.
 *
 * A kernel walks over the positions of one shape, usually that of its output. Each tensor has an
 * element for each place of that shape at `offset + sum of coordinate * stride`; a stride of 0
 * repeats (broadcasting). Dims that all tensors step over as if they were one are joined, for fewer
 * divisions per thread:
 *
 *   [8, 3, 4, 5] with strides [60, 20, 5, 1] and [0, 1, 0, 0]  becomes  [8, 3, 20] with [60, 20, 1] and [0, 1, 0].
 */
import { productOf } from "../../core/product.js";
import { add, divide, type Expression, literal, multiply, remainder } from "./expression.js";

/** The layout of a tensor. Units: elements. */
export interface Layout {
  readonly offset: number;
  /** One for each dim of the iteration space. */
  readonly strides: readonly number[];
}

/** An iteration space and the layouts of its tensors. */
export interface Space {
  readonly dims: readonly number[];
  readonly layouts: readonly Layout[];
}

/** Strides of a row-major tensor. */
export function rowMajor(dims: readonly number[]): readonly number[] {
  const strides = new Array<number>(dims.length).fill(1);
  for (let i = dims.length - 2; i >= 0; i--) {
    strides[i] = (strides[i + 1] ?? 1) * (dims[i + 1] ?? 1);
  }
  return strides;
}

/** The layout of a whole tensor of `dims`, row-major unless `own` has its strides, broadcast to `target`. */
export function broadcastLayout(
  dims: readonly number[],
  target: readonly number[],
  own: readonly number[] = rowMajor(dims),
): Layout {
  const lead = target.length - dims.length;
  const strides = target.map((_, i) => {
    const at = i - lead;
    return at < 0 || dims[at] === 1 ? 0 : (own[at] ?? 0);
  });
  return { offset: 0, strides };
}

/** The dims of [N, C, spatial dims] in the order in which memory has them where channels are last. */
export function channelsLastOrder(rank: number): readonly number[] {
  return [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];
}

/** Strides of a tensor of [N, C, spatial dims] whose channels are last in memory. */
export function channelsLast(dims: readonly number[]): readonly number[] {
  return stridesIn(dims, channelsLastOrder(dims.length));
}

/** Strides of a tensor whose dims are nested in memory as `order` has them, the outermost first. */
export function stridesIn(dims: readonly number[], order: readonly number[]): readonly number[] {
  const own = rowMajor(inOrder(dims, order));
  return dims.map((_, axis) => own[order.indexOf(axis)] ?? 0);
}

/** Whether a tensor of [N, C, spatial dims] has the same bytes in both orders: it has one channel, or one place. */
export function isFlat([, channels = 1, ...spatial]: readonly number[]): boolean {
  return channels === 1 || spatial.every((size) => size === 1);
}

/** The values at the places of `order`, one after the other. */
export function inOrder<T>(values: readonly T[], order: readonly number[]): readonly T[] {
  return order.map((at) => values[at] as T);
}

/** A space whose positions are counted in another order of its dims. */
export function reordered({ dims, layouts }: Space, order: readonly number[]): Space {
  return {
    dims: inOrder(dims, order),
    layouts: layouts.map(({ offset, strides }) => ({ offset, strides: inOrder(strides, order) })),
  };
}

/** Number of elements. */
export function sizeOf(dims: readonly number[]): number {
  return productOf(dims);
}

/** Drops dims of size 1 from a space and joins neighbors where every layout allows it. */
export function mergeDims({ dims, layouts }: Space): Space {
  const kept: number[] = [];
  const strides = layouts.map((): number[] => []);
  for (const [axis, size] of dims.entries()) {
    if (size === 1) {
      continue;
    }
    const last = kept.length - 1;
    const joins =
      last >= 0 &&
      layouts.every((layout, k) => strides[k]?.[last] === (layout.strides[axis] ?? 0) * size);
    if (joins) {
      kept[last] = (kept[last] ?? 1) * size;
    } else {
      kept.push(size);
    }
    for (const [k, layout] of layouts.entries()) {
      const at = joins ? last : kept.length - 1;
      (strides[k] as number[])[at] = layout.strides[axis] ?? 0;
    }
  }
  return {
    dims: kept,
    layouts: layouts.map(({ offset }, k) => ({ offset, strides: strides[k] ?? [] })),
  };
}

/** The coordinates of a row-major position. */
export function coordinatesOf(position: Expression, dims: readonly number[]): Expression[] {
  const strides = rowMajor(dims);
  return dims.map((size, axis) => {
    const shifted = divide(position, literal(position.type, strides[axis] ?? 1));
    return axis === 0 ? shifted : remainder(shifted, literal(position.type, size));
  });
}

/** The address of the element at some coordinates, in elements. */
export function addressOf(layout: Layout, coordinates: readonly Expression[]): Expression {
  const type = coordinates[0]?.type ?? "i32";
  return coordinates.reduce(
    (sum, coordinate, axis) =>
      add(sum, multiply(coordinate, literal(type, layout.strides[axis] ?? 0))),
    literal(type, layout.offset),
  );
}
