import { describe, expect, it } from "vitest";
import {
  decodeParameters,
  encodeParameters,
  roundParameters,
} from "../../../src/learn/fixed-point.js";

describe("decodeParameters", () => {
  it("reads 16-bit numbers, low byte first, as multiples of 1/4096", () => {
    const text = Buffer.from([0x00, 0x10, 0xff, 0xff, 0x01, 0x00]).toString("base64");
    expect(Array.from(decodeParameters(text))).toEqual([1, -1 / 4096, 1 / 4096]);
  });
});

describe("parameters as text", () => {
  it("are read back as they were rounded", () => {
    const parameters = Float64Array.of(0, 0.1, -0.1, 1 / 3, -7.9, 1e-9);
    const rounded = roundParameters(parameters);
    expect(decodeParameters(encodeParameters(parameters))).toEqual(rounded);
    rounded.forEach((value, i) => {
      expect(Math.abs(value - parameters[i]!)).toBeLessThanOrEqual(1 / 8192);
    });
  });

  it("end at 8 both ways", () => {
    expect(Array.from(roundParameters(Float64Array.of(100, -100)))).toEqual([
      32767 / 4096,
      -32767 / 4096,
    ]);
  });
});
