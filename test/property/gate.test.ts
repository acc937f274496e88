/** The gate as `launch` passes policies and as `verify` does, over random costs. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { figuresOver } from "../../src/artifact/figures-over-samples.js";
import type { RegimePolicy, SampleFigures } from "../../src/artifact/launcher-policies.js";
import type { LauncherSection } from "../../src/artifact/launcher-section.js";
import { sixDigits } from "../../src/core/six-digits.js";
import { intervalOf } from "../../src/core/statistics.js";
import { cpuProblemOf } from "../../src/launcher/cpu-problem.js";
import { looksFor, passGate } from "../../src/launcher/gate.js";
import { STILL } from "../../src/launcher/marl/reaction-moves.js";
import { fallsBehind } from "../../src/launcher/shedding.js";
import { simplestOf, threadsOfLauncher } from "../../src/launcher/simpler-policy.js";
import type { Launcher } from "../../src/schedule/serving/adaptive-launcher.js";
import { gateProblems } from "../../src/verify/gate-problems.js";
import { servedSection } from "../support/served-policies.js";
import { policyOf } from "../support/serving.js";
import { servingProfile } from "../support/serving-profiles.js";

/** On a CPU with variants of one and of two threads. */
const PROBLEM = cpuProblemOf([{ name: "m", profile: servingProfile(), batches: [1] }]);

/** What a section of such a CPU has. */
const CPU: Pick<LauncherSection, "device" | "models"> = {
  device: { kind: "cpu", workers: 2, slowdown: [1, 1] },
  models: servedSection([], { device: "cpu" }).models.map((model) => {
    const [run] = model.variants;
    return { ...model, variants: ["1 thread", "2 threads"].map((name) => ({ ...run!, name })) };
  }),
};

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
  const keepsUp = (at: number, count: number): boolean => {
    const models = all[at]!.slice(0, count).flatMap((sample) => sample.models);
    const slope = intervalOf(models.map((model) => model.slope));
    return !fallsBehind({ slope, throughput: { mean: 100, half: 0 } });
  };
  const { best, samples } = passGate(
    {
      count: all.length,
      first: fixed,
      costs: (at, count) => all[at]!.slice(0, count).map(({ cost }) => cost),
      keepsUp,
    },
    looksFor(rate),
  );
  const areUp = samples.map((count, at) => keepsUp(at, count));
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
    best,
    areAble: areUp.map((isUp) => isUp || !areUp.includes(true)),
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

  it("is followed on a CPU by the policy with the fewest threads, which `verify` finds too", () => {
    let replaced = 0;
    const contender = fc.record({ samples: POLICY, ways: WAYS });
    fc.assert(
      fc.property(fc.array(contender, { minLength: 1, maxLength: 6 }), fc.nat(), (all, place) => {
        const found = launched(
          all.map(({ samples }) => samples),
          place % all.length,
          1000,
        );
        const used = simplestOf(
          all.map(({ samples, ways }, at) => ({
            threads: threadsOfLauncher(PROBLEM, launcherOf(ways)),
            cost: figuresOver(samples.slice(0, 3)).cost.mean,
            isAble: found.areAble[at]!,
          })),
          found.best,
        );
        replaced += used === found.best ? 0 : 1;
        const section = { ...found.section, ...CPU };
        const policies = found.regime.policies.map((policy, at) => ({
          ...policy,
          ...artifactOf(all[at]!.ways),
        }));
        for (const [at, best] of found.names.entries()) {
          const problems = gateProblems({ ...found.regime, policies, best }, section, "/r");
          expect(problems).toHaveLength(at === used ? 0 : 1);
        }
      }),
      { numRuns: 300 },
    );
    expect(replaced).toBeGreaterThan(30);
  });
});

/** What a policy may do: one way to launch tasks, or several, by rates or by what waits. */
type Ways = {
  readonly kind: "regimes" | "reactive";
  readonly own: readonly { readonly variant: number; readonly concurrency: number }[];
};

const WAYS: fc.Arbitrary<Ways> = fc.record({
  kind: fc.constantFrom("regimes", "reactive"),
  own: fc.array(fc.record({ variant: fc.nat(1), concurrency: fc.integer({ min: 1, max: 3 }) }), {
    minLength: 1,
    maxLength: 3,
  }),
});

function launcherOf({ kind, own }: Ways): Launcher {
  const [first, ...rest] = own.map((each) => policyOf([each]));
  if (rest.length === 0) {
    return first!;
  }
  if (kind === "regimes") {
    const regimes = [first!, ...rest].map((policy) => ({ rates: [1], policy }));
    return { kind, tickNs: 1, regimes };
  }
  const steps = rest.map(({ models: [knobs] }, at) => ({ ...knobs!, waiting: at + 1 }));
  const reaction = { ...STILL, steps };
  return { kind, policy: { models: [{ ...first!.models[0]!, reaction }] } };
}

function artifactOf({ kind, own }: Ways): Pick<RegimePolicy, "models" | "adaptive"> {
  const [first, ...rest] = own.map(({ variant, concurrency }) => {
    return { variant: ["1 thread", "2 threads"][variant]!, batch: 1, concurrency, periodNs: 0 };
  });
  const models = [{ model: "m", ...first! }];
  if (rest.length === 0) {
    return { models };
  }
  const rows = [first!, ...rest].map((each) => ({ ratesPerSecond: [1], models: [each] }));
  const steps = rest.map((each, at) => ({ ...each, waiting: at + 1 }));
  return kind === "regimes"
    ? { models, adaptive: { kind, tickNs: 1, rows } }
    : { models, adaptive: { kind, models: [{ ...STILL, steps }] } };
}
