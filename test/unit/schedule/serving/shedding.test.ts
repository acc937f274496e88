/** Refusing requests, against what is known of queues with losses. */
import { describe, expect, it } from "vitest";
import { drawArrivals } from "../../../../src/arrivals/draw-arrivals.js";
import { servingMetrics } from "../../../../src/schedule/serving/serving-metrics.js";
import type { ShedRule } from "../../../../src/schedule/serving/serving-model.js";
import { simulateServing } from "../../../../src/schedule/serving/simulate-serving.js";
import { modelOf, policyOf, problemOf, runOf } from "../../../support/serving.js";

const SERVICE_NS = 1e6;
const PROBLEM = problemOf([modelOf(runOf(1, { ns: SERVICE_NS }))]);

/** Poisson arrivals at `load` times what one task at a time can serve, for so many requests. */
function arrivalsAt(load: number, requests: number): readonly Float64Array[] {
  const ratePerSecond = (load * 1e9) / SERVICE_NS;
  const model = {
    model: "m0",
    process: { kind: "poisson", ratePerSecond },
    objectiveNs: undefined,
    batches: [1],
  } as const;
  const workload = { models: [model], durationNs: (requests / ratePerSecond) * 1e9, seed: 1 };
  return drawArrivals(workload, { seed: 3, purpose: "training", episode: 0 });
}

function served(load: number, shed: ShedRule, objectiveNs: number) {
  const arrivals = arrivalsAt(load, 100_000);
  const run = simulateServing(PROBLEM, arrivals, policyOf([{ shed }]));
  const toNs = (100_000 / load) * SERVICE_NS;
  return servingMetrics(run, 0, objectiveNs, { fromNs: 0.1 * toNs, toNs });
}

/**
 * The share of requests lost by M/D/1/K, from the chain at ends of service: with p(k) the states that a leaving
 * request sees (0 to K - 1) and r the load, the loss is 1 - 1 / (p(0) + r).
 */
function lossOf(load: number, capacity: number): number {
  const arriving = Array.from({ length: capacity + 1 }, (_, k) => {
    let term = Math.exp(-load);
    for (let at = 1; at <= k; at++) {
      term *= load / at;
    }
    return term;
  });
  // Unnormalized: p(j + 1) follows from the balance of state j.
  const state = [1];
  for (let j = 0; j < capacity - 1; j++) {
    let inflow = state[0]! * arriving[j]!;
    for (let k = 1; k <= j; k++) {
      inflow += state[k]! * arriving[j - k + 1]!;
    }
    state.push((state[j]! - inflow) / arriving[0]!);
  }
  const empty = 1 / state.reduce((sum, each) => sum + each, 0);
  return 1 - 1 / (empty + load);
}

describe("a full queue", () => {
  it.each([
    [0.5, 1],
    [0.8, 2],
    [1, 1],
    [1, 4],
    [1.5, 3],
    [3, 2],
  ])(
    "at load %f with room for %i loses as many as M/D/1/K, whichever it refuses",
    (load, queue) => {
      const loss = lossOf(load, queue + 1);
      for (const kind of ["newest", "oldest"] as const) {
        const { shed } = served(load, { kind, queue }, 1e9);
        // Four standard errors, as if losses were independent; they come in runs, so twice that.
        const error = 8 * Math.sqrt((loss * (1 - loss)) / 90_000);
        expect(Math.abs(shed - loss), `${kind} ${shed} ${loss}`).toBeLessThan(error + 1e-3);
      }
    },
  );

  it("knows the losses that have a closed form", () => {
    // M/D/1/1 is Erlang's loss system; M/D/1/2: p(0) = exp(-r).
    expect(lossOf(0.7, 1)).toBeCloseTo(0.7 / 1.7, 12);
    expect(lossOf(0.7, 2)).toBeCloseTo(1 - 1 / (Math.exp(-0.7) + 0.7), 12);
  });
});

describe("above capacity", () => {
  it.each([1.2, 1.5, 3])(
    "at load %f what would be late is refused, and the rest is in time",
    (load) => {
      const objectiveNs = 20 * SERVICE_NS;
      const { goodput, late, shed, backlog, latencyNs } = served(
        load,
        { kind: "deadline", objectiveNs },
        objectiveNs,
      );
      const capacity = 1e9 / SERVICE_NS;
      expect(goodput / capacity).toBeGreaterThan(0.99);
      expect(late).toBe(0);
      expect(Math.abs(shed - (1 - 1 / load))).toBeLessThan(0.01);
      expect(latencyNs.max).toBeLessThanOrEqual(objectiveNs);
      expect(backlog.max).toBeLessThan(objectiveNs * load * 2 * (1 / SERVICE_NS) + 20);
      expect(Math.abs(backlog.slope)).toBeLessThan(0.01 * capacity);
    },
  );

  it("without a rule the backlog grows as fast as theory says", () => {
    const arrivals = arrivalsAt(1.5, 50_000);
    const run = simulateServing(PROBLEM, arrivals, policyOf([{}]));
    const toNs = (50_000 / 1.5) * SERVICE_NS;
    const { backlog } = servingMetrics(run, 0, undefined, { fromNs: 0, toNs });
    expect(backlog.slope / 500).toBeGreaterThan(0.95);
    expect(backlog.slope / 500).toBeLessThan(1.05);
  });
});

/** Two models in bursts that share a GPU; rates are times what one task after the other could answer. */
function twoInBursts(loads: readonly [number, number], policies: Parameters<typeof policyOf>[0]) {
  const half = (ns: number) => ({ ns, share: 0.5, arithmetic: 0.6, bandwidth: 0.2 });
  const quick = modelOf(runOf(1, half(1e6)), runOf(8, half(3e6)));
  const slow = modelOf(runOf(1, half(4e6)), runOf(8, half(20e6)));
  const interference = { arithmetic: 0.1, mixed: 0.05, bandwidth: 0.02 };
  const problem = problemOf([quick, slow], { kind: "gpu", interference });
  const durationNs = 40e9;
  const models = loads.map((load, at) => {
    const rate = (load * 1e9) / [1e6, 4e6][at]!;
    const states = [
      { ratePerSecond: 2 * rate, meanNs: 60e6 },
      { ratePerSecond: 0.3 * rate, meanNs: 90e6 },
    ];
    return {
      model: `m${at}`,
      process: { kind: "mmpp", states },
      objectiveNs: undefined,
      batches: [1, 8],
    } as const;
  });
  const sample = { seed: 5, purpose: "training", episode: 0 } as const;
  const arrivals = drawArrivals({ models, durationNs, seed: 1 }, sample);
  const objectives = [10e6, 40e6];
  const shedding = policies.map((policy, at) => {
    const shed: ShedRule = { kind: "deadline", objectiveNs: objectives[at]! };
    return { ...policy, shed };
  });
  const run = simulateServing(problem, arrivals, policyOf(shedding));
  return objectives.map((objective, at) =>
    servingMetrics(run, at, objective, { fromNs: 0.1 * durationNs, toNs: durationNs }),
  );
}

describe("several models in bursts", () => {
  it.each([
    [
      "many tasks in flight",
      [
        { batch: 8, concurrency: 4 },
        { batch: 8, concurrency: 4 },
      ],
    ],
    [
      "a task of each",
      [
        { batch: 8, concurrency: 1 },
        { batch: 8, concurrency: 1 },
      ],
    ],
    ["single requests beside batches", [{ concurrency: 2 }, { batch: 8, concurrency: 6 }]],
  ] as const)(
    "of the requests that are not refused few are late, and the device is not idle: %s",
    (_, policies) => {
      for (const loads of [
        [1.5, 1.5],
        [3, 1],
        [1, 4],
      ] as const) {
        const found = twoInBursts(loads, policies);
        // A task is longer than the longest of 256 others once in 257 times, and 1 % may be late in tries.
        for (const { late, goodput } of found) {
          expect(late).toBeLessThan(0.02);
          expect(goodput).toBeGreaterThan(0);
        }
      }
    },
  );
});
