import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../src/core/random.js";
import { relativeTime, timingOf } from "../../../src/profile/timing.js";

describe("timingOf", () => {
  it("gives integers: median and the outer deciles", () => {
    const samples = Array.from({ length: 11 }, (_, i) => 100 * i + 0.4);
    expect(timingOf(samples)).toEqual({ medianNs: 500, p10Ns: 100, p90Ns: 900, samples: 11 });
  });
});

describe("relativeTime", () => {
  const reference = Array.from({ length: 40 }, (_, i) => 100 + (i % 5) * 30);

  it("is exactly the ratio where every round has the same", () => {
    const half = reference.map((time) => time / 2);
    expect(relativeTime(half, reference, seededRandom(1))).toEqual({
      median: 0.5,
      low: 0.5,
      high: 0.5,
    });
  });

  it("holds the median in its interval, and depends on the seed only", () => {
    const random = seededRandom(9);
    const noisy = reference.map((time) => time * random.between(0.8, 1.2));
    const first = relativeTime(noisy, reference, seededRandom(1));
    expect(first.low).toBeLessThanOrEqual(first.median);
    expect(first.high).toBeGreaterThanOrEqual(first.median);
    expect(first.high).toBeGreaterThan(first.low);
    expect(relativeTime(noisy, reference, seededRandom(1))).toEqual(first);
  });
});
