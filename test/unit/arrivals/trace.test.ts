import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeTrace, parseTrace } from "../../../src/arrivals/trace.js";

const timesOf = (gaps: readonly number[]): Float64Array => {
  let now = 0;
  return Float64Array.from(gaps, (gap) => {
    now += gap;
    return now;
  });
};

describe("a trace that is written", () => {
  it("has the whole microseconds from one request to the next, without adding roundings up", () => {
    expect(encodeTrace(Float64Array.of(1400, 2800, 4200, 5600))).toBe("1\n2\n1\n2\n");
    expect(encodeTrace(new Float64Array())).toBe("");
  });

  it("reads back as the same times, to the nearest microsecond", () => {
    const gap = fc.oneof(fc.nat(5000), fc.nat(1e9));
    fc.assert(
      fc.property(fc.array(gap, { minLength: 8, maxLength: 60 }), (gaps) => {
        // No quarter of it is only zeros.
        const times = timesOf(gaps.map((each) => each + 1000));
        const read = parseTrace(encodeTrace(times), "trace.txt");
        expect(read.ok).toBe(true);
        const back = read.ok ? timesOf([...read.value]) : [];
        expect([...back]).toEqual(Array.from(times, (time) => 1000 * Math.round(time / 1000)));
        // What is in whole microseconds already stays as it is.
        expect(encodeTrace(Float64Array.from(back))).toBe(encodeTrace(times));
      }),
    );
  });
});
