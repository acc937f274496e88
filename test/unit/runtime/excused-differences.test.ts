import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { lowerModel } from "../../../src/onnx/lower.js";
import { readModel } from "../../../src/onnx/read-model.js";
import { whyOutputsMayDiffer } from "../../../src/runtime/excused-differences.js";
import { probeProducts } from "../../../src/runtime/product-probe.js";
import { onnxRuntime, SKIP_REASON } from "../../support/onnx-runtime.js";
import { lowerCase } from "../../support/operator-models.js";
import { value } from "../../support/values.js";

const FIXTURES = resolve(import.meta.dirname, "../../../fixtures");

describe.skipIf(SKIP_REASON !== undefined)("whyOutputsMayDiffer", () => {
  it("excuses nothing in a model without products of bytes", async () => {
    const model = await lowerCase({ type: "Add", inputs: "f32[3] f32[3]", outputs: 1 });
    expect(await whyOutputsMayDiffer(model)).toBeUndefined();
  });

  it("excuses float16 between operators, and not at the ends of a model", async () => {
    const alone = await lowerCase({ type: "Add", inputs: "f16[3] f16[3]", outputs: 1 });
    expect(await whyOutputsMayDiffer(alone)).toBeUndefined();
    const path = resolve(FIXTURES, "cases/onnx/float16-chain/model.onnx");
    const chain = value(await lowerModel(value(readModel(path)), { dims: new Map() }));
    expect(await whyOutputsMayDiffer(chain)).toContain("float16");
  });

  it("excuses products of bytes exactly where they saturate", async () => {
    const type = "MatMulInteger";
    const model = await lowerCase({ type, inputs: "u8[2,3] i8[3,2]", outputs: 1 });
    const { mixed } = value(await probeProducts(onnxRuntime()));
    const excuse = await whyOutputsMayDiffer(model);
    expect(excuse?.includes("saturate") ?? false).toBe(!mixed);
  });
});
