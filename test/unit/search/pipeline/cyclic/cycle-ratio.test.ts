import fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../../../../../src/core/random.js";
import type { Placement } from "../../../../../src/placement/placement.js";
import { CycleRatio } from "../../../../../src/search/pipeline/cyclic/cycle-ratio.js";
import { CyclicOrders } from "../../../../../src/search/pipeline/cyclic/cyclic-orders.js";
import { moduloProblem } from "../../../../../src/search/pipeline/modulo/modulo-problem.js";
import { randomPlacement } from "../../../../support/placements.js";

const SMALL = randomPlacement({ maxDevices: 3, maxBlocks: 6, maxDuration: 5, limits: false });

/** Orders in which the blocks run one after the other. */
function ordersOf(placement: Placement): CyclicOrders {
  const problem = moduloProblem(placement, 1);
  const times = new Float64Array(problem.count);
  let period = 0;
  for (const block of problem.topological) {
    const ready = (problem.before[block] ?? []).map(({ block: from, gap }) => {
      return (times[from] ?? 0) + gap;
    });
    const time = Math.max(period, ...ready);
    times[block] = time;
    period = time + (problem.duration[block] ?? 0);
  }
  const limits = new Float64Array(placement.devices.length).fill(Number.POSITIVE_INFINITY);
  return new CyclicOrders(problem, times, period, limits, placement.memoryRelease === "end");
}

/** Largest ratio over all simple cycles, each walked once from its smallest block. */
function largestRatio({ problem, entriesOf, next, blockOf, height }: CyclicOrders): number {
  const arcs = problem.after.map((list, block) => [
    ...list.map(({ block: to, gap }) => ({ to, gap, height: 0 })),
    ...[...(entriesOf[block] ?? [])].map((entry) => ({
      to: blockOf[next[entry] ?? 0] ?? 0,
      gap: problem.duration[block] ?? 0,
      height: height[entry] ?? 0,
    })),
  ]);
  let largest = 0;
  const onPath = new Set<number>();
  const walk = (root: number, block: number, time: number, turns: number): void => {
    onPath.add(block);
    for (const arc of arcs[block] ?? []) {
      if (arc.to === root) {
        const sum = turns + arc.height;
        const ratio = sum > 0 ? (time + arc.gap) / sum : Number.POSITIVE_INFINITY;
        largest = Math.max(largest, ratio);
      } else if (arc.to > root && !onPath.has(arc.to)) {
        walk(root, arc.to, time + arc.gap, turns + arc.height);
      }
    }
    onPath.delete(block);
  };
  for (let root = 0; root < problem.count; root++) {
    walk(root, root, 0, 0);
  }
  return largest;
}

/** Most that a device holds when its order is run for many turns, counting micro-batch by micro-batch. */
function simulatedPeak(placement: Placement, orders: CyclicOrders, device: number): number {
  const { blockOf, next, height, firstEntry } = orders;
  const first = firstEntry[device] ?? 0;
  const count = (firstEntry[device + 1] ?? 0) - first;
  const reach = height.reduce((sum, each) => sum + Math.abs(each), 1);
  const turns = 3 * reach + 3;
  const cycle: { readonly block: number; readonly ahead: number }[] = [];
  for (let i = 0, entry = first, ahead = 0; i < count; i++) {
    cycle.push({ block: blockOf[entry] ?? 0, ahead });
    ahead += height[entry] ?? 0;
    entry = next[entry] ?? 0;
  }
  let held = 0;
  let peak = 0;
  for (let turn = 0; turn < turns; turn++) {
    for (const { block, ahead } of cycle) {
      const microBatch = turn + ahead;
      const { memory, workspace } = placement.blocks[block] ?? { memory: 0, workspace: 0 };
      // The first micro-batches began before the first turn: only whole ones count.
      const change = microBatch >= reach ? memory : 0;
      const isLate = change < 0 && placement.memoryRelease === "end";
      const most = held + (isLate ? 0 : change) + workspace;
      peak = turn >= 2 * reach ? Math.max(peak, held, most) : peak;
      held += change;
    }
  }
  return peak;
}

test("after any swaps, ratio and memory are those of all simple cycles and of a run of the order", () => {
  let infinite = 0;
  let finite = 0;
  fc.assert(
    fc.property(SMALL, fc.integer(), (placement, seed) => {
      const orders = ordersOf(placement);
      const ratio = new CycleRatio(orders);
      const random = seededRandom(seed >>> 0);
      for (let i = 0; i < 12; i++) {
        const want = largestRatio(orders);
        // No ratio of so few blocks is so near.
        const limit = 1 + random.integer(12) + 0.0617;
        expect(ratio.compute(limit) >= limit).toBe(want >= limit);
        const got = ratio.compute();
        if (want === Number.POSITIVE_INFINITY) {
          infinite++;
          expect(got).toBe(want);
        } else {
          finite++;
          expect(got).toBeCloseTo(want, 3);
        }
        for (const device of placement.devices.keys()) {
          expect(orders.peak(device)).toBe(simulatedPeak(placement, orders, device));
        }
        const entry = random.integer(orders.blockOf.length);
        const follower = orders.next[entry] ?? 0;
        if (!orders.maySwap(entry)) {
          continue;
        }
        const before = orders.save();
        orders.swap(entry);
        orders.swap(follower);
        expect(orders.save()).toEqual(before);
        orders.swap(entry);
        if (want === Number.POSITIVE_INFINITY) {
          orders.restore(before);
        }
      }
    }),
    { numRuns: 150 },
  );
  expect(Math.min(infinite, finite)).toBeGreaterThan(20);
});

test("the critical cycle has the ratio that was computed", () => {
  fc.assert(
    fc.property(SMALL, (placement) => {
      const orders = ordersOf(placement);
      const ratio = new CycleRatio(orders);
      const period = ratio.compute();
      let time = 0;
      let turns = 0;
      for (const arc of ratio.criticalCycle()) {
        if (arc >= 0) {
          const [from, to] = ratio.endsOf(arc);
          const edge = orders.problem.after[from]?.find(({ block }) => block === to);
          time += edge?.gap ?? Number.NaN;
        } else {
          time += orders.problem.duration[orders.blockOf[~arc] ?? 0] ?? 0;
          turns += orders.height[~arc] ?? 0;
        }
      }
      expect(time / turns).toBeCloseTo(period, 3);
    }),
    { numRuns: 100 },
  );
});
