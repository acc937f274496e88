import { describe, expect, it } from "vitest";
import { closestName } from "../../../src/core/closest-name.js";

describe("closestName", () => {
  const devices = ["cpu", "cuda", "h200", "h100", "a100-pcie-40gb"];

  it.each([
    ["H200", "h200"],
    ["h20", "h200"],
    ["cdua", undefined],
    ["cude", "cuda"],
    ["A100-PCIE-40G", "a100-pcie-40gb"],
    ["tpu", "cpu"],
    ["b200x", undefined],
    ["", undefined],
    ["frobnicate", undefined],
    ["h".repeat(101), undefined],
  ])("takes %j for %j", (name, expected) => {
    expect(closestName(name, devices)).toBe(expected);
  });

  it("takes the first of equally near names, and the nearest of all", () => {
    expect(closestName("h300", ["h200", "h100"])).toBe("h200");
    expect(closestName("abcdef", ["abcxyf", "abcdxf"])).toBe("abcdxf");
  });
});
