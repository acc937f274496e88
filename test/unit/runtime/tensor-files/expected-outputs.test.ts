import { describe, expect, it } from "vitest";
import type { TensorData } from "../../../../src/runtime/tensor-data.js";
import { compareExpected } from "../../../../src/runtime/tensor-files/expected-outputs.js";
import { fileNames } from "../../../../src/runtime/tensor-files/save-tensors.js";

const floats = (...numbers: readonly number[]): TensorData => ({
  elementType: "float32",
  dims: [numbers.length],
  bytes: new Uint8Array(Float32Array.from(numbers).buffer),
});
const longs = (...numbers: readonly bigint[]): TensorData => ({
  elementType: "int64",
  dims: [numbers.length],
  bytes: new Uint8Array(BigInt64Array.from(numbers).buffer),
});

function compare(expected: TensorData, found: TensorData | undefined) {
  return compareExpected({ ...expected, name: "y", file: "output_0.pb", sha256: "" }, found);
}

describe("compareExpected", () => {
  it.each<[string, TensorData, TensorData, boolean]>([
    ["the same", floats(1, -2), floats(1, -2), true],
    [
      "NaN and infinity",
      floats(Number.NaN, Number.POSITIVE_INFINITY),
      floats(Number.NaN, Number.POSITIVE_INFINITY),
      true,
    ],
    ["another infinity", floats(Number.POSITIVE_INFINITY), floats(Number.NEGATIVE_INFINITY), false],
    ["NaN for a number", floats(1), floats(Number.NaN), false],
    // A thousandth of the element: 1 of 1024 is less, 1 of 512 is more.
    ["near by its size", floats(1024), floats(1025), true],
    ["too far for its size", floats(512), floats(514), false],
    // A hundred-thousandth of the largest: 2^17 allows 1.3 at a zero.
    ["near by the largest", floats(0, 131_072), floats(1, 131_072), true],
    ["too far for the largest", floats(0, 65_536), floats(1, 65_536), false],
    ["zeros of either sign", floats(0), floats(-0), true],
    ["another integer", longs(7n), longs(8n), false],
    ["an integer that a double takes for the same", longs(2n ** 53n), longs(2n ** 53n + 1n), false],
  ])("%s", (_what, expected, found, isWithin) => {
    expect(compare(expected, found).isWithin).toBe(isWithin);
  });

  it("says why outputs cannot be compared", () => {
    expect(compare(floats(1), undefined).problem).toBe(
      "is no tensor of this run, and float32[1] is expected",
    );
    expect(compare(floats(1), longs(1n)).problem).toBe("is int64[1], and float32[1] is expected");
    expect(compare(floats(1, 2), floats(1)).isWithin).toBe(false);
  });

  it("counts what is beyond", () => {
    expect(compare(floats(1, 2, 4), floats(1, 3, 6))).toMatchObject({ beyond: 2, maxAbsolute: 2 });
  });
});

describe("fileNames", () => {
  it("are safe in a folder, and each of its own", () => {
    const names = ["logits", "a/b", "a\\b", "..", "", "Logits", "a:b", "é", "x".repeat(300)];
    expect(fileNames(names)).toEqual([
      "logits.npy",
      "a_b.npy",
      "a_b-2.npy",
      "_.npy",
      "output.npy",
      "Logits-2.npy",
      "a_b-3.npy",
      "_-2.npy",
      `${"x".repeat(100)}.npy`,
    ]);
  });
});
