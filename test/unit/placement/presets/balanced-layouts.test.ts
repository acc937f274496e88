import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type BalanceProblem,
  balancedLayouts,
} from "../../../../src/placement/presets/balanced-layouts.js";
import { type Layout, layersIn, layoutText } from "../../../../src/placement/presets/layout.js";
import { withEnds } from "../../../../src/placement/presets/stage-layouts.js";

const CASE = fc.record({
  layers: fc.integer({ min: 1, max: 7 }),
  devices: fc.integer({ min: 1, max: 3 }),
  chunks: fc.integer({ min: 1, max: 2 }),
  predictions: fc.nat(2),
  times: fc.record({
    E: fc.nat(5),
    t: fc.integer({ min: 1, max: 5 }),
    m: fc.nat(6),
    L: fc.nat(12),
  }),
});

function problemOf({ times, ...sizes }: typeof CASE extends fc.Arbitrary<infer T> ? T : never) {
  const problem: BalanceProblem = { ...sizes, timeOf: (part) => times[part] };
  return problem;
}

function slowest({ devices, timeOf }: BalanceProblem, layout: Layout): number {
  const loads = Array.from({ length: devices }, () => 0);
  layout.forEach((stage, at) => {
    loads[at % devices]! += stage.reduce((sum, part) => sum + timeOf(part), 0);
  });
  return Math.max(...loads);
}

/** Every way to cut the parts into stages that are not empty. */
function allLayouts({ layers, devices, chunks, predictions }: BalanceProblem): readonly Layout[] {
  const parts = withEnds([layers], [predictions]).flat();
  const cut = (from: number, stages: number): readonly Layout[] =>
    stages === 1
      ? [[parts.slice(from)]]
      : Array.from(
          { length: Math.max(0, parts.length - from - stages + 1) },
          (_, at) => at + 1,
        ).flatMap((length) =>
          cut(from + length, stages - 1).map((rest) => [parts.slice(from, from + length), ...rest]),
        );
  return cut(0, devices * chunks).filter((layout) => layout.every((stage) => stage.length > 0));
}

describe("balanced layouts", () => {
  it("have the least work of the slowest rank of all layouts, and all parts in order", () => {
    let found = 0;
    fc.assert(
      fc.property(CASE, (drawn) => {
        const problem = problemOf(drawn);
        const layouts = balancedLayouts(problem);
        for (const layout of layouts) {
          expect(layout).toHaveLength(problem.devices * problem.chunks);
          expect(layout.every((stage) => stage.length > 0)).toBe(true);
          expect(layout.flat()).toEqual(withEnds([problem.layers], [problem.predictions]).flat());
        }
        const all = allLayouts(problem).filter(
          // Layers of multi-token prediction: one in each of the stages before the last, the rest in it.
          (layout) =>
            layout.slice(0, -1).every((stage) => stage.filter((part) => part === "m").length < 2),
        );
        if (layouts.length > 0) {
          found++;
          const least = Math.min(...all.map((layout) => slowest(problem, layout)));
          expect(layouts.map((layout) => slowest(problem, layout))).toEqual(
            layouts.map(() => least),
          );
        } else {
          expect(all).toEqual([]);
        }
      }),
      { numRuns: 400 },
    );
    expect(found).toBeGreaterThan(100);
  });

  it("are different, and leave room on the last ranks first", () => {
    const problem: BalanceProblem = {
      layers: 11,
      devices: 4,
      chunks: 1,
      predictions: 0,
      timeOf: (part) => ({ E: 0, t: 1, m: 1, L: 2 })[part],
    };
    const texts = balancedLayouts(problem).map(layoutText);
    expect(new Set(texts).size).toBe(texts.length);
    expect(texts[0]).toBe("Et*4|(t*3|)*2tL");
    expect(balancedLayouts(problem).map(layersIn)).toEqual(texts.map(() => 11));
  });
});
