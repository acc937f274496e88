import { describe, expect, it } from "vitest";
import {
  bindSession,
  createSession,
  loadOnnxRuntime,
  sessionInputs,
  toLibraryOptions,
} from "../../../src/runtime/onnx-runtime.js";
import { randomFeeds } from "../../../src/runtime/random-feeds.js";
import { onnxRuntime, SKIP_REASON } from "../../support/onnx-runtime.js";
import { branchingModel } from "../../support/tiny-model.js";

describe("loadOnnxRuntime", () => {
  it("says how to install the package where it is missing", async () => {
    expect(await loadOnnxRuntime("no-such-package-onnxruntime")).toMatchObject({
      ok: false,
      error: [
        {
          code: "onnxruntime-missing",
          exit: 4,
          hint: "npm install onnxruntime-node --onnxruntime-node-install=skip",
        },
      ],
    });
  });
});

describe("toLibraryOptions", () => {
  it("asks for parallel mode only with several threads across operators", () => {
    expect(toLibraryOptions({})).toMatchObject({
      executionMode: "sequential",
      intraOpNumThreads: 1,
      graphOptimizationLevel: "all",
    });
    expect(toLibraryOptions({ interThreads: 2 })).toMatchObject({ executionMode: "parallel" });
  });
});

describe.skipIf(SKIP_REASON !== undefined)("sessions", () => {
  it("run a model with seeded inputs, equally each time", async () => {
    const runtime = onnxRuntime();
    const session = await createSession(runtime, branchingModel(), {}, "branching");
    if (!session.ok) {
      throw new Error(session.error[0].message);
    }
    const feeds = randomFeeds(sessionInputs(session.value), 1);
    if (!feeds.ok) {
      throw new Error(feeds.error[0].message);
    }
    const bound = bindSession(runtime, session.value, feeds.value, "branching");
    const first = await bound.run();
    expect(first).toMatchObject({ ok: true });
    expect(first.ok && [...first.value.keys()]).toEqual(["y", "z"]);
    expect(await bound.run()).toEqual(first);
    await bound.release();
  });

  it("turn a refused model into a failure", async () => {
    const result = await createSession(onnxRuntime(), new Uint8Array([8]), {}, "broken.onnx");
    expect(result).toMatchObject({
      ok: false,
      error: [{ code: "onnxruntime-refused-model", where: "broken.onnx", exit: 1 }],
    });
  });

  it("turn a refused input into a failure", async () => {
    const session = await createSession(onnxRuntime(), branchingModel(), {}, "branching");
    if (!session.ok) {
      throw new Error(session.error[0].message);
    }
    const bound = bindSession(onnxRuntime(), session.value, new Map(), "branching");
    expect(await bound.run()).toMatchObject({ error: [{ code: "onnxruntime-run-failed" }] });
    await bound.release();
  });
});
