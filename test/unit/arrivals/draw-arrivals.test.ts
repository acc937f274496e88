import { describe, expect, it } from "vitest";
import {
  ARRIVAL_PURPOSES,
  type ArrivalSample,
  drawArrivals,
} from "../../../src/arrivals/draw-arrivals.js";
import { exponential } from "../../../src/arrivals/exponential.js";
import { sineOfTurns } from "../../../src/arrivals/sine.js";
import { type ArrivalProcess, meanRate, type Workload } from "../../../src/arrivals/workload.js";
import { seededRandom } from "../../../src/core/random.js";

const SECOND = 1e9;

function workloadOf(processes: readonly ArrivalProcess[], seconds: number): Workload {
  return {
    models: processes.map((process, at) => ({
      model: `m${at}`,
      process,
      objectiveNs: undefined,
      batches: [1],
    })),
    durationNs: seconds * SECOND,
    seed: undefined,
  };
}

function draw(process: ArrivalProcess, seconds: number, sample: Partial<ArrivalSample> = {}) {
  const whole: ArrivalSample = { seed: 1, purpose: "training", episode: 0, ...sample };
  return drawArrivals(workloadOf([process], seconds), whole)[0]!;
}

const gapsOf = (times: Float64Array): number[] =>
  Array.from(times.subarray(1), (time, at) => time - times[at]!);

describe("exponential", () => {
  const random = seededRandom(7);
  const draws = Float64Array.from({ length: 100_000 }, () => exponential(random)).sort();

  it("has the moments of its distribution", () => {
    // Mean 1 with standard error 1 / sqrt(n), second moment 2 with sqrt(20 / n): four of them.
    const n = draws.length;
    const mean = draws.reduce((sum, x) => sum + x, 0) / n;
    const second = draws.reduce((sum, x) => sum + x * x, 0) / n;
    expect(Math.abs(mean - 1)).toBeLessThan(4 / Math.sqrt(n));
    expect(Math.abs(second - 2)).toBeLessThan(4 * Math.sqrt(20 / n));
  });

  it("has its distribution, by the largest distance (Kolmogorov)", () => {
    const n = draws.length;
    const distance = draws.reduce(
      (most, x, i) => Math.max(most, Math.abs(1 - Math.exp(-x) - (i + 0.5) / n)),
      0,
    );
    // 1.95 / sqrt(n) is exceeded once in a thousand seeds.
    expect(distance).toBeLessThan(1.95 / Math.sqrt(n));
  });
});

describe("sineOfTurns", () => {
  it("is the sine", () => {
    for (let turns = -2; turns <= 2; turns += 1 / 128) {
      expect(Math.abs(sineOfTurns(turns) - Math.sin(2 * Math.PI * turns))).toBeLessThan(4e-15);
    }
  });
});

describe("drawArrivals", () => {
  it("of a constant process is even", () => {
    const times = draw({ kind: "constant", ratePerSecond: 1000 }, 10);
    expect(times.length).toBe(10_000);
    for (const gap of gapsOf(times)) {
      expect(Math.abs(gap - 1e6)).toBeLessThanOrEqual(1);
    }
  });

  it("of a Poisson process has as many requests as variance says, and independent gaps", () => {
    const times = draw({ kind: "poisson", ratePerSecond: 1000 }, 100);
    const n = 100_000;
    expect(Math.abs(times.length - n)).toBeLessThan(4 * Math.sqrt(n));
    const gaps = gapsOf(times).map((gap) => gap / 1e6 - 1);
    const square = gaps.reduce((sum, gap) => sum + gap * gap, 0) / gaps.length;
    const beside = gaps.slice(1).reduce((sum, gap, i) => sum + gap * gaps[i]!, 0) / gaps.length;
    // Variance 1, fourth central moment 9.
    expect(Math.abs(square - 1)).toBeLessThan(4 * Math.sqrt(8 / n));
    expect(Math.abs(beside)).toBeLessThan(4 / Math.sqrt(n));
  });

  it("of bursts has the rate of its states and the index of dispersion of the process", () => {
    // On and off, each 100 ms on average: variance / mean of counts over long times is
    // 1 + 2 * rate * a / b, with a the mean and b the sum of the rates of change.
    const process: ArrivalProcess = {
      kind: "mmpp",
      states: [
        { ratePerSecond: 400, meanNs: 1e8 },
        { ratePerSecond: 0, meanNs: 1e8 },
      ],
    };
    expect(meanRate(process)).toBe(200);
    const seconds = 4000;
    const window = 5;
    const times = draw(process, seconds);
    const counts = new Float64Array(seconds / window);
    for (const time of times) {
      counts[Math.floor(time / (window * SECOND))]! += 1;
    }
    const mean = times.length / counts.length;
    const variance = counts.reduce((sum, c) => sum + (c - mean) ** 2, 0) / (counts.length - 1);
    // Var N(t) = m t + 2 (r p)^2 (q / p) / (a + b) * (t - (1 - e^-(a+b)t) / (a + b)), p = q = 1/2, a = b = 10/s.
    const expected = 200 * window + ((2 * 200 ** 2) / 20) * (window - 1 / 20);
    expect(Math.abs(mean - 200 * window)).toBeLessThan(4 * Math.sqrt(expected / counts.length));
    expect(Math.abs(variance / expected - 1)).toBeLessThan(4 * Math.sqrt(2 / counts.length));
  });

  it("of a diurnal process swings as the sine", () => {
    const process: ArrivalProcess = {
      kind: "diurnal",
      ratePerSecond: 500,
      swing: 0.8,
      periodNs: 10 * SECOND,
    };
    const times = draw(process, 200);
    // First and third quarters about the crests of the sine, by its integral: 1 +- 0.8 * 2 sqrt(2) / pi.
    const counts = [0, 0];
    for (const time of times) {
      const turn = (time / process.periodNs) % 1;
      counts[turn >= 0.125 && turn < 0.375 ? 0 : 1]! += turn >= 0.125 && turn < 0.375 ? 1 : 0;
      counts[1]! += turn >= 0.625 && turn < 0.875 ? 1 : 0;
    }
    const swing = (0.8 * 2 * Math.SQRT2) / Math.PI;
    const quarter = 500 * 200 * 0.25;
    expect(Math.abs(times.length - 4 * quarter)).toBeLessThan(4 * Math.sqrt(4 * quarter));
    for (const [at, sign] of [1, -1].entries()) {
      const expected = quarter * (1 + sign * swing);
      expect(Math.abs(counts[at]! - expected)).toBeLessThan(4 * Math.sqrt(expected));
    }
  });

  it("of a trace keeps its gaps, and each purpose has requests of its own", () => {
    const gapsNs = Float64Array.from({ length: 400 }, (_, at) => (at + 1) * 1000);
    const seen = ARRIVAL_PURPOSES.map((purpose) => {
      const gaps = gapsOf(draw({ kind: "trace", gapsNs }, 1, { purpose }));
      expect(gaps.length).toBeGreaterThan(1000);
      const [least, most] = [Math.min(...gaps), Math.max(...gaps)];
      for (const [at, gap] of gaps.slice(1).entries()) {
        expect(gap).toBe(gaps[at] === most ? least : gaps[at]! + 1000);
      }
      return new Set(gaps);
    });
    const ranges = seen.map((gaps) => [Math.min(...gaps), Math.max(...gaps)]);
    expect(ranges).toEqual([
      [1000, 200_000],
      [201_000, 300_000],
      [301_000, 400_000],
    ]);
  });

  it("gives the same requests for a sample, and others for every other one", () => {
    const workload = workloadOf(
      [
        { kind: "poisson", ratePerSecond: 50 },
        { kind: "poisson", ratePerSecond: 50 },
      ],
      2,
    );
    const seen = new Map<string, string>();
    for (const seed of [1, 2, 3]) {
      for (const purpose of ARRIVAL_PURPOSES) {
        for (let episode = 0; episode < 50; episode++) {
          const sample = { seed, purpose, episode };
          const drawn = drawArrivals(workload, sample);
          expect(drawArrivals(workload, sample)).toEqual(drawn);
          for (const [at, times] of drawn.entries()) {
            const text = times.join();
            expect(seen.get(text)).toBeUndefined();
            seen.set(text, `${seed} ${purpose} ${episode} ${at}`);
          }
        }
      }
    }
    expect(seen.size).toBe(3 * 3 * 50 * 2);
  });

  it("is what whole numbers give, so the same on every machine", () => {
    const random = seededRandom(1).fork(0).fork(0).fork(0);
    const word = (): bigint => BigInt(random.next() * 2 ** 32);
    const draw32 = (): bigint => {
      for (let whole = 0n; ; whole++) {
        const run = [word()];
        for (let each = word(); each < run.at(-1)!; each = word()) {
          run.push(each);
        }
        if (run.length % 2 === 1) {
          return (whole << 32n) + run[0]!;
        }
      }
    };
    const times = draw({ kind: "poisson", ratePerSecond: 1000 }, 0.5);
    expect(times.length).toBeGreaterThan(400);
    let exact = 0n;
    for (const time of times) {
      exact += 1_000_000n * draw32();
      expect(Math.abs(time - Number(exact >> 32n))).toBeLessThanOrEqual(1);
    }
  });

  it("gives ascending whole nanoseconds before the end", () => {
    const gapsNs = Float64Array.from([0, 7000, 0, 1000, 0, 0, 3000, 2000, 500, 0, 1, 1]);
    const processes: readonly ArrivalProcess[] = [
      { kind: "constant", ratePerSecond: 777 },
      { kind: "poisson", ratePerSecond: 3333 },
      { kind: "trace", gapsNs },
      { kind: "diurnal", ratePerSecond: 900, swing: 1, periodNs: 1e8 },
    ];
    for (const process of processes) {
      const times = draw(process, 0.01);
      expect(times.length).toBeGreaterThan(0);
      expect(times.every((time) => Number.isInteger(time) && time >= 0 && time < 1e7)).toBe(true);
      expect(gapsOf(times).every((gap) => gap >= 0)).toBe(true);
    }
  });
});
