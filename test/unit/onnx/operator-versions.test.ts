import { describe, expect, it } from "vitest";
import { operatorTypes } from "../../../src/onnx/operators/catalog.js";
import { isUnchanged } from "../../../src/onnx/operators/operator-versions.js";

describe("isUnchanged", () => {
  // ONNX's operator documentation: the versions in which these changed.
  it.each([
    ["Relu", 14, 21, true],
    ["Relu", 13, 14, false],
    ["ReduceMean", 13, 17, true],
    ["ReduceMean", 13, 18, false],
    ["Squeeze", 11, 13, false],
    ["Squeeze", 13, 21, true],
    ["Softmax", 12, 13, false],
    ["Constant", 18, 20, true],
    ["Gelu", 19, 20, false],
    ["Gelu", 20, 21, true],
    ["NoSuchOperator", 18, 20, false],
    ["NoSuchOperator", 18, 18, true],
  ])("%s between %i and %i: %s", (operator, a, b, expected) => {
    expect(isUnchanged(operator, a, b)).toBe(expected);
    expect(isUnchanged(operator, b, a)).toBe(expected);
  });

  it("knows every operator of the default domain that has a row", () => {
    const own = operatorTypes().filter((type) => !type.includes(":"));
    const pairs = Array.from({ length: 22 }, (_, at) => at + 7);
    const unknown = own.filter((type) => !pairs.some((at) => isUnchanged(type, at, at + 1)));
    // ONNX Runtime alone has this one, in the default domain.
    expect(unknown).toEqual(["SimplifiedLayerNormalization"]);
  });
});
