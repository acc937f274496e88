/**
 * Products of bytes: what is exact, and that every reference we compare with is, on every processor.
 * The worked sum, on x86 without VNNI 97,538 in ONNX Runtime (two products at a time saturate at 32,767):
 *
 *   255*127 + 255*127 = 64,770;  251*127 + 253*120 = 62,237;  252*127 = 32,004;  together 159,011
 */
import { describe, expect, it } from "vitest";
import { present } from "../../src/core/invariant.js";
import { seededRandom } from "../../src/core/random.js";
import { INTEGER_RULES } from "../../src/kernels/operators/integer-products.js";
import { raisedTypes } from "../../src/onnx/exact-products.js";
import { outputDistance, referenceOutputs } from "../../src/profile/gpu/check-gpu-outputs.js";
import { probeProducts } from "../../src/runtime/product-probe.js";
import type { TensorData } from "../../src/runtime/tensor-data.js";
import { row } from "../support/case-row.js";
import { exactOutputs } from "../support/integer-oracle.js";
import { readNumbers, tensorOf } from "../support/number-tensors.js";
import { onnxRuntime, SKIP_REASON } from "../support/onnx-runtime.js";
import { encodeCase, lowerBytes, lowerCase } from "../support/operator-models.js";
import { compareWithRuntime, type OracleCase, randomTensor } from "../support/operator-oracle.js";
import { quantizedFloats } from "../support/quantized-floats.js";
import { value } from "../support/values.js";

const WORKED = row("MatMulInteger", "u8[1,5] i8[5,1]", {}, { opset: 14 });
const WORKED_FEEDS: ReadonlyMap<string, TensorData> = new Map([
  ["x0", tensorOf({ elementType: "uint8", dims: [1, 5] }, [255, 255, 251, 253, 252])],
  ["x1", tensorOf({ elementType: "int8", dims: [5, 1] }, [127, 127, 127, 120, 127])],
]);

/** Large operands, so that any saturation shows. */
const U8 = [240, 256] as const;
const I8 = [110, 128] as const;
const SCALED = "u8[4,32] f32()=0.03 u8()=3 i8[32,9] f32()=0.02 i8()=-5 f32()=4 u8()=1";
const WINDOWS = "f32()=0.02 i8()=-5 f32()=7 u8()=1";

const LARGE: readonly OracleCase[] = [
  row("MatMulInteger", "u8[4,32] i8[32,9]", {}, { ranges: [U8, I8] }),
  row(
    "MatMulInteger",
    "u8[4,32] i8[32,9] u8()=7 i8[9]",
    {},
    { ranges: [U8, I8, undefined, [-9, 9]] },
  ),
  row("MatMulInteger", "i8[4,32] i8[32,9]", {}, { ranges: [I8, I8] }),
  row("ConvInteger", "u8[1,8,6,6] i8[4,8,3,3] u8()=2 i8()=-3", {}, { ranges: [U8, I8] }),
  row("QLinearMatMul", SCALED, {}, { ranges: [U8, undefined, undefined, I8] }),
  row(
    "QLinearConv",
    `u8[1,8,6,6] f32()=0.03 u8()=3 i8[4,8,3,3] ${WINDOWS}`,
    {},
    {
      ranges: [U8, undefined, undefined, I8],
    },
  ),
  row(
    "com.microsoft:MatMulIntegerToFloat",
    "u8[4,32] i8[32,9] f32()=0.03 f32[9]",
    {},
    { ranges: [U8, I8, undefined, [0.01, 0.05]] },
  ),
];

async function lowered(each: OracleCase) {
  const model = value(await lowerBytes(encodeCase(each)));
  const random = seededRandom(3);
  const feeds = new Map(
    model.model.graph.inputs.map(({ name }) => {
      const { elementType, dims } = present(model.types.get(name), name);
      const range = each.ranges?.[Number(name.slice(1))];
      return [name, randomTensor(elementType, dims, range, random)] as const;
    }),
  );
  return { model, feeds };
}

describe("products of bytes", () => {
  it("are 159,011 in the worked example, by definition", async () => {
    const outputs = present(exactOutputs(await lowerCase(WORKED), WORKED_FEEDS), "rule");
    expect(readNumbers(present(outputs.get("y0"), "y0")).values).toEqual([159_011]);
  });

  it("are raised for every type that has device code", () => {
    const types = Object.keys(INTEGER_RULES).map((type) => type.split(":").at(-1));
    expect(raisedTypes()).toEqual(types.sort());
  });
});

describe.skipIf(SKIP_REASON !== undefined)("the reference for GPUs", () => {
  it("is 159,011 in the worked example", async () => {
    const { outputs } = value(await referenceOutputs(await lowerCase(WORKED), WORKED_FEEDS));
    expect(readNumbers(present(outputs?.get("y0"), "y0")).values).toEqual([159_011]);
  });

  it.each(LARGE.map((each) => [`${each.type} ${each.inputs}`, each] as const))(
    "is exact for %s",
    async (_, each) => {
      const { model, feeds } = await lowered(each);
      const { outputs, products } = value(await referenceOutputs(model, feeds));
      const exact = present(exactOutputs(model, feeds), "rule");
      expect(products?.unsigned).toBe(true);
      expect(outputDistance(model, exact, present(outputs, "reference"))).toBeLessThan(1e-6);
    },
  );

  it("keeps floats between dequantizing and quantizing", async () => {
    const { model, feeds, exact } = await quantizedFloats();
    const { outputs } = value(await referenceOutputs(model, feeds));
    expect(readNumbers(present(outputs?.get("y"), "y")).values).toEqual(exact);
  });

  it("asks for products only where there are some", async () => {
    const { model, feeds } = await lowered(row("Add", "f32[3] f32[3]"));
    expect(value(await referenceOutputs(model, feeds)).products).toBeUndefined();
  });

  it("is known to be exact here", async () => {
    expect(value(await probeProducts(onnxRuntime())).unsigned).toBe(true);
  });
});

describe.skipIf(SKIP_REASON !== undefined)("kernels for large operands", () => {
  it.each(LARGE.map((each) => [`${each.type} ${each.inputs}`, each] as const))(
    "are exact for %s",
    async (_, each) => {
      const { problems, elements } = await compareWithRuntime(each, 3);
      expect(problems).toEqual([]);
      expect(elements).toBeGreaterThan(0);
    },
  );
});
