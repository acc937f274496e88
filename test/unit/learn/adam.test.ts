import { describe, expect, it } from "vitest";
import { adam } from "../../../src/learn/adam.js";

describe("adam", () => {
  it("finds the bottom of a bowl that is a thousand times steeper one way", () => {
    const at = Float64Array.of(3, -2);
    const optimizer = adam(2, Number.POSITIVE_INFINITY);
    for (let step = 0; step < 2000; step++) {
      optimizer.step(at, Float64Array.of(2000 * (at[0]! - 1), 2 * (at[1]! - 1)), 0.01);
    }
    expect(at[0]).toBeCloseTo(1, 2);
    expect(at[1]).toBeCloseTo(1, 2);
  });

  it("takes a first step of the size of the rate, whatever the gradient", () => {
    const at = Float64Array.of(0, 0);
    adam(2, 1).step(at, Float64Array.of(1e6, -1e6), 0.1);
    expect(at[0]).toBeCloseTo(-0.1, 6);
    expect(at[1]).toBeCloseTo(0.1, 6);
  });
});
