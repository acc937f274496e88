import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LoweredModel } from "../../../src/onnx/lowered-model.js";
import { checkOperators, checkProfile } from "../../../src/profile/check-profile.js";
import { measureCandidates, measureProfile } from "../../../src/profile/measure-profile.js";
import { operatorCostsOf } from "../../../src/profile/profile.js";
import { encodeProfile, parseProfile } from "../../../src/profile/profile-format.js";
import { profileKeyOf } from "../../../src/profile/profile-key.js";
import type { ProgressEvent } from "../../../src/profile/progress.js";
import { scheduleDigest } from "../../../src/profile/worker-plan-of.js";
import { composeSchedule } from "../../../src/search/operator/waits.js";
import { SKIP_REASON } from "../../support/onnx-runtime.js";
import { branchingModel, loweredTinyModel } from "../../support/tiny-model.js";

const temporary = mkdtempSync(join(tmpdir(), "measuring-"));
const { TMPDIR: originalFolder } = process.env;

describe.skipIf(SKIP_REASON !== undefined)("measuring a small model", () => {
  let lowered: LoweredModel;
  let remove: () => void;

  beforeAll(async () => {
    ({ lowered, remove } = await loweredTinyModel(branchingModel()));
    Object.assign(process.env, { TMPDIR: temporary });
  });

  afterAll(() => {
    Object.assign(process.env, { TMPDIR: originalFolder ?? "/tmp" });
    rmSync(temporary, { recursive: true });
    remove();
  });

  it("gives every operator samples that add up to the run, in a valid profile", async () => {
    const events: ProgressEvent[] = [];
    const result = await measureProfile(lowered, {
      inputs: { seed: 1 },
      workers: 2,
      onProgress: (event) => events.push(event),
    });
    if (!result.ok) {
      throw new Error(result.error[0].message);
    }
    const profile = result.value;
    expect(checkOperators(profile, "p.json", lowered.graph).ok).toBe(true);
    const key = await profileKeyOf(lowered, { seed: 1 });
    expect(key.ok && checkProfile(profile, "p.json", key.value).ok).toBe(true);
    expect(profile.operators.every((operator) => operator.samples >= 30)).toBe(true);
    expect(profile.operators.every((operator) => operator.p10Ns <= operator.p90Ns)).toBe(true);
    expect(profile.operators.filter((operator) => operator.kernels === 0)).toEqual([]);
    const sum = operatorCostsOf(profile, lowered.graph).durationNs.reduce((a, b) => a + b, 0);
    // Medians of parts against the median of the whole: equal up to the noise of the runs.
    expect(sum / profile.method!.run.medianNs).toBeGreaterThan(0.3);
    expect(sum / profile.method!.run.medianNs).toBeLessThan(3);
    expect(profile.workers.slowdown).toHaveLength(2);
    expect(profile.workers.slowdown[0]).toBe(1);
    expect(profile.workers.segmentNs).toBeGreaterThan(0);
    expect(parseProfile(encodeProfile(profile), "p")).toEqual({ ok: true, value: profile });
    expect(new Set(events.map((event) => event.phase))).toEqual(new Set(["operators", "workers"]));
    expect(events.every((event) => event.done <= event.total)).toBe(true);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it("measures schedules beside the baselines, equal ones once, outputs checked", async () => {
    const count = lowered.graph.operators.length;
    const order = Int32Array.from({ length: count }, (_, i) => i);
    const spread = composeSchedule(lowered.graph, "spread", {
      order,
      streamOf: order.map((i) => i % 2),
    });
    const again = { ...spread, algorithm: "again" };
    const single = composeSchedule(lowered.graph, "single", {
      order,
      streamOf: new Int32Array(count),
    });
    const result = await measureCandidates(lowered, [spread, again, single], {
      inputs: { seed: 1 },
      rounds: 5,
    });
    if (!result.ok) {
      throw new Error(result.error[0].message);
    }
    expect(result.value.schedules.map((schedule) => schedule.algorithm)).toEqual([
      "spread",
      "single",
    ]);
    expect(result.value.schedules[0]?.digest).toBe(scheduleDigest(lowered.graph, again));
    expect(result.value.baselines.slice(0, 2).map((baseline) => baseline.name)).toEqual([
      "sequential",
      "sequential-again",
    ]);
    for (const { outputs, latency } of result.value.schedules) {
      expect(outputs).toEqual({ identical: true, maxAbsolute: 0, maxRelative: 0 });
      expect(latency.samples).toBe(5);
    }
    expect(result.value.baselines[0]?.relative).toEqual({ median: 1, low: 1, high: 1 });
  });

  it("measures in heats when sessions would take too much memory, each beside the baseline", async () => {
    const count = lowered.graph.operators.length;
    const order = Int32Array.from({ length: count }, (_, i) => i);
    const streamOf = order.map((i) => i % 2);
    const spread = composeSchedule(lowered.graph, "spread", { order, streamOf });
    const single = composeSchedule(lowered.graph, "single", {
      order,
      streamOf: new Int32Array(count),
    });
    const labels: string[] = [];
    const result = await measureCandidates(lowered, [spread, single], {
      inputs: { seed: 1 },
      rounds: 5,
      sessionBytes: 1,
      onProgress: ({ label }) => labels.push(label),
    });
    const { baselines = [], schedules = [] } = result.ok ? result.value : {};
    // One contestant at a time, beside the sequential baseline and its double.
    expect(new Set(labels)).toEqual(new Set(["measuring 3 ways to run the model"]));
    expect(schedules.map(({ algorithm }) => algorithm)).toEqual(["spread", "single"]);
    const heats = baselines.length - 2 + schedules.length;
    expect(baselines[0]?.latency.samples).toBe(5 * heats);
    expect(baselines[1]?.latency.samples).toBe(5 * heats);
    for (const { latency, outputs } of [...baselines.slice(2), ...schedules]) {
      expect(latency.samples).toBe(5);
      expect(outputs.maxRelative).toBeLessThan(1e-3);
    }
    expect(baselines[0]?.relative).toEqual({ median: 1, low: 1, high: 1 });
  });

  it.each(["operators", "workers"])("leaves nothing when stopped at the %s", async (phase) => {
    const stop = new AbortController();
    const result = await measureProfile(lowered, {
      inputs: { seed: 1 },
      workers: 2,
      signal: stop.signal,
      onProgress: (event) => {
        if (event.phase === phase && event.done > 1) {
          stop.abort();
        }
      },
    });
    expect(result).toMatchObject({ ok: false, error: [{ code: "stopped" }] });
    expect(readdirSync(temporary)).toEqual([]);
  });

  it("stops the comparison of schedules when told to", async () => {
    const stop = AbortSignal.abort();
    const result = await measureCandidates(lowered, [], {
      inputs: { seed: 1 },
      rounds: 5,
      signal: stop,
    });
    expect(result).toMatchObject({ ok: false, error: [{ code: "stopped" }] });
  });
});
