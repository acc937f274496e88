/** Times with cold weights on a device whose costs are known. */
import { describe, expect, it } from "vitest";
import { ok } from "../../../src/core/result.js";
import { measureCold, scratchFor } from "../../../src/profile/gpu/measure-cold.js";
import type { TimingRequest } from "../../../src/runtime/cuda/session/timed-schedules.js";

/** Kernels that do nothing take this in a chain, a graph this to start. */
const CHAIN_US = 1.5;
const START_US = 4;

/** A session in which nodes from 1,000 on are copies of node `n % 10`, which takes 10 us and `n % 10` more. */
function session(filled: number[]) {
  return {
    nothings: [500, 501, 502, 503, 504, 505],
    rotate: async (wanted: readonly number[]) =>
      ok(
        wanted
          .filter((node) => node !== 2)
          .map((node) => ({
            node,
            fills: [2000 + node],
            copies: Array.from({ length: node === 3 ? 2 : 5 }, (_, i) => 1000 + 10 * i + node),
          })),
      ),
    launch: async (nodes: readonly number[]) => {
      filled.push(...nodes);
      return ok(undefined);
    },
    measure: async ({ schedules, rounds, flushL2, repeat = 1 }: TimingRequest) => {
      expect({ flushL2, repeat }).toEqual({ flushL2: true, repeat: 1 });
      return ok(
        schedules.map(({ launches }) => {
          const us = launches.reduce(
            (sum, { node }) => sum + (node >= 1000 ? 10 + (node % 10) : CHAIN_US),
            START_US,
          );
          return Array.from({ length: rounds }, () => us);
        }),
      );
    },
  };
}

describe("operators with cold weights", () => {
  it("take what their copies take, less what a graph takes to start", async () => {
    const filled: number[] = [];
    const cold = await measureCold(session(filled), [1, 2, 3], 1000 * CHAIN_US);
    expect(cold.ok && [...cold.value].map(([node, { medianNs }]) => [node, medianNs])).toEqual([
      [1, 11_000],
      [3, 13_000],
    ]);
    // The memory for copies is shared: each one's own weights are put there before it is timed.
    expect(filled).toEqual([2001, 2003]);
  });

  it("have room for five copies of the largest weights, up to a limit, and none for small ones", () => {
    const scratch = (...bytes: readonly number[]) =>
      scratchFor(bytes.map((each) => ({ bytes: each })));
    expect(scratch()).toBe(0);
    expect(scratch(1000, 30_000)).toBe(0);
    expect(scratch(1000, 1_000_000, 400_000)).toBe(5_625_000);
    expect(scratch(2 ** 40)).toBe(2 ** 30);
  });
});
