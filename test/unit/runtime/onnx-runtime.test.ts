import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  bindSession,
  createSession,
  loadOnnxRuntime,
  toLibraryOptions,
} from "../../../src/runtime/onnx-runtime.js";
import { randomFeeds } from "../../../src/runtime/random-feeds.js";
import { onnxRuntime, SKIP_REASON } from "../../support/onnx-runtime.js";
import { branchingModel } from "../../support/tiny-model.js";

const COMPILED = new URL("../../../dist/runtime/onnx-runtime.js", import.meta.url).href;

describe("loadOnnxRuntime", () => {
  it("says how to install the package where it is missing", async () => {
    expect(await loadOnnxRuntime("no-such-package-onnxruntime")).toMatchObject({
      ok: false,
      error: [
        {
          code: "onnxruntime-missing",
          exit: 4,
          hint: "ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node@1.30.0",
        },
      ],
    });
  });
});

describe("telemetry of the library", () => {
  // A process of its own, since the library decides once for each process.
  it.skipIf(SKIP_REASON !== undefined)("leaves nothing in the folder for temporary files", () => {
    const folder = mkdtempSync(join(tmpdir(), "telemetry-"));
    const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env;
    const program = `
      const { loadOnnxRuntime } = await import(${JSON.stringify(COMPILED)});
      const runtime = await loadOnnxRuntime();
      await runtime.value.create(new Uint8Array([8]), {}).catch(() => {});`;
    execFileSync(process.execPath, ["--input-type=module", "-e", program], {
      env: { ...env, TMPDIR: folder },
    });
    expect(readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
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
    const feeds = randomFeeds([{ name: "x", elementType: "float32", dims: [96, 96] }], 1);
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
