import { describe, expect, it } from "vitest";
import { probeProducts } from "../../../src/runtime/product-probe.js";
import { whyOutputsMayDiffer } from "../../../src/runtime/saturating-products.js";
import { onnxRuntime, SKIP_REASON } from "../../support/onnx-runtime.js";
import { lowerCase } from "../../support/operator-models.js";
import { value } from "../../support/values.js";

describe.skipIf(SKIP_REASON !== undefined)("whyOutputsMayDiffer", () => {
  it("excuses nothing in a model without products of bytes", async () => {
    const model = await lowerCase({ type: "Add", inputs: "f32[3] f32[3]", outputs: 1 });
    expect(await whyOutputsMayDiffer(model)).toBeUndefined();
  });

  it("excuses products of bytes exactly where they saturate", async () => {
    const type = "MatMulInteger";
    const model = await lowerCase({ type, inputs: "u8[2,3] i8[3,2]", outputs: 1 });
    const { mixed } = value(await probeProducts(onnxRuntime()));
    const excuse = await whyOutputsMayDiffer(model);
    expect(excuse?.includes("saturate") ?? false).toBe(!mixed);
  });
});
