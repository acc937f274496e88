/** Every operator case on the GPU against ONNX Runtime on the CPU, all in one session. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { present } from "../../src/core/invariant.js";
import { outputDistance } from "../../src/profile/gpu/check-gpu-outputs.js";
import { DEVICE_CASES } from "../support/device-operator-cases.js";
import { SKIP_REASON } from "../support/onnx-runtime.js";
import { OperatorBatch, type PreparedCase, prepareCase } from "../support/operator-batch.js";
import { GPU_SKIP_REASON, gpu } from "./device.js";

/** By norms; the GPU's and the CPU's elementary functions differ in their last bits. */
const TOLERANCE = 1e-4;

describe.skipIf((GPU_SKIP_REASON ?? SKIP_REASON) !== undefined)("operators on the GPU", () => {
  const folder = mkdtempSync(join(tmpdir(), "gpu-operators-"));
  const cases: PreparedCase[] = [];
  let batch: OperatorBatch | undefined;

  beforeAll(async () => {
    for (const each of DEVICE_CASES) {
      cases.push(await prepareCase(each));
    }
    batch = await OperatorBatch.open(gpu(), cases, folder);
  });

  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await gpu().close();
  });

  it.each(
    DEVICE_CASES.map((each, at) => [`${each.type}-${each.opset} ${each.inputs}`, at] as const),
  )("%s gives what ONNX Runtime gives", async (_, at) => {
    const each = present(cases[at], "case");
    const outputs = await present(batch, "session").run(each);
    const { lowered } = each.program.model;
    expect(outputDistance(lowered, outputs, each.reference)).toBeLessThan(TOLERANCE);
  });
});
