import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adaptivePolicyOf } from "../../src/artifact/adaptive-policy-of.js";
import { seededRandom } from "../../src/core/random.js";
import { roundParameters } from "../../src/learn/fixed-point.js";
import { parameterCount } from "../../src/learn/graph-network.js";
import type {
  AdaptiveLauncher,
  LearnedModel,
} from "../../src/schedule/serving/adaptive-launcher.js";
import { reachBytes, reachOf } from "../../src/schedule/serving/adaptive-memory.js";
import { agentShape } from "../../src/schedule/serving/learned-policy.js";
import type {
  LauncherPolicy,
  ServingProblem,
  ShedRule,
} from "../../src/schedule/serving/serving-model.js";
import { withShedRules } from "../../src/schedule/serving/shed-rules.js";
import { simulateLauncher } from "../../src/schedule/serving/simulate-adaptive.js";
import type { SeenModel } from "../../src/verify/replay-launcher.js";
import { replayedLauncher } from "../../src/verify/replay-launcher.js";
import { replayRequests } from "../../src/verify/replay-requests.js";
import { arbitraryServing, servingOf } from "../support/arbitrary-serving.js";

/** Nothing else happens at multiples of it. */
const TICK_NS = 37.1373;
const HIDDEN = 4;

const rule = fc.constantFrom<ShedRule | undefined>(
  undefined,
  { kind: "newest", queue: 2 },
  { kind: "oldest", queue: 2 },
  { kind: "deadline", objectiveNs: 600 },
);

const objectiveOf = (model: number): number => 300 + 100 * model;

/** Networks of random parameters, over everything that every variant has. */
function networks(
  { models }: ServingProblem,
  { inFlight }: LauncherPolicy,
  seed: number,
): Extract<AdaptiveLauncher, { kind: "learned" }> {
  const random = seededRandom(seed);
  const drawn = (agent: "launcher" | "scheduler") =>
    roundParameters(
      Float64Array.from({ length: parameterCount(agentShape(agent, HIDDEN)) }, () =>
        random.between(-1, 1),
      ),
    );
  const known = models.map(({ variants }): LearnedModel => {
    const counts = variants.map(({ runs }) => runs.length);
    const batches = [1, 2, 4].slice(0, Math.min(...counts));
    return {
      ratePerSecond: random.between(1e6, 2e7),
      objectiveNs: 0,
      aloneNs: random.between(50, 500),
      shareNs: random.between(10, 100),
      levels: {
        periodShares: [0, 0.25, 0.5, 0.75, 0.9],
        batches,
        concurrencies: [1, 2, 3, 4],
        variants: variants.length,
      },
      start: {
        period: random.integer(5),
        batch: random.integer(batches.length),
        concurrency: random.integer(4),
        variant: random.integer(variants.length),
      },
    };
  });
  return {
    kind: "learned",
    tickNs: TICK_NS,
    models: known.map((each, at) => ({ ...each, objectiveNs: objectiveOf(at) })),
    ...(inFlight === undefined ? {} : { inFlight }),
    hidden: HIDDEN,
    launcher: drawn("launcher"),
    scheduler: drawn("scheduler"),
  };
}

/** A table of three rows around a policy. */
function table(policy: LauncherPolicy, seed: number): AdaptiveLauncher {
  const random = seededRandom(seed);
  const regimes = [0, 1, 2].map(() => ({
    rates: policy.models.map(() => random.integer(20_000_000)),
    policy: {
      ...policy,
      models: policy.models.map((each) => ({
        ...each,
        concurrency: 1 + random.integer(4),
        periodNs: random.integer(200),
      })),
    },
  }));
  return { kind: "regimes", tickNs: TICK_NS, regimes };
}

const close = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b));

const adaptiveServing = fc.record({
  serving: arbitraryServing,
  rules: fc.tuple(rule, rule, rule),
  seed: fc.nat(1000),
  isTable: fc.boolean(),
});

describe("launchers that change their policy", () => {
  it("decide in the replay as in the simulator", () => {
    let changed = 0;
    fc.assert(
      fc.property(adaptiveServing, ({ serving, rules, seed, isTable }) => {
        const { problem: named, policy, arrivals } = servingOf(serving);
        const problem = {
          ...named,
          models: named.models.map((model, at) => ({ ...model, name: `m${at}` })),
        };
        const learned = isTable ? table(policy, seed) : networks(problem, policy, seed);
        const run = simulateLauncher(problem, arrivals, { ...learned, shed: rules });
        const known = problem.models.map(({ variants }, at) => {
          return { objectiveNs: objectiveOf(at), variants: variants.map(({ name }) => name) };
        });
        const launcher = replayedLauncher(adaptivePolicyOf(problem, learned), known);
        const treated = withShedRules(policy, rules);
        const replay = replayRequests(problem, arrivals, treated, { launcher })!;
        for (const [model, own] of replay.requests.entries()) {
          for (const [at, request] of own.entries()) {
            expect(request.isRefused).toBe(run.isRefused![model]![at] === 1);
            expect(close(request.launchNs, run.launchNs[model]![at]!)).toBe(true);
            expect(close(request.endNs, run.endNs[model]![at]!)).toBe(true);
          }
        }
        const still = replayRequests(problem, arrivals, treated)!;
        changed += JSON.stringify(still.requests) === JSON.stringify(replay.requests) ? 0 : 1;
      }),
      { numRuns: 400 },
    );
    expect(changed).toBeGreaterThan(100);
  });

  it("decide as the reference in the documents does", async () => {
    const text = readFileSync(new URL("../../docs/launcher.md", import.meta.url), "utf8");
    const [, code = ""] = /```js\n([\s\S]*?)```/.exec(text) ?? [];
    const module = `data:text/javascript,${encodeURIComponent(`${code}\nexport { launcherOf };`)}`;
    const { launcherOf } = (await import(module)) as {
      launcherOf: (...request: unknown[]) => (seen: readonly SeenModel[]) => unknown;
    };
    const state = fc.record({
      arrived: fc.nat(30),
      waiting: fc.nat(30),
      headWaitNs: fc.nat(3000),
      progress: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
    });
    const seen = fc.array(fc.tuple(state, state, state), { minLength: 3, maxLength: 6 });
    const decided = new Set<string>();
    fc.assert(
      fc.property(adaptiveServing, seen, ({ serving, seed, isTable }, looks) => {
        const { problem, policy } = servingOf(serving);
        const learned = isTable ? table(policy, seed) : networks(problem, policy, seed);
        const recorded = adaptivePolicyOf(problem, learned);
        const known = problem.models.map(({ variants }, at) => {
          return { objectiveNs: objectiveOf(at), variants: variants.map(({ name }) => name) };
        });
        const replayed = replayedLauncher(recorded, known);
        const decide = launcherOf(recorded, known);
        for (const each of looks) {
          const states = each.slice(0, problem.models.length);
          replayed.look(states);
          const choice = replayed.choose();
          expect(decide(states)).toEqual(choice);
          decided.add(JSON.stringify(choice));
        }
      }),
      { numRuns: 300 },
    );
    expect(decided.size).toBeGreaterThan(200);
  });

  it("need the memory of the most that they may choose", () => {
    fc.assert(
      fc.property(arbitraryServing, fc.nat(1000), (serving, seed) => {
        const { problem, policy } = servingOf(serving);
        const models = problem.models.map((model) => ({
          ...model,
          residentBytes: 7,
          variants: model.variants.map(({ name, runs }, variant) => ({
            name,
            runs: runs.map((run) => ({ ...run, workspaceBytes: run.batch * (10 + variant) })),
          })),
        }));
        const learned = networks({ ...problem, models }, policy, seed);
        const tasks = models.flatMap(({ variants }, at) => {
          const batch = Math.max(...learned.models[at]!.levels.batches);
          const each = variants.map((_, variant) => batch * (10 + variant));
          const lanes = problem.device.kind === "gpu" ? [Math.max(...each)] : each;
          return lanes.flatMap((bytes) => [bytes, bytes, bytes, bytes]);
        });
        const most = tasks.sort((a, b) => b - a);
        const limit = problem.device.kind === "gpu" ? (policy.inFlight ?? 99) : 99;
        const bytes = most.slice(0, limit).reduce((sum, one) => sum + one, 7 * models.length);
        expect(reachBytes({ ...problem, models }, reachOf(learned), policy.inFlight)).toBe(bytes);
      }),
      { numRuns: 100 },
    );
  });
});
