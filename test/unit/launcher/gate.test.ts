import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../src/core/random.js";
import { looksFor, passGate } from "../../../src/launcher/gate.js";

const LOOKS = looksFor(1);

/** Rows of costs that go round, by policy; those that fall behind, by number and from how many samples on. */
function gate(
  costs: readonly (readonly number[])[],
  {
    first = 0,
    behind = {},
  }: { readonly first?: number; readonly behind?: Record<number, number> } = {},
  looks: readonly number[] = LOOKS,
) {
  return passGate(
    {
      count: costs.length,
      first,
      costs: (policy, samples) =>
        Array.from({ length: samples }, (_, at) => costs[policy]![at % costs[policy]!.length]!),
      keepsUp: (policy, samples) => samples < (behind[policy] ?? Number.POSITIVE_INFINITY),
    },
    looks,
  );
}

describe("the gate", () => {
  it("leaves the place to who holds it where costs are equal, or higher", () => {
    expect(
      gate([
        [5, 6, 7],
        [5, 6, 7],
      ]),
    ).toEqual({ best: 0, samples: [3, 3] });
    expect(
      gate([
        [5, 6, 7],
        [90, 90, 90],
      ]),
    ).toEqual({ best: 0, samples: [3, 3] });
    expect(
      gate(
        [
          [90, 90, 90],
          [5, 6, 7],
        ],
        { first: 1 },
      ),
    ).toEqual({ best: 1, samples: [3, 3] });
  });

  it("compares sample by sample, however much samples differ", () => {
    // Less by 1 on each.
    expect(
      gate([
        [5, 100, 7],
        [4, 99, 6],
      ]),
    ).toEqual({ best: 1, samples: [3, 3] });
  });

  it("asks for more samples until the interval decides", () => {
    // Differences of 1, 2, 3: 2 +- 9.925 / sqrt(3) after three, 2 +- 4.032 * sqrt(0.8 / 6) = 1.47 after six.
    expect(
      gate([
        [3, 3, 3],
        [2, 1, 0],
      ]),
    ).toEqual({ best: 1, samples: [6, 6] });
    // And where the first look is the last there is, it stays undecided.
    expect(
      gate(
        [
          [3, 3, 3],
          [2, 1, 0],
        ],
        {},
        [3],
      ),
    ).toEqual({ best: 0, samples: [3, 3] });
    // Differences of 5, -4, 2, of 1 on average, 4.6 apart: too far after 24, too, for 2.807 * 3.82 / sqrt(24) = 2.2.
    expect(
      gate([
        [9, 0, 9],
        [4, 4, 7],
      ]),
    ).toEqual({ best: 0, samples: [24, 24] });
  });

  it("gives up from six samples on who costs no less on average", () => {
    expect(
      gate([
        [3, 3],
        [2, 4],
      ]),
    ).toEqual({ best: 0, samples: [6, 6] });
    expect(
      gate([
        [3, 3, 3],
        [1, 3.2, 5],
      ]),
    ).toEqual({ best: 0, samples: [6, 6] });
  });

  it("lets the next one compete with who took the place", () => {
    expect(gate([[9], [5], [6], [4]])).toEqual({ best: 3, samples: [3, 3, 3, 3] });
    // As good as the one before is not enough, though better than the first.
    expect(gate([[9], [5], [5]]).best).toBe(1);
  });

  it("leaves out those that fall behind as long as another does not", () => {
    expect(gate([[1], [5], [4]], { behind: { 0: 1 } })).toEqual({ best: 2, samples: [3, 3, 3] });
    expect(gate([[5], [1]], { behind: { 0: 1, 1: 1 } })).toEqual({ best: 1, samples: [3, 3] });
    // Six samples show that the second falls behind, which three did not.
    const rows = [
      [3, 3, 3],
      [2, 1, 0],
    ];
    expect(gate(rows, { behind: { 1: 6 } })).toEqual({ best: 0, samples: [6, 6] });
    expect(gate(rows, { behind: { 0: 6, 1: 6 } }).best).toBe(1);
  });

  it("has as many looks as requests allow, at least the first", () => {
    expect(
      [1, 12_500, 12_501, 25_000, 50_000, 50_001, 1e7].map((each) => looksFor(each).at(-1)),
    ).toEqual([24, 24, 12, 12, 6, 3, 3]);
  });

  it("is passed by chance at most once in fifty times, and by who is better by as much as samples differ", () => {
    const random = seededRandom(5);
    // Nearly normal: twelve uniform numbers have a variance of one.
    const normal = () =>
      Array.from({ length: 12 }, () => random.next() - 0.5).reduce((a, b) => a + b, 0);
    const passes = (better: number): number =>
      Array.from({ length: 2000 }, () => {
        const rival = Array.from({ length: 24 }, () => 10 + normal() - better);
        return gate([[10], rival]).best;
      }).reduce((sum, each) => sum + each, 0) / 2000;
    expect(passes(0)).toBeLessThan(0.02);
    expect(passes(1)).toBeGreaterThan(0.95);
  });
});
