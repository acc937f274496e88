/** How a step of a chain is divided, on devices whose kernels and gaps are known. */
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../src/core/random.js";
import { ok } from "../../../src/core/result.js";
import { costsOfChain, measureStamps } from "../../../src/profile/gpu/measure-stamps.js";
import type { StampedChain } from "../../../src/runtime/cuda/session/stamped-chain.js";
import { type StampingClock, stampedChainOf } from "../../support/stamped-chain.js";

/** Of chains that start at any time between two steps of the timer. */
async function measured(insideNs: number, gapNs: number, clock: StampingClock) {
  const random = seededRandom(7);
  const stampedChain = async () => {
    const phaseNs = Math.floor(random.between(0, clock.stepNs ?? 1));
    return ok(stampedChainOf(insideNs, gapNs, { ...clock, phaseNs }));
  };
  const found = await measureStamps({ stampedChain });
  return found.ok ? found.value : expect.fail();
}

describe("a step of a chain", () => {
  it("is divided exactly where the timer shows every nanosecond", async () => {
    expect(await measured(420, 880, {})).toEqual({ insideNs: 420, gapNs: 880, timerStepNs: 1 });
  });

  it.each([32, 500, 1000])(
    "is divided by cycles where kernels are shorter than ten steps of %d ns",
    async (stepNs) => {
      const found = await measured(40, 1210, { stepNs, clockMhz: 1750 });
      expect(found).toMatchObject({ insideNs: 40, timerStepNs: stepNs });
      // Of 63 gaps, the first and the last note are each late by less than a step.
      expect(Math.abs((found.gapNs ?? 0) - 1210)).toBeLessThanOrEqual(stepNs / 63 + 0.5);
    },
  );

  it("is divided by the timer where kernels take ten of its steps, whatever the clock is", async () => {
    const chain = stampedChainOf(3200, 800, { stepNs: 320 });
    expect(costsOfChain({ ...chain, clockMhz: 123 })?.insideNs).toBeCloseTo(3200, -1);
    const short = stampedChainOf(3200, 800, { stepNs: 400 });
    expect(costsOfChain({ ...short, clockMhz: 2000 })?.insideNs).toBe(1600);
  });

  it("is told by the middle of the chains", async () => {
    const gaps = [880, 880, 9000, 880, 870, 890, 880, 20, 880, 880, 880];
    let next = 0;
    const stampedChain = async () => ok(stampedChainOf(420, gaps[next++] ?? 0, {}));
    expect(await measureStamps({ stampedChain })).toEqual({
      ok: true,
      value: { insideNs: 420, gapNs: 880, timerStepNs: 1 },
    });
    expect(next).toBe(gaps.length);
  });

  it.each<readonly [string, Partial<StampedChain>]>([
    ["has no step", { timerStepNs: 0 }],
    ["stands still", { stamps: Array(64).fill({ startNs: 0, endNs: 0, cycles: 70 }) }],
    ["goes back", { stamps: stampedChainOf(40, 1210).stamps.toReversed() }],
  ])("is not divided where the timer %s", async (_, odd) => {
    const chain = { ...stampedChainOf(40, 1210, { stepNs: 32 }), ...odd };
    expect(await measureStamps({ stampedChain: async () => ok(chain) })).toEqual({
      ok: true,
      value: {},
    });
  });
});
