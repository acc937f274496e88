import { totalmem } from "node:os";
import { describe, expect, it } from "vitest";
import { LARGEST_ARRAY_BYTES } from "../../../src/core/largest-array.js";
import { randomFeeds } from "../../../src/runtime/random-feeds.js";
import type { TensorSpec } from "../../../src/runtime/tensor-data.js";

const SPECS: readonly TensorSpec[] = [
  { name: "image", elementType: "float32", dims: [2, 3, 8] },
  { name: "tokens", elementType: "int64", dims: [1, 16] },
  { name: "length", elementType: "int32", dims: [1] },
  { name: "mask", elementType: "bool", dims: [4] },
  { name: "half", elementType: "float16", dims: [64] },
];

function feeds(seed: number, specs: readonly TensorSpec[] = SPECS) {
  const result = randomFeeds(specs, seed);
  if (!result.ok) {
    throw new Error(result.error[0].message);
  }
  return result.value;
}

describe("randomFeeds", () => {
  it("gives the same bytes for the same seed and others for another", () => {
    expect(feeds(1)).toEqual(feeds(1));
    expect(feeds(1).get("image")).not.toEqual(feeds(2).get("image"));
  });

  it.each([
    [[{ name: "x", elementType: "float32", dims: [2 ** 40] }], 'input "x"'],
    // Above what Node takes as one array, or what the machine has.
    [[{ name: "x", elementType: "uint8", dims: [LARGEST_ARRAY_BYTES + 1] }], 'input "x"'],
    [
      Array.from({ length: 2 + Math.ceil(totalmem() / 2 ** 30) }, (_, at) => ({
        name: `x${at}`,
        elementType: "int8",
        dims: [2 ** 30],
      })),
      "all inputs together",
    ],
  ] satisfies readonly [readonly TensorSpec[], string][])(
    "refuses what no machine like this holds, before it takes memory for it",
    (specs, where) => {
      expect(randomFeeds(specs, 1)).toMatchObject({
        error: [{ code: "machine-memory-exceeded", where }],
      });
    },
  );

  it("keeps the inputs before an added one", () => {
    expect(feeds(5, SPECS.slice(0, 2)).get("tokens")).toEqual(feeds(5).get("tokens"));
  });

  it("draws floats in [-1, 1) and small valid integers", () => {
    const given = feeds(3);
    const image = new Float32Array(given.get("image")?.bytes.buffer as ArrayBuffer);
    expect(image.every((value) => value >= -1 && value < 1)).toBe(true);
    expect(new Set(image).size).toBeGreaterThan(40);
    const tokens = new BigInt64Array(given.get("tokens")?.bytes.buffer as ArrayBuffer);
    expect(tokens.every((value) => value === 0n || value === 1n)).toBe(true);
    expect([...(given.get("length")?.bytes ?? [])]).toEqual([1, 0, 0, 0]);
    const half = new Uint16Array(given.get("half")?.bytes.buffer as ArrayBuffer);
    expect(half.every((bits) => (bits & 0x7fff) <= 0x3c00)).toBe(true);
  });

  it("refuses types that cannot be fed, each by name", () => {
    const result = randomFeeds([{ name: "text", elementType: "string", dims: [1] }], 1);
    expect(result).toMatchObject({
      ok: false,
      error: [{ code: "unsupported-element-type", where: "text" }],
    });
  });
});
