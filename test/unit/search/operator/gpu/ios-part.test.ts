import { describe, expect, it } from "vitest";
import type { UnitGraph } from "../../../../../src/search/operator/gpu/chain-units.js";
import { type StepLatency, solveIosPart } from "../../../../../src/search/operator/gpu/ios-part.js";
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
  return solveIosPart(unitsOf(nodes), part, latency, limits);
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

type Sets = ReadonlySet<number>;

/** Sets of a block that can be what is left to run: those that have all that their members read. */
function setsLeft(nodes: readonly Node[]): Sets[] {
  const sets: Set<number>[] = [new Set()];
  nodes.forEach(({ after = [] }, id) => {
    const grown = sets.filter((set) => after.every((from) => set.has(from)));
    sets.push(...grown.map((set) => new Set([...set, id])));
  });
  return sets.filter(({ size }) => size > 0);
}

/**
 * Last steps that the authors' program looks at once more, as one merged operator: any operator
 * alone, and convolutions of one input. `mergeable`: the largest sets of such convolutions.
 */
function mergedSteps(nodes: readonly Node[], mergeable: readonly (readonly number[])[]): number {
  const subsets = mergeable.flatMap((all) =>
    Array.from({ length: 2 ** all.length }, (_, mask) => all.filter((__, i) => (mask >> i) & 1)),
  );
  const steps = [...nodes.map((_, id) => [id]), ...subsets.filter(({ length }) => length > 1)];
  const isLast = (step: readonly number[], set: Sets): boolean =>
    step.every((id) => set.has(id)) &&
    nodes.every(({ after = [] }, id) => !set.has(id) || !after.some((from) => step.includes(from)));
  return setsLeft(nodes).reduce(
    (sum, set) => sum + steps.filter((step) => isLast(step, set)).length,
    0,
  );
}

/** Branches that are chains of these lengths, and their concatenation. */
function branches(...lengths: readonly number[]): Node[] {
  const nodes: Node[] = [];
  const ends = lengths.map((length) => {
    for (let at = 0; at < length; at++) {
      nodes.push(at === 0 ? {} : { after: [nodes.length - 1] });
    }
    return nodes.length - 1;
  });
  return [...nodes, { after: ends }];
}

interface Block {
  readonly nodes: readonly Node[];
  /** Convolutions of the block's input with one stride. */
  readonly mergeable: readonly (readonly number[])[];
  readonly times: number;
}

/** Inception-v3 in the authors' 13 blocks of 119 operators, as published by Szegedy et al., 2016. */
const INCEPTION_V3: readonly Block[] = [
  { nodes: branches(6), mergeable: [], times: 1 },
  { nodes: branches(1, 2, 3, 2), mergeable: [[0, 1, 3]], times: 3 },
  { nodes: branches(1, 3, 1), mergeable: [], times: 1 },
  { nodes: branches(1, 3, 5, 2), mergeable: [[0, 1, 4]], times: 4 },
  { nodes: branches(2, 4, 1), mergeable: [[0, 2]], times: 1 },
  {
    nodes: INCEPTION_E,
    mergeable: [
      [0, 1, 4],
      [2, 3],
      [6, 7],
    ],
    times: 2,
  },
  { nodes: [{}], mergeable: [], times: 1 },
];

describe("solveIosPart", () => {
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

  it("compares what the authors' program compares, but for merged operators", () => {
    // That program: 5,295 (5,550 without pruning) in the widest block of Inception-v3, 69 (73) in
    // SqueezeNet's largest.
    const merged = mergedSteps(INCEPTION_E, INCEPTION_V3[5]?.mergeable ?? []);
    expect(solve(INCEPTION_E, PUBLISHED).transitions + merged).toBe(5295);
    expect(solve(INCEPTION_E, NO_LIMIT).transitions + merged).toBe(5550);
    const fire = mergedSteps(FIRE, [
      [1, 2],
      [0, 4],
    ]);
    expect(solve(FIRE, PUBLISHED).transitions + fire).toBe(69);
    expect(solve(FIRE, NO_LIMIT).transitions + fire).toBe(73);
  });

  it("compares what the authors' program compares in all of Inception-v3", () => {
    const count = { operators: 0, states: 0, transitions: 0 };
    for (const { nodes, mergeable, times } of INCEPTION_V3) {
      const { states, transitions } = solve(nodes, PUBLISHED);
      count.operators += times * nodes.length;
      count.states += times * states;
      count.transitions += times * (transitions + mergedSteps(nodes, mergeable));
    }
    // That program: 119 operators, 28,874 transitions, 1,206 states.
    expect(count).toEqual({ operators: 119, states: 1206, transitions: 28_874 });
  });

  it("gives up when the transitions run out, and says so", () => {
    const spent = solve(INCEPTION_E, { ...PUBLISHED, maxTransitions: 100 });
    expect(spent.steps).toBeUndefined();
    expect(spent.transitions).toBeLessThan(180 * 8);
  });
});
