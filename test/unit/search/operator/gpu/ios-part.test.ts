import { describe, expect, it } from "vitest";
import type { UnitGraph } from "../../../../../src/search/operator/gpu/chain-units.js";
import { type StepLatency, solvePart } from "../../../../../src/search/operator/gpu/ios-part.js";
import { graphOf, type Node } from "../../../../support/graphs.js";

const latency: StepLatency = (groups) =>
  Math.max(...groups.map((group) => group.length)) * 10 + groups.length;

const NO_LIMIT = { groupOperators: 99, groups: 99, maxTransitions: 1e6 };
const PUBLISHED = { ...NO_LIMIT, groupOperators: 3, groups: 8 };

function unitsOf(nodes: readonly Node[]): UnitGraph {
  const { operators } = graphOf(nodes);
  return {
    predecessors: operators.map(({ predecessors }) => predecessors),
    successors: operators.map(({ successors }) => successors),
  };
}

function solve(nodes: readonly Node[], limits: typeof NO_LIMIT) {
  const part = nodes.map((_, id) => id);
  return solvePart(unitsOf(nodes), part, latency, limits);
}

/** Convolutions of the last, widest block of Inception-v3, and its concatenation. */
const INCEPTION_E: readonly Node[] = [
  {}, // 0: 1x1
  {}, // 1: 1x1, then both
  { after: [1] }, // 2: 1x3
  { after: [1] }, // 3: 3x1
  {}, // 4: 1x1
  { after: [4] }, // 5: 3x3, then both
  { after: [5] }, // 6: 1x3
  { after: [5] }, // 7: 3x1
  {}, // 8: pool
  { after: [8] }, // 9: 1x1
  { after: [0, 2, 3, 6, 7, 9] }, // 10: concatenation
];

/** SqueezeNet's fire module with a convolution beside it: squeeze, two expands, concat, bypass, add. */
const FIRE: readonly Node[] = [
  {},
  { after: [0] },
  { after: [0] },
  { after: [1, 2] },
  {},
  { after: [3, 4] },
];

describe("solvePart", () => {
  it("visits the states that the authors' program visits", () => {
    // Measured with that program: 180 states in this block, 12 in SqueezeNet's largest.
    expect(solve(INCEPTION_E, PUBLISHED).states).toBe(180);
    expect(solve(INCEPTION_E, NO_LIMIT).states).toBe(180);
    expect(solve(FIRE, PUBLISHED).states).toBe(12);
  });

  it("compares every last step once", () => {
    // Sets of what is left times last steps, branch by branch: 3 x 14 x 20 x 6 pairs of which 180
    // are equal, and 11 last steps with the concatenation.
    expect(solve(INCEPTION_E, NO_LIMIT).transitions).toBe(3 * 14 * 20 * 6 - 180 + 11);
    // Groups of four are pruned: a whole third branch (in 3 x 14 x 6 sets), and three last steps.
    expect(solve(INCEPTION_E, PUBLISHED).transitions).toBe(3 * 14 * 20 * 6 - 180 - 3 * 14 * 6 + 8);
    expect(solve(FIRE, NO_LIMIT).transitions).toBe(19 * 3 - 12 + 6);
  });

  it("gives up when the transitions run out, and says so", () => {
    const spent = solve(INCEPTION_E, { ...PUBLISHED, maxTransitions: 100 });
    expect(spent.steps).toBeUndefined();
    expect(spent.transitions).toBeLessThan(180 * 8);
  });
});
