/** Walks through arranged tensors, against every element of them looked up. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { present } from "../../../../src/core/invariant.js";
import { through } from "../../../../src/kernels/groups/arranged.js";
import { type Layout, rowMajor } from "../../../../src/kernels/language/layout.js";

function addressOf({ offset, strides }: Layout, at: readonly number[]): number {
  return at.reduce((sum, coordinate, axis) => sum + coordinate * (strides[axis] ?? 0), offset);
}

function coordinates(flat: number, dims: readonly number[]): readonly number[] {
  return rowMajor(dims).map((stride, axis) => Math.floor(flat / stride) % (dims[axis] ?? 1));
}

function* places(dims: readonly number[]): Generator<readonly number[]> {
  const count = dims.reduce((product, size) => product * size, 1);
  for (let flat = 0; flat < count; flat++) {
    yield coordinates(flat, dims);
  }
}

/** A tensor, another one that its elements are in, and a walk: a view of the first, its dims in some order. */
const walks = fc
  .record({
    sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
    joined: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
    to: fc.array(fc.integer({ min: -30, max: 30 }), { minLength: 4, maxLength: 4 }),
    order: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
  })
  .map(({ sizes, joined, to, order }) => {
    // The walk sees the dims that the tensor joins one by one.
    const dims: number[] = [];
    for (const [i, size] of sizes.entries()) {
      if (i > 0 && joined[i] === true) {
        dims.push(present(dims.pop(), "dim") * size);
      } else {
        dims.push(size);
      }
    }
    const axes = [...sizes.keys()].sort((a, b) => (order[a] ?? 0) - (order[b] ?? 0) || a - b);
    const own = rowMajor(sizes);
    return {
      dims,
      extents: axes.map((axis) => present(sizes[axis], "size")),
      layout: { offset: 0, strides: axes.map((axis) => present(own[axis], "stride")) },
      to: { offset: 7, strides: to.slice(0, dims.length) },
    };
  });

describe("a walk through an arranged tensor", () => {
  it("is at the same elements, in whatever order and view", () => {
    fc.assert(
      fc.property(walks, ({ dims, extents, layout, to }) => {
        const found = through(layout, extents, dims, to);
        expect(found).toBeDefined();
        for (const at of places(extents)) {
          const wanted = addressOf(to, coordinates(addressOf(layout, at), dims));
          expect(addressOf(present(found, "walk"), at)).toBe(wanted);
        }
      }),
    );
  });

  it("begins anywhere, and repeats", () => {
    // Rows of 12 of which the last 4 are read three times.
    const to = { offset: 0, strides: [100, 1] };
    const layout = { offset: 8, strides: [12, 0, 1] };
    expect(through(layout, [2, 3, 4], [2, 12], to)).toEqual({ offset: 8, strides: [100, 0, 1] });
  });

  it("is none where it carries over from one dim to the next", () => {
    const to = { offset: 0, strides: [100, 1] };
    expect(through({ offset: 0, strides: [1] }, [6], [2, 3], to)).toBeUndefined();
    expect(through({ offset: 2, strides: [1] }, [2], [2, 3], to)).toBeUndefined();
    expect(through({ offset: 0, strides: [4] }, [2], [2, 3], to)).toBeUndefined();
  });
});
