import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Placement } from "../../../../../src/placement/placement.js";
import { TakenTimes } from "../../../../../src/search/pipeline/cyclic/taken-times.js";
import { moduloProblem } from "../../../../../src/search/pipeline/modulo/modulo-problem.js";

const PERIOD = 40;

/** Blocks by their devices and durations. */
function problemOf(blocks: readonly (readonly [readonly number[], number])[]) {
  const placement: Placement = {
    timeUnit: "step",
    devices: ["d0", "d1", "d2"].map((name) => ({ name, memory: undefined })),
    blocks: blocks.map(([devices, duration], at) => ({
      id: `b${at}`,
      kind: "forward",
      devices,
      duration,
      memory: 0,
      workspace: 0,
      operators: [],
    })),
    dependencies: [],
    memoryRelease: "end",
  };
  return moduloProblem(placement, 1);
}

/** Whether the unit steps of the period that both blocks run in are none, on devices of both. */
function apart(
  [devices, duration]: readonly [readonly number[], number],
  time: number,
  [others, length]: readonly [readonly number[], number],
  start: number,
): boolean {
  const steps = new Set(Array.from({ length: duration }, (_, i) => (time + i) % PERIOD));
  const meets = Array.from({ length }, (_, i) => (start + i) % PERIOD).some((at) => steps.has(at));
  return !meets || !devices.some((device) => others.includes(device));
}

const block = fc.tuple(fc.subarray([0, 1, 2], { minLength: 1 }), fc.integer({ min: 1, max: 9 }));

describe("what is taken of a period", () => {
  it("is free exactly where no step of the period is shared", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(block, fc.nat(200)), { minLength: 2, maxLength: 16 }),
        fc.nat(15),
        (wanted, gone) => {
          const problem = problemOf(wanted.map(([each]) => each));
          const taken = new TakenTimes(problem, PERIOD);
          const placed: number[] = [];
          const clear = (at: number, time: number): boolean =>
            placed.every((other) => {
              const [one, two] = [wanted[at], wanted[other]];
              return one === undefined || two === undefined || apart(one[0], time, two[0], two[1]);
            });
          for (const [at, [, time]] of wanted.entries()) {
            const isFree = taken.isFree(at, time);
            expect(isFree).toBe(clear(at, time));
            if (isFree) {
              taken.take(at, time);
              placed.push(at);
            }
          }
          const [leaves] = placed.splice(gone % placed.length, 1);
          taken.release(leaves ?? 0, wanted[leaves ?? 0]?.[1] ?? 0);
          for (let time = 0; time < PERIOD; time++) {
            expect(taken.isFree(leaves ?? 0, time)).toBe(clear(leaves ?? 0, time));
          }
        },
      ),
    );
  });

  it("has no room for a block that is longer than the period", () => {
    expect(new TakenTimes(problemOf([[[0], PERIOD + 1]]), PERIOD).isFree(0, 0)).toBe(false);
  });
});
