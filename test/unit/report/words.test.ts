import { describe, expect, it } from "vitest";
import type { OperatorsSection } from "../../../src/artifact/artifact.js";
import { doubtOf } from "../../../src/profile/machine-load.js";
import { renderCompiled } from "../../../src/report/compiled.js";
import { renderOneDevice } from "../../../src/report/one-device.js";
import { comparePrediction } from "../../../src/report/prediction.js";
import { whySequential } from "../../../src/report/why-sequential.js";
import { ARTIFACT, SECTION } from "../../support/artifacts.js";

describe("comparePrediction", () => {
  it.each([
    [30_400_000, 214_000_000, "measured 7.0 times longer"],
    [100, 112, "measured 12.0 % longer"],
    [100, 88, "measured 12.0 % shorter"],
    [100, 25, "measured 4.0 times shorter"],
    [100, 100, "measured 0.0 % longer"],
  ])("of %d and %d", (predicted, measured, words) => {
    expect(comparePrediction(predicted, measured)).toBe(words);
  });
});

describe("doubtOf", () => {
  it.each([
    [{ load: 18, cores: 2 }, 0.679, "machine busy (load 18.0 on 2 cores), noise 67.9 %"],
    [{ load: 2, cores: 2 }, 0.2, undefined],
    [{ load: 1.5, cores: 1 }, undefined, "machine busy (load 1.5 on 1 core)"],
    [undefined, 0.21, "noise 21.0 %"],
  ])("of %j and noise %d", (load, noise, words) => {
    expect(doubtOf(load, noise)).toBe(words);
  });
});

describe("whySequential", () => {
  const base: OperatorsSection = {
    ...SECTION,
    algorithm: "sequential",
    streams: 1,
    decision: { reason: "nothing-beats-sequential", noise: 0.01 },
    workers: {
      segmentNs: 1,
      signalNs: 1,
      awakeNs: 1,
      wakeNs: 1,
      requestNs: 1,
      returnNs: 1,
      callerByteNs: 0,
      tensorNs: 1,
      byteNs: 0,
      slowdown: [1, 1],
    },
    candidates: [{ algorithm: "sequential", streams: 1, predictedNs: 10_000_000 }],
  };

  it.each([
    [
      "a chain",
      { longestPathNs: 10_000_000 },
      "a chain: no schedule can be faster than sequential",
    ],
    [
      "unequal branches",
      { longestPathNs: 9_600_000 },
      "branches of unequal weight: the longest path is 96.0 % of the work, streams win at most 1.04x",
    ],
    [
      "dear hand-overs",
      {
        longestPathNs: 5_000_000,
        candidates: [
          ...base.candidates,
          { algorithm: "opara", streams: 2, predictedNs: 11_000_000 },
        ],
      },
      "without hand-overs streams would win at most 2.00x; threads and hand-overs cost more (best split: 11.0 ms)",
    ],
    [
      "a split that did not hold",
      {
        longestPathNs: 5_000_000,
        candidates: [
          { algorithm: "opara", streams: 2, predictedNs: 8_000_000, measuredNs: 12_600_000 },
          ...base.candidates,
        ],
      },
      "a split was predicted 1.25x and measured 0.80x: threads cost more here than when they were measured",
    ],
    [
      "one worker",
      { longestPathNs: 5_000_000, workers: { ...base.workers, slowdown: [1] } },
      "one worker thread: no two operators run at the same time",
    ],
    ["a schedule without figures", {}, undefined],
    ["another schedule", { longestPathNs: 5_000_000, algorithm: "opara", streams: 2 }, undefined],
  ] as const)("of %s", (_, changes, words) => {
    expect(whySequential({ ...base, ...changes } as OperatorsSection)).toBe(words);
  });

  it("is printed under the choice", () => {
    const text = renderCompiled(ARTIFACT, { ...base, longestPathNs: 10_000_000 }, 80);
    expect(text).toMatch(/^chosen .*\nwhy {5}a chain: /m);
  });
});

describe("renderOneDevice", () => {
  const period = { period: 9_790_000, microBatchesPerPeriod: 1 };
  it("says when a pipeline is slower than none", () => {
    expect(renderOneDevice(period, 8_420_000)).toBe(
      "one device 8.42 ms a micro-batch without a pipeline: this pipeline is predicted slower, 0.86x the throughput",
    );
    expect(renderOneDevice({ ...period, microBatchesPerPeriod: 2 }, 8_420_000)).toMatch(
      /predicted to have 1\.72x the throughput$/,
    );
  });
});
