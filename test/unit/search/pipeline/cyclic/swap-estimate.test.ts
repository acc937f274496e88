import { expect, test } from "vitest";
import { seededRandom } from "../../../../../src/core/random.js";
import type { Block, Placement } from "../../../../../src/placement/placement.js";
import { CycleRatio } from "../../../../../src/search/pipeline/cyclic/cycle-ratio.js";
import { CyclicOrders } from "../../../../../src/search/pipeline/cyclic/cyclic-orders.js";
import { placeTimes } from "../../../../../src/search/pipeline/cyclic/place-times.js";
import { placementOrder } from "../../../../../src/search/pipeline/cyclic/placement-order.js";
import { SwapEstimate } from "../../../../../src/search/pipeline/cyclic/swap-estimate.js";
import { periodBounds } from "../../../../../src/search/pipeline/lower-bounds.js";
import { moduloProblem } from "../../../../../src/search/pipeline/modulo/modulo-problem.js";
import { randomPlacement } from "../../../../bench/random-placement.js";

function block(id: string, device: number, duration: number): Block {
  return {
    id,
    kind: "other",
    devices: [device],
    duration,
    memory: 0,
    workspace: 0,
    operators: [],
  };
}

/** f (1), b (3) and g (2) on one device; between f and b 4 on another. */
const TURNS: Placement = {
  timeUnit: "step",
  devices: ["d0", "d1"].map((name) => ({ name, memory: undefined })),
  blocks: [block("f", 0, 1), block("b", 0, 3), block("m", 1, 4), block("g", 0, 2)],
  dependencies: [
    { from: 0, to: 2, latency: 0 },
    { from: 2, to: 1, latency: 0 },
  ],
  memoryRelease: "end",
};

function without(limits: number): Float64Array {
  return new Float64Array(limits).fill(Number.POSITIVE_INFINITY);
}

test("estimates what swapping b and g frees", () => {
  const problem = moduloProblem(TURNS, 1);
  const times = Float64Array.from([0, 5, 1, 8]);
  const orders = new CyclicOrders(problem, times, 10, without(2), true);
  const ratio = new CycleRatio(orders);
  expect(ratio.compute()).toBe(10);
  const estimate = new SwapEstimate(orders, ratio);
  estimate.prepare();
  // The cycle f, m, b, g, f takes 10. With g before b it is f, m, b, f: 8.
  expect(estimate.of(1)).toBe(-2);
  orders.swap(1);
  expect(ratio.compute()).toBe(8);
});

/** Swaps of neighbours on the largest cycle: estimate, and the period that comes of it. */
function swapsOf(seed: number): {
  readonly period: number;
  readonly swaps: readonly { readonly estimate: number; readonly period: number }[];
} {
  const placement = randomPlacement({ seed });
  const problem = moduloProblem(placement, 1);
  const [bound] = periodBounds(placement);
  const period = (bound?.numerator ?? 1) * 2;
  const order = placementOrder(problem, 0, seededRandom(1));
  const { times = new Float64Array() } = placeTimes(problem, { period, order, touching: false });
  const limits = without(placement.devices.length);
  const orders = new CyclicOrders(problem, times, period, limits, true);
  const ratio = new CycleRatio(orders);
  const now = ratio.compute();
  const estimate = new SwapEstimate(orders, ratio);
  estimate.prepare();
  const onCycle = ratio
    .criticalCycle()
    .filter((arc) => arc < 0 && orders.maySwap(~arc))
    .map((arc) => ({ entry: ~arc, estimate: estimate.of(~arc) }));
  const swaps = onCycle.map(({ entry, estimate: of }) => {
    const follower = orders.next[entry] ?? 0;
    orders.swap(entry);
    const tried = ratio.compute();
    orders.swap(follower);
    return { estimate: of, period: tried };
  });
  return { period: now, swaps };
}

test("what is estimated to be longer is longer", () => {
  let longer = 0;
  for (let seed = 1; seed <= 12; seed++) {
    const { period, swaps } = swapsOf(seed);
    for (const swap of swaps) {
      if (swap.estimate > 1) {
        longer++;
        expect(swap.period).toBeGreaterThan(period);
      }
    }
  }
  expect(longer).toBeGreaterThan(10);
});

test("what makes the period shorter is estimated to be shorter", () => {
  let shorter = 0;
  for (let seed = 1; seed <= 12; seed++) {
    const { period, swaps } = swapsOf(seed);
    for (const swap of swaps) {
      if (swap.period < period - 1) {
        shorter++;
        expect(swap.estimate).toBeLessThanOrEqual(0);
      }
    }
  }
  expect(shorter).toBeGreaterThan(3);
});
