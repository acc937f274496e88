import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ArtifactAdaptive } from "../../src/artifact/adaptive-policy.js";
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
import type { ReactionStep } from "../../src/schedule/serving/reaction.js";
import type {
  LauncherPolicy,
  ModelPolicy,
  ServingProblem,
  ShedRule,
} from "../../src/schedule/serving/serving-model.js";
import { withShedRules } from "../../src/schedule/serving/shed-rules.js";
import { simulateLauncher } from "../../src/schedule/serving/simulate-adaptive.js";
import type { ArtifactTicked, KnownModel, SeenModel } from "../../src/verify/replay-launcher.js";
import { replayedLauncher } from "../../src/verify/replay-launcher.js";
import { heldUntilNs, knobsNow, nextTask } from "../../src/verify/replay-reaction.js";
import { type ReplayOptions, replayRequests } from "../../src/verify/replay-requests.js";
import { serversOf } from "../../src/verify/replay-server.js";
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

/** Random reactions around a policy, with every variant and batch. */
function reactions(
  { models }: ServingProblem,
  policy: LauncherPolicy,
  seed: number,
): Extract<AdaptiveLauncher, { kind: "reactive" }> {
  const random = seededRandom(seed);
  const reacting = policy.models.map((own, at): ModelPolicy => {
    const { variants } = models[at]!;
    const steps = [2, 3, 5].slice(random.integer(3)).map((waiting): ReactionStep => {
      const variant = random.integer(variants.length);
      const { runs } = variants[variant]!;
      return {
        waiting,
        variant,
        batch: runs[random.integer(runs.length)]!.batch,
        concurrency: 1 + random.integer(4),
        periodNs: random.integer(3) * 100,
      };
    });
    const reaction = {
      steps,
      fill: random.integer(5) / 4,
      dueNs: random.integer(4) * 111,
      atLeast: 1 + random.integer(4),
      busy: random.integer(3),
      holdNs: random.integer(400),
    };
    return { ...own, reaction };
  });
  return { kind: "reactive", policy: { ...policy, models: reacting } };
}

type Kind = AdaptiveLauncher["kind"];

function launcherOfKind<Wanted extends Kind>(
  kind: Wanted,
  problem: ServingProblem,
  policy: LauncherPolicy,
  seed: number,
): Extract<AdaptiveLauncher, { kind: Wanted }>;
function launcherOfKind(
  kind: Kind,
  problem: ServingProblem,
  policy: LauncherPolicy,
  seed: number,
): AdaptiveLauncher {
  switch (kind) {
    case "regimes":
      return table(policy, seed);
    case "learned":
      return networks(problem, policy, seed);
    default:
      return reactions(problem, policy, seed);
  }
}

function knownOf({ models }: ServingProblem): readonly KnownModel[] {
  return models.map(({ variants }, at) => {
    return { objectiveNs: objectiveOf(at), variants: variants.map(({ name }) => name) };
  });
}

function replayedAs(problem: ServingProblem, recorded: ArtifactAdaptive): ReplayOptions {
  return recorded.kind === "reactive"
    ? { reactions: recorded.models }
    : { launcher: replayedLauncher(recorded, knownOf(problem)) };
}

const close = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b));

/** The references in docs/launcher.md. */
async function documented() {
  const text = readFileSync(new URL("../../docs/launcher.md", import.meta.url), "utf8");
  const code = [...text.matchAll(/```js\n([\s\S]*?)```/g)].map(([, block]) => block).join("\n");
  const exported = `${code}\nexport { launcherOf, launchOf };`;
  const module = `data:text/javascript,${encodeURIComponent(exported)}`;
  return (await import(module)) as {
    launcherOf: (...request: unknown[]) => (seen: readonly SeenModel[]) => unknown;
    launchOf: (...request: unknown[]) => unknown;
  };
}

const adaptiveServing = fc.record({
  serving: arbitraryServing,
  rules: fc.tuple(rule, rule, rule),
  seed: fc.nat(1000),
  kind: fc.constantFrom<Kind>("regimes", "learned", "reactive", "reactive"),
});

describe("launchers that change their policy", () => {
  it("decide in the replay as in the simulator", () => {
    let changed = 0;
    fc.assert(
      fc.property(adaptiveServing, ({ serving, rules, seed, kind }) => {
        const { problem: named, policy, arrivals } = servingOf(serving);
        const problem = {
          ...named,
          models: named.models.map((model, at) => ({ ...model, name: `m${at}` })),
        };
        const learned = launcherOfKind(kind, problem, policy, seed);
        const run = simulateLauncher(problem, arrivals, { ...learned, shed: rules });
        const options = replayedAs(problem, adaptivePolicyOf(problem, learned));
        const treated = withShedRules(policy, rules);
        const replay = replayRequests(problem, arrivals, treated, options)!;
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
    const { launcherOf } = await documented();
    const state = fc.record({
      arrived: fc.nat(30),
      waiting: fc.nat(30),
      headWaitNs: fc.nat(3000),
      progress: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
    });
    const seen = fc.array(fc.tuple(state, state, state), { minLength: 3, maxLength: 6 });
    const decided = new Set<string>();
    fc.assert(
      fc.property(adaptiveServing, seen, ({ serving, seed, kind }, looks) => {
        const { problem, policy } = servingOf(serving);
        const ticked = kind === "reactive" ? "learned" : kind;
        const learned = launcherOfKind(ticked, problem, policy, seed);
        const recorded = adaptivePolicyOf(problem, learned) as ArtifactTicked;
        const known = knownOf(problem);
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

  it("react as the reference in the documents does", async () => {
    const { launchOf } = await documented();
    const found = new Set<string>();
    const state = fc.record({
      waiting: fc.integer({ min: 1, max: 8 }),
      inFlight: fc.nat(3),
      others: fc.nat(3),
      sinceNs: fc.nat(400),
      nowNs: fc.nat(600),
    });
    fc.assert(
      fc.property(arbitraryServing, fc.nat(1000), state, (serving, seed, now) => {
        const { problem, policy } = servingOf(serving);
        const learned = reactions(problem, policy, seed);
        const recorded = adaptivePolicyOf(problem, learned);
        if (recorded.kind !== "reactive") {
          throw new Error("a reaction is recorded as one");
        }
        const [reaction] = recorded.models;
        const server = serversOf(problem, policy, recorded.models)[0]!;
        const { variants } = problem.models[0]!;
        const { variant, ...knobs } = policy.models[0]!;
        const sizes = new Map(
          variants.map(({ name, runs }) => [name, runs.map(({ batch }) => batch)]),
        );
        const own = { ...knobs, variant: variants[variant]!.name };
        const lastNs = now.nowNs - now.sinceNs;
        const queue = { ...now, firstNs: 100, lastNs, all: now.inFlight + now.others };
        const launch = launchOf(reaction, own, sizes, queue, now.nowNs);
        const waiting = Array.from({ length: now.waiting }, () => ({ arrivalNs: 100 }));
        const replayed = { ...server, waiting };
        const held = knobsNow(replayed);
        const dueNs = Math.max(lastNs + held.periodNs, heldUntilNs(replayed, queue.all));
        const mayLaunch = now.inFlight < held.concurrency && dueNs <= now.nowNs;
        const { requests, run } = nextTask(replayed);
        expect(launch).toEqual(
          mayLaunch
            ? {
                variant: variants.find(({ runs }) => runs.includes(run))!.name,
                requests,
                size: run.batch,
                turnNs: 100 + reaction!.dueNs,
              }
            : undefined,
        );
        found.add(`${launch === undefined} ${requests} ${run.batch}`);
      }),
      { numRuns: 400 },
    );
    expect(found.size).toBeGreaterThan(5);
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
