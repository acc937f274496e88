/** Clocks of a device that idles: read behind work, and while schedules are timed; when kernels run by its timer. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { present } from "../../src/core/invariant.js";
import { emitModel } from "../../src/kernels/emit.js";
import { precisionPlan } from "../../src/kernels/precision.js";
import { measureGpuSchedules, oneStream } from "../../src/profile/gpu/measure-gpu-schedules.js";
import { measureStamps } from "../../src/profile/gpu/measure-stamps.js";
import { modelInputs } from "../../src/profile/worker-plan-of.js";
import type { GpuHelper } from "../../src/runtime/cuda/client/gpu-helper.js";
import { buildProgram } from "../../src/runtime/cuda/program/program.js";
import { DeviceSession } from "../../src/runtime/cuda/session/device-session.js";
import type { HelperCalls } from "../../src/runtime/cuda/session/helper-calls.js";
import { randomFeeds } from "../../src/runtime/random-feeds.js";
import { BUILD_TIMEOUT_MS, helperPath, noCompiler, testHelper } from "../support/native-helper.js";
import { loweredTinyModel, tinyModel } from "../support/tiny-model.js";

const FOLDER = mkdtempSync(join(tmpdir(), "clocks-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));

const OPERATORS = 40;

/** A device whose clock is 345 MHz until it has done what one execution of the model is, and then 1980. */
const RISING = `345:1980:${OPERATORS}`;
/** One that never gets faster. */
const SLOW = "345:345:0";

describe.skipIf(noCompiler !== undefined)(`clocks (${noCompiler ?? ""})`, () => {
  beforeAll(helperPath, BUILD_TIMEOUT_MS);

  /** Lets `use` work with a chain of operators on such a device. */
  async function onDevice<T>(
    env: Readonly<Record<string, string>>,
    use: (session: DeviceSession, requests: readonly string[]) => Promise<T>,
  ): Promise<T> {
    const { lowered, remove } = await loweredTinyModel(
      tinyModel({
        nodes: Array.from({ length: OPERATORS }, (_, i) => ({
          type: "Neg",
          inputs: [i === 0 ? "x" : `t${i - 1}`],
          outputs: [i === OPERATORS - 1 ? "y" : `t${i}`],
        })),
        inputs: [{ name: "x", dims: [4] }],
        outputs: [{ name: "y", dims: [4] }],
      }),
    );
    const helper = await testHelper({ env });
    const requests: string[] = [];
    try {
      const model = emitModel(lowered, { floats: "f32", estimateUnsupported: false });
      const code = present(model.ok ? model.value : undefined, "code");
      const program = buildProgram(code, precisionPlan("ieee"), { kind: "none" });
      const drawn = randomFeeds(modelInputs(lowered), 1);
      const feeds = present(drawn.ok ? drawn.value : undefined, "feeds");
      const options = { device: 0, folder: FOLDER };
      const session = await DeviceSession.open(noting(helper, requests), program, feeds, options);
      return await use(present(session.ok ? session.value : undefined, "session"), requests);
    } finally {
      await helper.close();
      remove();
    }
  }

  function noting(helper: GpuHelper, requests: string[]): HelperCalls {
    return {
      call: (op, request, limits) => {
        requests.push(op);
        return helper.call(op, request, limits);
      },
    };
  }

  it("are read when the device has been busy", async () => {
    const clock = await onDevice({ STAND_IN_CLOCK: RISING }, (session) =>
      session.clockMhz(session.scheduleOf(oneStream(session.program.model.lowered.graph))),
    );
    expect(clock).toEqual({ ok: true, value: 1980 });
  });

  it.each([
    ["once where they are steady from then on", RISING, 1980, 1],
    ["three times where they stay low", SLOW, 345, 3],
  ])("let schedules be timed %s", async (_, clock, mhz, tries) => {
    const { measured, requests } = await onDevice(
      { STAND_IN_CLOCK: clock },
      async (session, asked) => ({
        measured: await measureGpuSchedules(session, {
          schedules: [],
          reference: undefined,
          seed: 1,
          rounds: 5,
        }),
        requests: asked,
      }),
    );
    expect(measured).toMatchObject({
      ok: true,
      value: { clockMhzBefore: mhz, clockMhzAfter: mhz, measurement: { rounds: 5 } },
    });
    // The outputs once; the clock before each try and of its rounds. How often is measured for it depends on the host.
    expect(requests.filter((op) => op === "download")).toHaveLength(1 + 2 * tries);
  });

  it("tell what a schedule takes on an idle device, and as one of many in a row", async () => {
    const measured = await onDevice({ STAND_IN_LAUNCH: "25" }, (session) =>
      measureGpuSchedules(session, { schedules: [], reference: undefined, seed: 1, rounds: 5 }),
    );
    const { measurement } = present(measured.ok ? measured.value : undefined, "measurement");
    // A microsecond for each operator, for the end of a graph, and for the event behind all that is timed. On an idle
    // device the host's launching, which is given here, is in the time of a graph.
    const graph = { latency: OPERATORS + 2, idle: OPERATORS + 2 + 25, following: OPERATORS + 1.1 };
    const eager = { latency: OPERATORS + 1, idle: OPERATORS + 1, following: OPERATORS + 0.1 };
    expect(
      measurement.baselines.map(({ latency, idleNs = 0, backToBackNs = 0 }) =>
        [latency.medianNs, idleNs, backToBackNs].map((ns) => Math.round(ns / 10) / 100),
      ),
    ).toEqual(
      [graph, graph, eager].map(({ latency, idle, following }) => [latency, idle, following]),
    );
    for (const { hostNs } of measurement.baselines) {
      expect(hostNs).toBeGreaterThan(0);
    }
  });

  it.each([
    ["by cycles", 40, 1210, 1000],
    ["by cycles, at another clock", 70, 1130, 32],
    ["by the timer", 3200, 800, 32],
  ])("tell how a step of a chain is divided, %s", async (_, inside, gap, step) => {
    const env = { STAND_IN_STAMPS: `${inside}:${gap}:${step}`, STAND_IN_CLOCK: "2000:2000:0" };
    const found = await onDevice(env, measureStamps);
    const costs = present(found.ok ? found.value : undefined, "costs");
    expect(costs.timerStepNs).toBe(step);
    const most = step / 63 + 1;
    expect(Math.abs((costs.insideNs ?? 0) - inside)).toBeLessThanOrEqual(inside < step ? 0 : most);
    expect(Math.abs((costs.gapNs ?? 0) - gap)).toBeLessThanOrEqual(most);
  });
});
