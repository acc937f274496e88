import fc from "fast-check";
import { expect, test } from "vitest";
import type { Placement } from "../../../../../src/placement/placement.js";
import { DeviceRings } from "../../../../../src/search/pipeline/modulo/device-rings.js";
import {
  type ModuloProblem,
  moduloProblem,
} from "../../../../../src/search/pipeline/modulo/modulo-problem.js";
import {
  type Places,
  TimeWindows,
} from "../../../../../src/search/pipeline/modulo/time-windows.js";
import { randomPlacement } from "../../../../support/placements.js";

const SMALL = randomPlacement({ maxDevices: 3, maxBlocks: 6, maxDuration: 3 });
const MOVES = fc.array(fc.record({ block: fc.nat(1000), time: fc.nat(40) }), { maxLength: 8 });

function limitsOf({ devices }: Placement): Float64Array {
  return Float64Array.from(devices, ({ memory }) => memory ?? Number.POSITIVE_INFINITY);
}

/** All that rings tell about every block and position. */
function viewOf(problem: ModuloProblem, rings: DeviceRings, period: number): unknown {
  return problem.topological.map((block) => [
    rings.leavesRoom(block),
    Array.from({ length: period }, (_, slot) => [
      rings.isFree(block, slot),
      rings.nextFree(block, slot),
      rings.previousFree(block, slot),
    ]),
  ]);
}

test("rings give back what they took, and say what a list of steps says", () => {
  fc.assert(
    fc.property(SMALL, MOVES, fc.integer({ min: 1, max: 12 }), (placement, moves, period) => {
      const problem = moduloProblem(placement, 1);
      const rings = new DeviceRings(problem, period);
      const views: unknown[] = [];
      const placed: { readonly block: number; readonly slot: number }[] = [];
      const taken = new Set<string>();
      const stepsOf = (block: number, slot: number): readonly string[] =>
        (problem.devicesOf[block] ?? []).flatMap((device) =>
          Array.from(
            { length: problem.duration[block] ?? 0 },
            (_, i) => `${device} ${(slot + i) % period}`,
          ),
        );
      for (const { block: any, time } of moves) {
        const block = any % problem.count;
        const slot = time % period;
        const steps = stepsOf(block, slot);
        const isFree = new Set(steps).size === steps.length && !steps.some((s) => taken.has(s));
        expect(rings.isFree(block, slot)).toBe(isFree);
        if (isFree && !placed.some((one) => one.block === block)) {
          views.push(viewOf(problem, rings, period));
          rings.mark(block, slot, true);
          placed.push({ block, slot });
          for (const step of steps) {
            taken.add(step);
          }
        }
      }
      for (const { block, slot } of placed.toReversed()) {
        rings.mark(block, slot, false);
        expect(viewOf(problem, rings, period)).toEqual(views.pop());
      }
    }),
    { numRuns: 150 },
  );
});

test("windows that were undone are as new, and answer like new ones", () => {
  let refused = 0;
  fc.assert(
    fc.property(
      SMALL,
      fc.integer({ min: 1, max: 2 }),
      fc.integer({ min: 6, max: 30 }),
      fc.array(MOVES, { minLength: 2, maxLength: 4 }),
      (placement, copies, period, rounds) => {
        const problem = moduloProblem(placement, copies);
        const anywhere: Places = { firstFrom: (_, time) => time, lastUpTo: (_, time) => time };
        const fresh = (): TimeWindows =>
          new TimeWindows(problem, period, limitsOf(placement), anywhere);
        const run = (windows: TimeWindows, moves: (typeof rounds)[number]): unknown =>
          moves.map(({ block, time }) => {
            const mark = windows.mark;
            const fits = windows.place(block % problem.count, time);
            const seen = [fits, windows.earliest.slice(), windows.latest.slice()];
            if (!fits) {
              refused++;
              windows.undo(mark);
            }
            return seen;
          });
        const used = fresh();
        for (const moves of rounds) {
          const before = used.mark;
          expect(run(used, moves)).toEqual(run(fresh(), moves));
          used.undo(before);
          expect([used.mark, used.earliest, used.latest]).toEqual([
            before,
            fresh().earliest,
            fresh().latest,
          ]);
        }
      },
    ),
    { numRuns: 150 },
  );
  expect(refused).toBeGreaterThan(20);
});
