import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type LinearProgram, solveLinearProgram } from "../../src/launcher/linear-program.js";

const term = (variable: number, factor: number) => ({ variable, factor });

describe("solveLinearProgram", () => {
  it("minimises", () => {
    const program: LinearProgram = {
      variables: [{ cost: 2 }, { cost: 3 }],
      constraints: [
        { terms: [term(0, 1), term(1, 1)], least: 4 },
        { terms: [term(0, 1)], most: 3 },
      ],
    };
    expect(solveLinearProgram(program)).toEqual({ kind: "optimal", cost: 9, values: [3, 1] });
  });

  it("keeps integers whole, where halves would be better", () => {
    const constraints = [{ terms: [term(0, 2)], least: 3 }];
    const cost = (isInteger: boolean) =>
      solveLinearProgram({ variables: [{ cost: 1, isInteger }], constraints });
    expect(cost(false)).toEqual({ kind: "optimal", cost: 1.5, values: [1.5] });
    expect(cost(true)).toEqual({ kind: "optimal", cost: 2, values: [2] });
  });

  it("lets free variables be negative, and no others", () => {
    const constraints = [{ terms: [term(0, 1)], least: -5, most: 7 }];
    const least = (isFree: boolean) =>
      solveLinearProgram({ variables: [{ cost: 1, isFree }], constraints });
    expect(least(true)).toMatchObject({ cost: -5 });
    expect(least(false)).toMatchObject({ cost: 0 });
  });

  it("keeps equations", () => {
    const constraints = [{ terms: [term(0, 1), term(1, -1)], least: 2, most: 2 }];
    const variables = [{ cost: 1 }, { cost: 1 }];
    expect(solveLinearProgram({ variables, constraints })).toMatchObject({ values: [2, 0] });
  });

  it("says what cannot be and what has no end", () => {
    const none = [{ terms: [term(0, 1)], least: 2, most: 1 }];
    expect(solveLinearProgram({ variables: [{ cost: 1 }], constraints: none })).toEqual({
      kind: "infeasible",
    });
    expect(solveLinearProgram({ variables: [{ cost: -1 }], constraints: [] })).toEqual({
      kind: "unbounded",
    });
  });

  it("agrees with trying all whole numbers", () => {
    const small = fc.integer({ min: -3, max: 3 });
    const row = fc.record({ factors: fc.tuple(small, small, small), most: fc.nat(9) });
    const seen = { optimal: 0, infeasible: 0, unbounded: 0, unsolved: 0 };
    fc.assert(
      fc.property(
        fc.array(row, { maxLength: 4 }),
        fc.tuple(small, small, small),
        fc.integer({ min: 0, max: 4 }),
        (rows, costs, least) => {
          const box = [0, 1, 2].map((v) => ({ terms: [term(v, 1)], most: 4 }));
          const cover = { terms: [term(0, 1), term(1, 2), term(2, 1)], least };
          const constraints = [
            ...rows.map(({ factors, most }) => ({
              terms: factors.map((factor, v) => term(v, factor)),
              most,
            })),
            ...box,
            cover,
          ];
          const variables = costs.map((cost) => ({ cost, isInteger: true }));
          let best = Number.POSITIVE_INFINITY;
          for (let code = 0; code < 125; code++) {
            const x = [code % 5, Math.floor(code / 5) % 5, Math.floor(code / 25)];
            const kept =
              x[0]! + 2 * x[1]! + x[2]! >= least &&
              rows.every(
                ({ factors, most }) => factors.reduce((sum, f, v) => sum + f * x[v]!, 0) <= most,
              );
            best = kept
              ? Math.min(
                  best,
                  costs.reduce((sum, c, v) => sum + c * x[v]!, 0),
                )
              : best;
          }
          const outcome = solveLinearProgram({ variables, constraints });
          seen[outcome.kind]++;
          expect(outcome.kind === "optimal" ? outcome.cost : Number.POSITIVE_INFINITY).toBe(best);
        },
      ),
      { numRuns: 300 },
    );
    expect(seen.optimal).toBeGreaterThan(100);
  });
});
