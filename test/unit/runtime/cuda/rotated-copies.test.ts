import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HelperNode } from "../../../../src/runtime/cuda/client/nodes.js";
import { rotatedCopies } from "../../../../src/runtime/cuda/session/rotated-copies.js";

const CONSTANTS = [
  { offset: 0, bytes: 1000 },
  { offset: 1024, bytes: 4096 },
  { offset: 8192, bytes: 40 },
];
const SCRATCH = { offset: 65_536, bytes: 20_000 };

const kernel = (...pointers: readonly number[]): HelperNode => ({
  kind: "kernel",
  module: 0,
  function: "f",
  grid: [1, 1, 1],
  block: [32, 1, 1],
  args: [...pointers.map((ptr) => ({ ptr })), { i32: 1024 }],
});

const conv: HelperNode = {
  kind: "conv",
  x: { offset: 20_000, dims: [1, 1, 2, 2] },
  w: { offset: 1024, dims: [1, 1, 1, 1] },
  y: { offset: 30_000, dims: [1, 1, 2, 2] },
  bias: 8192,
  pads: [0, 0],
  strides: [1, 1],
  dilations: [1, 1],
  dtype: "f32",
  math: "ieee",
};

const gemm: HelperNode = {
  kind: "gemm",
  m: 1,
  n: 1,
  k: 1,
  a: { offset: 1024, leading: 1 },
  b: { offset: 20_000, leading: 1 },
  c: { offset: 30_000, leading: 1 },
  epilogue: { bias: 0 },
  dtype: "f32",
  math: "ieee",
};

function rotate(nodes: readonly HelperNode[], more: object = {}) {
  return rotatedCopies({
    nodes,
    wanted: nodes.map((_, at) => at),
    constants: CONSTANTS,
    scratch: SCRATCH,
    copies: 3,
    leastBytes: 1,
    ...more,
  });
}

describe("copies of nodes with weights elsewhere", () => {
  it("read each constant at a place of their own, and everything else where it was", () => {
    const { added, rotated } = rotate([conv]);
    expect(rotated).toEqual([{ node: 0, fills: [1, 2, 3, 4, 5, 6], copies: [7, 8, 9] }]);
    // 4,096 bytes and 40, each from a multiple of 256 on.
    const places = [0, 1, 2].map((i) => SCRATCH.offset + i * (4096 + 256));
    expect(added.slice(0, 6)).toEqual(
      places.flatMap((place) => [
        { kind: "copy", src: 1024, dst: place, bytes: 4096 },
        { kind: "copy", src: 8192, dst: place + 4096, bytes: 40 },
      ]),
    );
    expect(added.slice(6)).toEqual(
      places.map((place) => ({ ...conv, w: { ...conv.w, offset: place }, bias: place + 4096 })),
    );
  });

  it("are made of products and kernels too, but not of numbers that look like places", () => {
    const { added } = rotate([gemm, kernel(20_000, 8192)], { copies: 2 });
    const copies = added.filter(({ kind }) => kind !== "copy");
    expect(copies).toMatchObject([
      { a: { offset: 65_536 + 1024 }, b: gemm.b, c: gemm.c, epilogue: { bias: 65_536 } },
      { kind: "gemm" },
      { args: [{ ptr: 20_000 }, { ptr: 65_536 }, { i32: 1024 }] },
      { kind: "kernel" },
    ]);
  });

  it("are as many as there is room for, none of what reads little or fits once only", () => {
    expect(rotate([conv], { copies: 9 }).rotated[0]?.copies).toHaveLength(4);
    expect(rotate([conv, kernel(8192), kernel(20_000)], { leastBytes: 300 }).rotated).toHaveLength(
      1,
    );
    expect(rotate([conv], { scratch: { ...SCRATCH, bytes: 8000 } }).rotated).toEqual([]);
  });

  it("stay within the scratch memory and never meet", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 0, max: 60_000 }),
        fc.integer({ min: 2, max: 6 }),
        (sizes, bytes, copies) => {
          const constants = sizes.map((size, i) => ({ offset: i * 8192, bytes: size }));
          const node = kernel(...constants.map(({ offset }) => offset));
          const scratch = { offset: 1 << 20, bytes };
          const { added } = rotate([node], { constants, scratch, copies });
          const ranges = added.flatMap((each) =>
            each.kind === "copy" ? [[each.dst, each.dst + each.bytes] as const] : [],
          );
          ranges.sort((a, b) => a[0] - b[0]);
          for (const [i, [start, end]] of ranges.entries()) {
            expect(start).toBeGreaterThanOrEqual(ranges[i - 1]?.[1] ?? scratch.offset);
            expect(end).toBeLessThanOrEqual(scratch.offset + scratch.bytes);
          }
        },
      ),
    );
  });

  it("read what stands behind a convolution elsewhere too", () => {
    const launched = kernel(0, 30_000, 40_000);
    const behind = {
      residual: 0,
      y: { offset: 40_000, dims: [1, 1, 2, 2] },
      kernel: { ...launched, kind: "kernel" },
    };
    const { added, rotated } = rotate([{ ...conv, behind } as HelperNode]);
    const copies = rotated[0]!.copies.map((at) => added[at - 1]);
    expect(copies).toHaveLength(3);
    for (const copy of copies) {
      const moved = copy?.kind === "conv" ? copy.behind : undefined;
      const [read, made, result] = moved?.kernel.args ?? [];
      expect(read).toEqual({ ptr: moved?.residual });
      expect(moved?.residual).toBeGreaterThanOrEqual(SCRATCH.offset);
      expect([made, result]).toEqual([{ ptr: 30_000 }, { ptr: 40_000 }]);
    }
  });
});
