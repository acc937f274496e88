import { describe, expect, it } from "vitest";
import { GpuSharing } from "../../../src/schedule/gpu-sharing.js";
import { NO_INTERFERENCE } from "../../support/serving.js";

/** Speeds of kernels that use these tenths of the bandwidth and have room enough. */
function speeds(tenths: readonly number[]): readonly number[] {
  const sharing = new GpuSharing(
    {
      share: new Float64Array(tenths.length).fill(0.01),
      arithmetic: new Float64Array(tenths.length),
      bandwidth: Float64Array.from(tenths, (each) => each / 10),
      interference: NO_INTERFERENCE,
    },
    tenths.length,
  );
  tenths.forEach((_, at) => {
    sharing.add(at, at, 1000);
  });
  sharing.settle();
  return Array.from(sharing.rate);
}

/** The same by the definition: who wants least is served first, of what is left an equal part each. */
function fair(tenths: readonly number[]): readonly number[] {
  const given = new Map<number, number>();
  let left = 10;
  [...tenths.entries()]
    .sort(([, a], [, b]) => a - b)
    .forEach(([at, wanted], served) => {
      const part = Math.min(wanted, left / (tenths.length - served));
      given.set(at, part / wanted);
      left -= part;
    });
  return tenths.map((_, at) => given.get(at)!);
}

describe("GpuSharing", () => {
  it("shares the bandwidth fairly, whatever rounding does to the level", () => {
    // 0.4, 0.2 and 0.5: rounding puts the first above the level in one round and below it in the next.
    const lists: number[][] = [[]];
    for (const list of lists) {
      if (list.length < 4) {
        lists.push(...Array.from({ length: 10 }, (_, at) => [...list, at + 1]));
      }
    }
    for (const list of lists.slice(1)) {
      const expected = fair(list);
      const found = speeds(list);
      const worst = Math.max(...found.map((speed, at) => Math.abs(speed - expected[at]!)));
      expect(worst, list.join()).toBeLessThan(1e-12);
    }
  });
});
