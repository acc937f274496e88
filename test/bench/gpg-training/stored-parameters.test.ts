import { describe, expect, it } from "vitest";
import { decodeParameters } from "../../../dist/learn/fixed-point.js";
import { encodeParameters, roundParameters } from "./stored-parameters.js";

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
