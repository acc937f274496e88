import fc from "fast-check";
import { expect, it } from "vitest";
import { DeviceLine } from "../../../../src/search/pipeline/makespan/device-line.js";

const STEPS = fc.array(
  fc.record({
    ready: fc.nat(30),
    duration: fc.integer({ min: 1, max: 4 }),
    keep: fc.integer({ min: -2, max: 2 }),
    extra: fc.nat(2),
  }),
  { maxLength: 14 },
);

interface Placed {
  readonly start: number;
  readonly duration: number;
  readonly keep: number;
  readonly peak: number;
}

/** Whether so much is free and within the limit, by definition. */
function isRight(placed: readonly Placed[], limit: number): boolean {
  const sorted = [...placed].sort((a, b) => a.start - b.start);
  let [end, level] = [Number.NEGATIVE_INFINITY, 0];
  return sorted.every(({ start, duration, keep, peak }) => {
    const fits = start >= end && level + peak <= limit;
    [end, level] = [start + duration, level + keep];
    return fits;
  });
}

it.each([Number.POSITIVE_INFINITY, 3])("gives the first time that is right, limit %d", (limit) => {
  fc.assert(
    fc.property(STEPS, (steps) => {
      const line = new DeviceLine(0, limit, steps.length);
      const placed: Placed[] = [];
      for (const { ready, duration, keep, extra } of steps) {
        const step = { keep, peak: Math.max(0, keep) + extra };
        const start = line.firstGap(ready, duration, step);
        const right = Array.from({ length: 120 }, (_, at) => ready + at).find((time) =>
          isRight([...placed, { start: time, duration, ...step }], limit),
        );
        expect(start).toBe(right ?? Number.POSITIVE_INFINITY);
        if (right !== undefined) {
          line.insert(start, start + duration, step);
          placed.push({ start, duration, ...step });
        }
      }
    }),
  );
});
