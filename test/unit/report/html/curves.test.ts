import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FILLS } from "../../../../src/report/html/colors.js";
import { deltasOf, sumsOf } from "../../../../src/report/html/columns.js";
import { alignedSeries } from "../../../../src/report/html/page/aligned-series.js";
import { tickFormat, timeFormat } from "../../../../src/report/html/page/quantities.js";

describe("deltas", () => {
  it("add up to what they are of", () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), (values) => {
        expect(sumsOf(deltasOf(values))).toEqual(values);
      }),
    );
  });
});

describe("alignedSeries", () => {
  const curves = [
    { x: [1, 4], y: [10, 0] },
    { x: [2, 4, 4], y: [5, 6, 7] },
  ];

  it("holds values of stepped curves", () => {
    expect(alignedSeries(curves, true, 9)).toEqual([
      [0, 1, 2, 4, 9],
      [
        [0, 10, 10, 0, 0],
        [0, 0, 5, 7, 7],
      ],
    ]);
  });

  it("leaves out what other curves do not have", () => {
    expect(alignedSeries(curves, false, undefined)).toEqual([
      [1, 2, 4],
      [
        [10, null, 0],
        [null, 5, 7],
      ],
    ]);
  });
});

describe("tickFormat", () => {
  it("tells neighbors apart, in one unit", () => {
    const steps = fc
      .tuple(fc.constantFrom(1, 2, 5), fc.integer({ min: 0, max: 9 }))
      .map(([digit, power]) => digit * 10 ** power);
    fc.assert(
      fc.property(steps, fc.nat(1000), (step, first) => {
        const ticks = Array.from({ length: 8 }, (_, at) => (first + at) * step);
        const format = tickFormat("ns", ticks.at(-1) ?? 0, step);
        const texts = ticks.map(format);
        expect(new Set(texts).size).toBe(ticks.length);
        expect(new Set(texts.map((text) => text.split(" ")[1])).size).toBe(1);
      }),
    );
  });

  it("writes steps as they are", () => {
    expect([0, 2.5, 1200].map(tickFormat("step", 1200, 2.5))).toEqual(["0", "2.5", "1200"]);
    expect(timeFormat("step")(1 / 3)).toBe("0.333");
    expect(timeFormat("ns")(-1500)).toBe("-1.50 us");
  });
});

describe("colors", () => {
  /** The relative luminance of WCAG 2. */
  function luminance(color: string): number {
    const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
      const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }

  it.each(FILLS)("%s has a contrast of 7 with the text on it", (color) => {
    expect((luminance(color) + 0.05) / (luminance("#14181d") + 0.05)).toBeGreaterThanOrEqual(7);
  });
});
