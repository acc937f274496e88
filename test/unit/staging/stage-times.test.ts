import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type StageWork, stageTimes } from "../../../src/staging/stage-times.js";

const work = (
  device: number,
  computeNs: number,
  received: readonly number[] = [],
  sent: readonly number[] = [],
): StageWork => ({ devices: [device], computeNs, receivedBytes: received, sentBytes: sent });

/** A byte a nanosecond, after a latency. */
const LINK = { bytesPerSecond: 1e9, latencyNs: 50 };
const FREE = { blockNs: 10, training: undefined, link: LINK };

describe("stageTimes", () => {
  it("lets the reader pay for each tensor, backwards for gradients, and multiplies computing only", () => {
    const stages = [work(0, 100, [], [20, 30]), work(1, 200, [20, 30])];
    const training = { backward: 2, weight: 0.5 };
    const { times } = stageTimes(stages, { ...FREE, training, transfers: "serial" });
    expect(times).toMatchObject([
      { forwardNs: 110, backwardNs: 10 + 200 + 150, weightNs: 60 },
      { forwardNs: 210 + 150, backwardNs: 410, weightNs: 110 },
    ]);
  });

  it("leaves blocks alone whose links keep up, however late", () => {
    const link = { ...LINK, latencyNs: 1e6 };
    const { times, linkBound } = stageTimes([work(0, 100), work(1, 200, [150])], {
      ...FREE,
      link,
      transfers: "overlapped",
    });
    expect(times.map(({ forwardNs }) => forwardNs)).toEqual([110, 210]);
    expect(linkBound).toEqual([]);
  });

  it("keeps a device busy for as long as it computes or its link works, whichever is longer", () => {
    const stage = fc.record({
      device: fc.nat({ max: 2 }),
      computeNs: fc.integer({ min: 1000, max: 100_000 }),
      bytes: fc.array(fc.integer({ min: 1, max: 150_000 }), { maxLength: 3 }),
      sent: fc.array(fc.integer({ min: 1, max: 150_000 }), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(
        fc.array(stage, { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        (drawn, trains) => {
          const stages = drawn.map((each) =>
            work(each.device, each.computeNs, each.bytes, each.sent),
          );
          const training = trains ? { backward: 2 } : undefined;
          const { times } = stageTimes(stages, { ...FREE, training, transfers: "overlapped" });
          for (const device of new Set(drawn.map((each) => each.device))) {
            let [busy, compute, link] = [0, 0, 0];
            drawn.forEach((each, at) => {
              if (each.device === device) {
                busy += (times[at]?.forwardNs ?? 0) + (times[at]?.backwardNs ?? 0);
                compute += 10 + each.computeNs + (trains ? 10 + 2 * each.computeNs : 0);
                for (const bytes of [...each.bytes, ...(trains ? each.sent : [])]) {
                  link += bytes;
                }
              }
            });
            expect(Math.abs(busy - Math.max(compute, link))).toBeLessThanOrEqual(12);
          }
        },
      ),
    );
  });
});
