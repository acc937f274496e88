import fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../../../../src/core/random.js";
import type { Placement } from "../../../../src/placement/placement.js";
import {
  steadyPeakMemory,
  verifyPeriodicSchedule,
} from "../../../../src/schedule/verify-periodic-schedule.js";
import { CycleRatio } from "../../../../src/search/pipeline/cyclic/cycle-ratio.js";
import { CyclicOrders } from "../../../../src/search/pipeline/cyclic/cyclic-orders.js";
import { improveOrders } from "../../../../src/search/pipeline/cyclic/order-search.js";
import { placeTimes } from "../../../../src/search/pipeline/cyclic/place-times.js";
import { placementOrder } from "../../../../src/search/pipeline/cyclic/placement-order.js";
import { searchOrders } from "../../../../src/search/pipeline/cyclic/search-orders.js";
import { timesOf } from "../../../../src/search/pipeline/cyclic/times-of.js";
import { periodicOf } from "../../../../src/search/pipeline/found-period.js";
import { periodBounds } from "../../../../src/search/pipeline/lower-bounds.js";
import { moduloProblem } from "../../../../src/search/pipeline/modulo/modulo-problem.js";
import { randomPlacement } from "../../../bench/random-placement.js";

const seeds = fc.integer({ min: 1, max: 100_000 });

function limitsOf({ devices }: Placement): Float64Array {
  return Float64Array.from(devices, ({ memory }) => memory ?? Number.POSITIVE_INFINITY);
}

function leastPeriod(placement: Placement): number {
  const [bound] = periodBounds(placement);
  return Math.ceil((bound?.numerator ?? 1) / (bound?.denominator ?? 1));
}

/** Orders of a random placement at twice its least period. */
function ordersOf(placement: Placement, limits = limitsOf(placement)) {
  const problem = moduloProblem(placement, 1);
  const period = leastPeriod(placement) * 2;
  const order = placementOrder(problem, 0, seededRandom(1));
  const { times } = placeTimes(problem, { period, order, touching: false });
  return (
    times && {
      problem,
      period,
      times,
      orders: new CyclicOrders(problem, times, period, limits, true),
    }
  );
}

function verified(placement: Placement, times: Float64Array, period: number) {
  const problem = moduloProblem(placement, 1);
  const schedule = periodicOf({ problem, copies: 1, period, times });
  expect(verifyPeriodicSchedule(placement, schedule)).toEqual([]);
  return schedule;
}

function peaksOf(orders: CyclicOrders, { devices }: Placement): readonly number[] {
  return devices.map((_, device) => orders.peak(device));
}

test("placed times repeat without meeting, and orders hold what their times hold", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const placement = randomPlacement({ seed });
      const found = ordersOf(placement);
      fc.pre(found !== undefined);
      const schedule = verified(placement, found.times, found.period);
      expect(peaksOf(found.orders, placement)).toEqual(steadyPeakMemory(placement, schedule));
    }),
    { numRuns: 20 },
  );
});

test("the least period of orders is no longer than that of their times, and its times verify", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const placement = randomPlacement({ seed });
      const found = ordersOf(placement);
      fc.pre(found !== undefined);
      const ratio = new CycleRatio(found.orders).compute();
      expect(ratio).toBeLessThanOrEqual(found.period + 1e-3);
      expect(ratio).toBeGreaterThanOrEqual(
        Math.max(
          ...periodBounds(placement)
            .filter((b) => b.kind === "load")
            .map((b) => b.numerator),
        ) - 1e-3,
      );
      const period = Math.ceil(ratio - 1e-3);
      const schedule = verified(placement, timesOf(found.orders, period), period);
      expect(peaksOf(found.orders, placement)).toEqual(steadyPeakMemory(placement, schedule));
    }),
    { numRuns: 20 },
  );
});

test("a swap can be taken back, and orders after swaps hold what their times hold", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const placement = randomPlacement({ seed });
      const found = ordersOf(placement);
      fc.pre(found !== undefined);
      const { orders } = found;
      const ratio = new CycleRatio(orders);
      const random = seededRandom(seed);
      for (let i = 0; i < 40; i++) {
        const entry = random.integer(orders.blockOf.length);
        const follower = orders.next[entry] ?? 0;
        if (!orders.maySwap(entry)) {
          continue;
        }
        const before = orders.save();
        orders.swap(entry);
        const period = Math.ceil(ratio.compute() - 1e-3);
        if (Number.isFinite(period) && i % 8 === 0) {
          const schedule = verified(placement, timesOf(orders, period), period);
          expect(peaksOf(orders, placement)).toEqual(steadyPeakMemory(placement, schedule));
        }
        if (!Number.isFinite(period) || i % 2 === 0) {
          orders.swap(follower);
          expect(orders.save()).toEqual(before);
        }
      }
    }),
    { numRuns: 15 },
  );
});

test("improving never makes orders worse, keeps to memory, and repeats itself", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const placement = randomPlacement({ seed, memory: 1 });
      const runs = [1, 2].map(() => {
        const found = ordersOf(placement);
        if (found === undefined || found.orders.fullDevice() >= 0) {
          return undefined;
        }
        const before = new CycleRatio(found.orders).compute();
        const { period } = improveOrders(found.orders, {
          target: leastPeriod(placement),
          maxNodes: 200,
          random: seededRandom(7),
        });
        expect(period).toBeLessThanOrEqual(before + 1e-3);
        expect(found.orders.fullDevice()).toBe(-1);
        return period;
      });
      expect(runs[0]).toBe(runs[1]);
    }),
    { numRuns: 10 },
  );
});

test.each([2, 6, 7, 12, 16])("seed %i: orders reach the load of the fullest device", (seed) => {
  const placement = randomPlacement({ seed, memory: 2 });
  const lowerBound = leastPeriod(placement);
  const { best } = searchOrders(moduloProblem(placement, 1), {
    limits: limitsOf(placement),
    releasesAtEnd: true,
    lowerBound,
    maxNodes: 200_000,
    seed: 1,
    known: [],
  });
  expect(best?.period).toBe(lowerBound);
  verified(placement, best?.times ?? new Float64Array(), best?.period ?? 0);
});

test("starts take no more work than there is, but for one placement", () => {
  const placement = randomPlacement({ seed: 3, memory: 1 });
  const problem = moduloProblem(placement, 4);
  const options = {
    limits: limitsOf(placement),
    releasesAtEnd: true,
    lowerBound: leastPeriod(placement) * 4,
    seed: 1,
    known: [],
  };
  // Thirteen rounds with and without touching, in which every block looks at all beside it up to three times.
  const pairs = problem.blocksOn.reduce((sum, own) => sum + own.length ** 2, 0);
  const one = (2 * 13 * 3 * pairs) / 64 + problem.count;
  for (const maxNodes of [10, 100, 1000, 10_000]) {
    const { nodes } = searchOrders(problem, { ...options, maxNodes });
    expect(nodes).toBeLessThanOrEqual(maxNodes + one);
  }
});

test("equal seeds give equal times, and what is known is never made worse", () => {
  const placement = randomPlacement({ seed: 3, memory: 1 });
  const problem = moduloProblem(placement, 1);
  const options = {
    limits: limitsOf(placement),
    releasesAtEnd: true,
    lowerBound: leastPeriod(placement),
    maxNodes: 4000,
    seed: 5,
    known: [],
  };
  const first = searchOrders(problem, options);
  expect(searchOrders(problem, options)).toEqual(first);
  const { best } = first;
  if (best === undefined) {
    throw new Error("this placement has room for a start");
  }
  verified(placement, best.times, best.period);
  const again = searchOrders(problem, { ...options, seed: 6, maxNodes: 1, known: [best] });
  expect(again.best?.period).toBeLessThanOrEqual(best.period);
});
