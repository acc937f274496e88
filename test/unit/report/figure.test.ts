import { describe, expect, it } from "vitest";
import { figure, givenFigure } from "../../../src/report/figure.js";

describe("figures that were given", () => {
  it("are as other figures where these are not rounded to nothing", () => {
    for (const value of [0, 0.01, 0.5, 9.5, 400, -2.25]) {
      expect(givenFigure(value)).toBe(figure(value));
    }
  });

  it("stay above 0 where they are small", () => {
    expect(figure(0.004)).toBe("0");
    expect([0.004, 0.0012345, 1e-6].map(givenFigure)).toEqual(["0.004", "0.00123", "0.000001"]);
  });
});
