/** Bounds of capacity against all vertices of small programs, and against what the simulator does. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { capacityOf } from "../../src/launcher/capacity.js";
import {
  type CapacityProblem,
  capacityProblemOf,
} from "../../src/schedule/serving/capacity-problem.js";
import { capacityBound } from "../../src/schedule/serving/check-capacity.js";
import { simulateServing } from "../../src/schedule/serving/simulate-serving.js";
import { arbitraryServing, servingOf } from "../support/arbitrary-serving.js";

/** A fraction of whole numbers; the denominator is above 0. */
interface Fraction {
  readonly n: bigint;
  readonly d: bigint;
}

const isBelow = (a: Fraction, b: Fraction): boolean => a.n * b.d < b.n * a.d;

/**
 * The optimum of a program with two resources and whole numbers, exactly: the least bound that prices prove.
 * Prices are p and q - p. The bound is a quotient of functions that are linear but where two states are
 * worth the same or two runs cost the same, so the least is at one of these places, or at an end.
 */
function exactOptimum({ runs, states, rates }: CapacityProblem): Fraction | undefined {
  const lines = [
    ...states.map(([a = 0, b = 0]) => [a, b, 1] as const),
    ...runs.map(({ uses: [a = 0, b = 0], batch }) => [a, b, batch] as const),
  ];
  const places: (readonly [bigint, bigint])[] = [
    [1n, 0n],
    [0n, 1n],
  ];
  for (const [a, b, c] of lines) {
    for (const [d, e, f] of lines) {
      // p a + r b over c = p d + r e over f.
      const [p, r] = [BigInt(e * c - b * f), BigInt(a * f - d * c)];
      if ((p > 0n && r > 0n) || (p < 0n && r < 0n)) {
        places.push([p < 0n ? -p : p, r < 0n ? -r : r]);
      }
    }
  }
  let least: Fraction | undefined;
  const batches = BigInt(runs.reduce((all, { batch }) => all * batch, 1));
  for (const [p, r] of places) {
    const price = ([a = 0, b = 0]: readonly number[]) => p * BigInt(a) + r * BigInt(b);
    const worth = states.map(price).reduce((most, each) => (each > most ? each : most), 0n);
    let cost = 0n;
    for (const [model, rate] of rates.entries()) {
      const each = runs
        .filter((run) => run.model === model)
        .map((run) => (price(run.uses) * batches) / BigInt(run.batch));
      cost += BigInt(rate) * each.reduce((one, other) => (other < one ? other : one));
    }
    if (cost > 0n) {
      const bound = { n: worth * batches, d: cost };
      least = least === undefined || isBelow(bound, least) ? bound : least;
    }
  }
  return least;
}

const two = (min: number, max: number) =>
  fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

const run = fc.record({ uses: two(0, 9), batch: fc.constantFrom(1, 2, 4, 8) });

const program = fc
  .record({
    models: fc.array(fc.array(run, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
    states: fc.array(two(1, 9), { minLength: 1, maxLength: 3 }),
    rates: fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 3, maxLength: 3 }),
  })
  .map(
    ({ models, states, rates }): CapacityProblem => ({
      resources: ["a", "b"],
      states,
      rates: models.map((_, at) => rates[at]!),
      runs: models.flatMap((runs, model) =>
        runs.map(({ uses, batch }) => ({ model, variant: 0, batch, uses })),
      ),
    }),
  );

/** Whether a number is at least a fraction, exactly. */
function isAtLeast(value: number, { n, d }: Fraction): boolean {
  if (value === Number.POSITIVE_INFINITY) {
    return true;
  }
  const scaled = BigInt(Math.floor(value * 2 ** 40));
  return scaled * d >= (n << 40n) - d * 2n;
}

describe("the capacity", () => {
  it("is that of all vertices of the program", () => {
    let bounded = 0;
    fc.assert(
      fc.property(program, (problem) => {
        const exact = exactOptimum(problem);
        const { atMost, attained } = capacityOf(problem);
        if (exact === undefined) {
          expect(atMost).toBe(Number.POSITIVE_INFINITY);
          return;
        }
        bounded++;
        const near = Number(exact.n) / Number(exact.d);
        expect(isAtLeast(atMost, exact)).toBe(true);
        expect(Math.abs(atMost / near - 1)).toBeLessThan(1e-6);
        expect(attained).toBeLessThanOrEqual(atMost);
        expect(Math.abs(attained / near - 1)).toBeLessThan(1e-6);
      }),
      { numRuns: 500 },
    );
    expect(bounded).toBeGreaterThan(300);
  });

  it("is that of the one model that uses anything, where runs of the others are alike and free", () => {
    const of = (model: number, ...uses: number[]) => ({ model, variant: 0, batch: 1, uses });
    const free = [of(0, 0, 0), of(1, 1, 3), of(1, 0, 0), of(1, 0, 0)];
    const { atMost } = capacityOf({
      resources: ["a", "b"],
      states: [
        [3, 1],
        [2, 4],
        [7, 9],
      ],
      rates: [1, 44, 37],
      runs: [...free, of(2, 1, 0), of(2, 0, 1), of(2, 1, 0)],
    });
    // A request of the last model uses 1 of a or of b; a second supplies 7 and 9 at most.
    expect(atMost).toBeCloseTo(16 / 37, 12);
  });

  it("is not below it for any prices", () => {
    fc.assert(
      fc.property(program, two(0, 1000), (problem, prices) => {
        const exact = exactOptimum(problem);
        if (exact !== undefined) {
          expect(isAtLeast(capacityBound(problem, prices), exact)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("is never exceeded by a policy in the simulator", () => {
    const loads: number[] = [];
    fc.assert(
      fc.property(arbitraryServing, (each) => {
        const { problem, policy, arrivals } = servingOf(each);
        const { endNs } = simulateServing(problem, arrivals, policy);
        const last = Math.max(...endNs.map((ends) => Math.max(...ends)));
        const rates = arrivals.map(({ length }) => (length * 1e9) / last);
        const limits = policy.models.map(({ concurrency }) => concurrency);
        const { atMost } = capacityOf(capacityProblemOf(problem, rates, limits));
        expect(atMost).toBeGreaterThanOrEqual(1);
        loads.push(1 / atMost);
      }),
      { numRuns: 300 },
    );
    // The bound means something: some runs come near it.
    expect(Math.max(...loads)).toBeGreaterThan(0.8);
  });
});
