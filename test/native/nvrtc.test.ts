import { spawnSync } from "node:child_process";
import { beforeAll, describe, expect, it } from "vitest";
import { libraryArguments } from "../../src/runtime/cuda/client/obtain-helper.js";
import { COMPILE_OPTIONS } from "../../src/runtime/cuda/program/program.js";
import { SERVICE_SOURCE } from "../../src/runtime/cuda/session/service-kernels.js";
import { SUITE_SOURCE } from "../support/helper-suite.js";
import { BUILD_TIMEOUT_MS, helperPath, noCompiler } from "../support/native-helper.js";

/** Asks a helper that looks for NVIDIA's own libraries; leaks of those are not ours. */
async function ask(request: object): Promise<{
  readonly ok: boolean;
  readonly result?: { readonly bytes: number };
  readonly error?: { readonly code: string; readonly message: string };
}> {
  const done = spawnSync(await helperPath(), libraryArguments(process.env), {
    input: `${JSON.stringify({ id: 1, ...request })}\n`,
    encoding: "utf8",
    env: { ...process.env, ASAN_OPTIONS: "detect_leaks=0" },
  });
  return JSON.parse(done.stdout);
}

const SOURCE = `extern "C" __global__ void twice(float *values, int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) values[i] *= 2;
}`;

describe.skipIf(noCompiler !== undefined)(`NVRTC (${noCompiler ?? ""})`, () => {
  beforeAll(helperPath, BUILD_TIMEOUT_MS);

  it("compiles for an architecture without a GPU, and tells errors", async (context) => {
    const request = { op: "compile", arch: "sm_90", options: ["--std=c++17"] };
    const done = await ask({ ...request, source: SOURCE });
    if (done.error?.code === "library-missing") {
      context.skip(done.error.message);
    }
    expect(done).toMatchObject({ ok: true });
    expect(await ask({ ...request, source: SUITE_SOURCE })).toMatchObject({ ok: true });
    const service = { op: "compile", options: COMPILE_OPTIONS, source: SERVICE_SOURCE };
    for (const arch of ["sm_75", "sm_80", "sm_90"]) {
      expect(await ask({ ...service, arch })).toMatchObject({ ok: true, result: { log: "" } });
    }
    expect(done.result?.bytes).toBeGreaterThan(1000);
    expect(await ask({ ...request, source: SOURCE.replace("*= 2", "*= ") })).toMatchObject({
      error: {
        code: "nvrtc-error",
        message: expect.stringContaining("source.cu(3): error:"),
      },
    });
  });
});
