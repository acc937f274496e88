/** The gate as `launch` passes policies and as `verify` does, over random costs. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { figuresOver } from "../../src/artifact/figures-over-samples.js";
import type { RegimePolicy, SampleFigures } from "../../src/artifact/launcher-policies.js";
import { sixDigits } from "../../src/core/six-digits.js";
import { intervalOf } from "../../src/core/statistics.js";
import { looksFor, passGate } from "../../src/launcher/gate.js";
import { fallsBehind } from "../../src/launcher/shedding.js";
import { gateProblems } from "../../src/verify/gate-problems.js";
import { servedSection } from "../support/served-policies.js";

const ZERO = {
  throughput: 100,
  goodput: 0,
  late: 0,
  shed: 0,
  p50Ns: 0,
  p99Ns: 0,
  batch: 1,
  backlog: 0,
};

/** Costs near each other or not, and slopes that fall behind or not, on 24 samples. */
const POLICY = fc
  .record({
    level: fc.constantFrom(1, 1.01, 1.1, 3),
    noise: fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 24, maxLength: 24 }),
    size: fc.constantFrom(0, 1e-5, 1e-3),
    slope: fc.constantFrom(0, 0, 0, 0.9, 1.1, 5),
  })
  .map(({ level, noise, size, slope }) =>
    noise.map(
      (each, at): SampleFigures => ({
        cost: sixDigits(level + size * each),
        models: [{ ...ZERO, slope: sixDigits(slope + ((at % 3) - 1) / 100) }],
      }),
    ),
  );

/** What `launch` finds, and the section with as many samples of each policy as it took. */
function launched(all: readonly (readonly SampleFigures[])[], fixed: number, rate: number) {
  const names = all.map((_, at) => (at === fixed ? "static" : `p${at}`));
  const { best, samples } = passGate(
    {
      count: all.length,
      first: fixed,
      costs: (at, count) => all[at]!.slice(0, count).map(({ cost }) => cost),
      keepsUp: (at, count) => {
        const models = all[at]!.slice(0, count).flatMap((sample) => sample.models);
        const slope = intervalOf(models.map((model) => model.slope));
        return !fallsBehind({ slope, throughput: { mean: 100, half: 0 } });
      },
    },
    looksFor(rate),
  );
  const section = servedSection(
    names.map((name) => ({ name })),
    { best: names[best]! },
  );
  const policies = section.regimes[0]!.policies.map((policy, at) =>
    withSamples(policy, all[at]!.slice(0, samples[at])),
  );
  return {
    section,
    names,
    samples,
    regime: { ...section.regimes[0]!, ratesPerSecond: [rate], policies },
  };
}

function withSamples(policy: RegimePolicy, samples: readonly SampleFigures[]): RegimePolicy {
  return { ...policy, validation: { ...figuresOver(samples), samples } };
}

describe("the gate", () => {
  it("is the same in `verify`, which refuses any other best policy and number of samples", () => {
    const lengths = new Set<number>();
    fc.assert(
      fc.property(
        fc.array(POLICY, { minLength: 1, maxLength: 6 }),
        fc.nat(),
        fc.constantFrom(1000, 20_000, 200_000),
        (all, place, rate) => {
          const { section, names, samples, regime } = launched(all, place % all.length, rate);
          const problemsOf = (changed: typeof regime) => gateProblems(changed, section, "/r");
          expect(problemsOf(regime)).toEqual([]);
          for (const count of samples) {
            lengths.add(count);
          }
          for (const name of names.filter((each) => each !== regime.best)) {
            expect(problemsOf({ ...regime, best: name })).toHaveLength(1);
          }
          for (const [at, own] of all.entries()) {
            for (const count of [samples[at]! - 1, samples[at]! + 1].filter((each) => each <= 24)) {
              const policies = regime.policies.map((policy, i) =>
                i === at ? withSamples(policy, own.slice(0, count)) : policy,
              );
              expect(problemsOf({ ...regime, policies }).length).toBeGreaterThan(0);
            }
          }
        },
      ),
      { numRuns: 300 },
    );
    expect([...lengths].sort((a, b) => a - b)).toEqual([3, 6, 12, 24]);
  });
});
