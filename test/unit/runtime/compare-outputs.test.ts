import { describe, expect, it } from "vitest";
import { compareOutputs } from "../../../src/runtime/compare-outputs.js";
import type { TensorData } from "../../../src/runtime/tensor-data.js";

function floats(...values: number[]): TensorData {
  return {
    elementType: "float32",
    dims: [values.length],
    bytes: new Uint8Array(Float32Array.from(values).buffer),
  };
}

function only(data: TensorData): ReadonlyMap<string, TensorData> {
  return new Map([["y", data]]);
}

describe("compareOutputs", () => {
  it("calls equal bytes identical, NaN included", () => {
    const both = only(floats(1, Number.NaN, Number.POSITIVE_INFINITY));
    expect(compareOutputs(both, both)).toMatchObject({ identical: true, maxAbsolute: 0 });
  });

  it("gives the largest absolute and relative difference", () => {
    const result = compareOutputs(only(floats(1, 100, 0)), only(floats(1, 101, 0.5)));
    expect(result).toMatchObject({ identical: false, maxAbsolute: 1, maxRelative: 1 });
    expect(result.outputs[0]?.differing).toBe(2);
  });

  it("sees no difference of value between the zeros", () => {
    expect(compareOutputs(only(floats(0)), only(floats(-0)))).toMatchObject({
      identical: false,
      maxAbsolute: 0,
      maxRelative: 0,
    });
  });

  it.each([
    ["NaN against a number", floats(Number.NaN), floats(1)],
    ["infinity against a number", floats(Number.POSITIVE_INFINITY), floats(1)],
    ["opposite infinities", floats(Number.POSITIVE_INFINITY), floats(Number.NEGATIVE_INFINITY)],
    ["another size", floats(1, 2), floats(1)],
  ])("is infinitely far for %s", (_, a, b) => {
    expect(compareOutputs(only(a), only(b)).maxAbsolute).toBe(Number.POSITIVE_INFINITY);
  });

  it("reports an output that one side lacks", () => {
    const result = compareOutputs(only(floats(1)), new Map());
    expect(result).toMatchObject({ identical: false, maxRelative: Number.POSITIVE_INFINITY });
  });

  it("reads half precision and 64-bit integers by value", () => {
    const half = (bits: number): TensorData => ({
      elementType: "float16",
      dims: [1],
      bytes: new Uint8Array(Uint16Array.of(bits).buffer),
    });
    expect(compareOutputs(only(half(0x3c00)), only(half(0x4000))).maxAbsolute).toBe(1);
    const long = (value: bigint): TensorData => ({
      elementType: "int64",
      dims: [1],
      bytes: new Uint8Array(BigInt64Array.of(value).buffer),
    });
    expect(compareOutputs(only(long(-3n)), only(long(4n))).maxAbsolute).toBe(7);
  });
});
