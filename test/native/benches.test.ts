/** The scripts for a machine with a GPU, over the stand-in: they go on after failures and lose no answer. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildHelper } from "../../src/runtime/cuda/client/build-helper.js";
import { mayHaveDriver } from "../../src/runtime/cuda/client/find-driver.js";
import {
  BUILD_TIMEOUT_MS,
  COMPILER_ENV,
  helperPath,
  noCompiler,
  ROOT,
  standInFolder,
} from "../support/native-helper.js";
import { SKIP_REASON } from "../support/onnx-runtime.js";

const FOLDER = mkdtempSync(join(tmpdir(), "benches-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));

const hasDriver = await mayHaveDriver({ env: { PATH: process.env["PATH"] } });

describe.skipIf(noCompiler !== undefined)(`GPU benches (${noCompiler ?? ""})`, () => {
  beforeAll(async () => {
    // Compiled as the scripts of package.json do; dist is there, as for all tests of the command line.
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    const compiled = spawnSync(process.execPath, [tsc, "-p", "test/bench"], { cwd: ROOT });
    expect(compiled.stdout.toString()).toBe("");
    await helperPath();
    await buildHelper({ folder: join(ROOT, "build/native"), env: COMPILER_ENV });
  }, BUILD_TIMEOUT_MS);

  function run(name: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    const script = join(ROOT, `build/bench/${name}.js`);
    const { PATH = "", HOME = "" } = process.env;
    return spawnSync(process.execPath, [script, ...args], {
      cwd: ROOT,
      encoding: "utf8",
      env: { PATH, HOME, ...env },
    });
  }

  const reportIn = (folder: string, name: string) =>
    JSON.parse(readFileSync(join(folder, name), "utf8"));

  const over = (env: Readonly<Record<string, string>> = {}) => ({
    TOP_COMPILE_CUDA_LIBS: standInFolder(),
    ...env,
  });

  it("answer every first question", () => {
    const folder = join(FOLDER, "smoke");
    const { status, stdout, stderr } = run("gpu-smoke", [folder], over());
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const { failed, ...answers } = reportIn(folder, "gpu-smoke.json");
    expect(failed).toEqual({});
    expect(Object.keys(answers).sort()).toEqual(
      [
        ...["device", "libraries", "clockMhz", "sameScheduleUs", "tinyUs", "branchesUs"],
        ...["launchOrderUs", "prioritiesUs", "queuesUs"],
        ...["gemm ieee", "gemm tf32", "conv ieee", "conv tf32"],
        ...["conv channels last", "conv f16", "conv f16 channels last", "conv among channels"],
        ...["conv depthwise", "conv bias", "conv bias relu"],
      ].sort(),
    );
    expect(answers["conv bias relu"].kernels.length).toBeGreaterThan(0);
    expect(stdout.trimEnd().split("\n")).toHaveLength(Object.keys(answers).length - 1);
  });

  it("answer all other questions when one fails, also when it takes the helper with it", () => {
    const folder = join(FOLDER, "smoke-failed");
    for (const [wish, status] of [
      ["cublasGemmStridedBatchedEx:1:13", 1],
      ["cublasGemmStridedBatchedEx:1:700", 1],
    ] as const) {
      const done = run("gpu-smoke", [folder], over({ STAND_IN_FAIL: wish }));
      expect(done.status, done.stderr).toBe(status);
      const { failed, ...answers } = reportIn(folder, "gpu-smoke.json");
      // Every new helper fails at its first product.
      expect(Object.keys(failed)).toEqual(["gemm ieee", "gemm tf32"]);
      expect(failed["gemm ieee"]).toMatch(/^cu(blas|da)-error: /);
      expect(Object.keys(answers)).toHaveLength(18);
    }
  });

  it.skipIf(hasDriver)("end at once where there is no driver, and say so", () => {
    for (const [name, args] of [
      ["gpu-smoke", [join(FOLDER, "none")]],
      ["gpu", ["small/unsorted,small/functions", "tf32", join(FOLDER, "none")]],
    ] as const) {
      const { status, stdout } = run(name, args, {});
      expect(status).toBe(4);
      expect(stdout).toMatch(/^[^\n]*cuda-driver-missing[^\n]*\n$/);
    }
  });

  it.skipIf(SKIP_REASON !== undefined)(
    "measure the models after one that fails, and keep what was measured",
    () => {
      const folder = join(FOLDER, "bench");
      const names = ["small/unsorted", "no-such", "small/control-flow", "small/functions"];
      const { status, stdout, stderr } = run("gpu", [names.join(), "ieee", folder], over());
      expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
      const { rows } = reportIn(folder, "gpu-bench.json");
      expect(rows).toMatchObject([
        { model: "small/unsorted", device: "stand-in", precision: "ieee" },
        { model: "no-such", failed: expect.stringMatching(/^model-unreadable: /) },
        { model: "small/control-flow", failed: expect.stringMatching(/^unsupported-operator: /) },
        { model: "small/functions", device: "stand-in" },
      ]);
      for (const { candidates } of [rows[0], rows[3]]) {
        expect(candidates.length).toBeGreaterThan(0);
        for (const { outputs } of candidates) {
          expect(outputs.isReplayIdentical).toBe(true);
          expect(outputs.distance).toBeLessThanOrEqual(outputs.tolerance);
        }
      }
      for (const name of names) {
        expect(stdout).toContain(`${name}: `);
      }
    },
  );
});
