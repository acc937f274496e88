/**
 * The simulator against what is known of queues. Runs are long, seeds fixed; what is compared is a mean with
 * the standard error of its batches, five of them: wrong by chance for one seed in a million.
 */
import { describe, expect, it } from "vitest";
import { drawArrivals } from "../../../../src/arrivals/draw-arrivals.js";
import { exponential } from "../../../../src/arrivals/exponential.js";
import { seededRandom } from "../../../../src/core/random.js";
import { servingMetrics } from "../../../../src/schedule/serving/serving-metrics.js";
import type {
  LauncherPolicy,
  ServingProblem,
} from "../../../../src/schedule/serving/serving-model.js";
import type { ServingOptions } from "../../../../src/schedule/serving/serving-options.js";
import type { ServingRun } from "../../../../src/schedule/serving/serving-run.js";
import { simulateServing } from "../../../../src/schedule/serving/simulate-serving.js";
import { modelOf, policyOf, problemOf, runOf, type StageOf } from "../../../support/serving.js";

/** Time of a task, and requests of a run. */
const SERVICE = 1e6;
const REQUESTS = 200_000;

interface Served {
  readonly run: ServingRun;
  readonly seconds: number;
}

/** Poisson arrivals at a load of one task at a time. */
function serve(
  load: number,
  problem: ServingProblem,
  policy: LauncherPolicy,
  options: ServingOptions = {},
): Served {
  const ratePerSecond = (load * 1e9) / SERVICE;
  const seconds = REQUESTS / ratePerSecond;
  const workload = {
    models: [
      {
        model: "m",
        process: { kind: "poisson", ratePerSecond } as const,
        objectiveNs: undefined,
        batches: [1],
      },
    ],
    durationNs: seconds * 1e9,
    seed: undefined,
  };
  const arrivals = drawArrivals(workload, { seed: 11, purpose: "held-out", episode: 0 });
  return { run: simulateServing(problem, arrivals, policy, options), seconds };
}

/** Mean of what `each` gives for a request, in service times, and its standard error by 40 batches. */
function meanOf({ run }: Served, each: (run: ServingRun, at: number) => number) {
  const batches = 40;
  const count = Math.floor(run.arrivalNs[0]!.length / batches);
  const means = Array.from({ length: batches }, (_, batch) => {
    let sum = 0;
    for (let at = batch * count; at < (batch + 1) * count; at++) {
      sum += each(run, at);
    }
    return sum / count / SERVICE;
  });
  const mean = means.reduce((sum, x) => sum + x, 0) / batches;
  const square = means.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (batches - 1);
  return { mean, error: Math.sqrt(square / batches) };
}

const wait = (run: ServingRun, at: number) => run.launchNs[0]![at]! - run.arrivalNs[0]![at]!;
const sojourn = (run: ServingRun, at: number) => run.endNs[0]![at]! - run.arrivalNs[0]![at]!;

function expectNear({ mean, error }: ReturnType<typeof meanOf>, theory: number): void {
  expect(Math.abs(mean - theory)).toBeLessThan(5 * error);
  // And the run says something: its error is small.
  expect(error).toBeLessThan(0.08 * theory);
}

const whole = (stage: Partial<StageOf> = {}) =>
  problemOf([modelOf(runOf(1, { ns: SERVICE, ...stage }))]);

/** Exponential factors of the service times. */
function random(seed: number): ServingOptions {
  const source = seededRandom(seed);
  return { scaleOf: () => exponential(source) };
}

describe("queueing theory", () => {
  it.each([0.2, 0.5, 0.8, 0.9])("M/D/1 at a load of %d (Pollaczek-Khinchine)", (load) => {
    const served = serve(load, whole(), policyOf([{}]));
    expectNear(meanOf(served, wait), load / (2 * (1 - load)));
  });

  it.each([0.2, 0.5, 0.8])("M/M/1 at a load of %d", (load) => {
    const served = serve(load, whole(), policyOf([{}]), random(3));
    expectNear(meanOf(served, sojourn), 1 / (1 - load));
    // The sojourn is exponential: 99 of 100 are below ln 100 of its means.
    const { latencyNs } = servingMetrics(served.run, 0, undefined, {
      fromNs: 0,
      toNs: served.seconds * 1e9,
    });
    const below = latencyNs.p99 / latencyNs.mean / Math.log(100);
    expect(Math.abs(below - 1)).toBeLessThan(0.1);
  });

  it("M/M/2 (Erlang C), tasks that take half of the device each", () => {
    const load = 1.4;
    const served = serve(load, whole({ share: 0.5 }), policyOf([{ concurrency: 2 }]), random(4));
    const waits = load ** 2 / 2 / (1 - load / 2);
    expectNear(meanOf(served, wait), waits / (1 + load + waits) / (2 - load));
  });

  it.each([
    ["arithmetic", { share: 0.001, arithmetic: 1 }],
    ["bandwidth", { share: 0.001, bandwidth: 1 }],
  ])("M/D/1 with processor sharing of the %s", (_, stage) => {
    const load = 0.7;
    const served = serve(load, whole(stage), policyOf([{ concurrency: 128 }]));
    expectNear(meanOf(served, sojourn), 1 / (1 - load));
  });

  it("M/M/1 with processor sharing on a CPU of one worker", () => {
    const load = 0.6;
    const cpu = problemOf([modelOf(runOf(1, { ns: SERVICE }))], {
      kind: "cpu",
      workers: 1,
      slowdown: [1],
    });
    const served = serve(load, cpu, policyOf([{ concurrency: 128 }]), random(5));
    expectNear(meanOf(served, sojourn), 1 / (1 - load));
  });

  it("M/D/1 is M/D/1 in any number of stages", () => {
    const load = 0.75;
    const stages = Array.from({ length: 7 }, (_, at) => ({ ns: (SERVICE * (at + 1)) / 28 }));
    const split = serve(load, problemOf([modelOf(runOf(1, ...stages))]), policyOf([{}]));
    const one = serve(load, whole(), policyOf([{}]));
    for (const [at, end] of split.run.endNs[0]!.entries()) {
      // Times are up to 2e11 ns, sums of at most 1.4e6 steps.
      expect(Math.abs(end - one.run.endNs[0]![at]!)).toBeLessThan(1);
    }
  });

  it("Little's law: requests in the system are rate times latency", () => {
    for (const load of [0.5, 0.95, 1.3]) {
      const { run } = serve(load, whole({ share: 0.3 }), policyOf([{ concurrency: 2 }]), random(6));
      const last = run.endNs[0]!.reduce((most, end) => Math.max(most, end), 0);
      const { requests, latencyNs, backlog } = servingMetrics(run, 0, undefined, {
        fromNs: 0,
        toNs: last,
      });
      const little = (requests / last) * latencyNs.mean;
      expect(Math.abs(backlog.mean / little - 1)).toBeLessThan(1e-9);
    }
  });

  it("capacity: above it the backlog grows by what is too much, below it does not", () => {
    const slopes = [0.9, 1.25].map((load) => {
      const { run, seconds } = serve(load, whole(), policyOf([{}]));
      const span = { fromNs: 0, toNs: seconds * 1e9 };
      return servingMetrics(run, 0, undefined, span);
    });
    const [below, above] = slopes as [(typeof slopes)[0], (typeof slopes)[0]];
    // A server that is never idle answers one request a millisecond.
    expect(Math.abs(above!.throughput - 1000)).toBeLessThan(1);
    // 250 requests a second too many: the slope of that walk varies by sqrt(1.2 * 1250 / 160 s).
    expect(Math.abs(above!.backlog.slope - 250)).toBeLessThan(5 * Math.sqrt((1.2 * 1250) / 160));
    expect(Math.abs(below!.backlog.slope)).toBeLessThan(1);
  });
});
