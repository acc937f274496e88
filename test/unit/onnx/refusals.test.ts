import { describe, expect, it } from "vitest";
import { encodeCase, lowerBytes, type OperatorCase } from "../../support/operator-models.js";

const REFUSED: readonly (OperatorCase & { readonly says: RegExp })[] = [
  { type: "Conv", inputs: "f32[1,3,8,8] f32[4,5,3,3]", outputs: 1, says: /3 channels.*take 5/ },
  { type: "Conv", inputs: "f32[1,3,2,2] f32[4,3,3,3]", outputs: 1, says: /window of 3 .* into 2/ },
  { type: "Conv", inputs: "f32[1,3,8,8] f32[4,3,3]", outputs: 1, says: /do not fit together/ },
  {
    type: "Conv",
    inputs: "f32[1,3,8,8] f32[4,3,3,3]",
    attributes: { strides: [0, 1] },
    outputs: 1,
    says: /strides must be positive/,
  },
  { type: "Add", inputs: "f32[2,3] f32[4]", outputs: 1, says: /do not broadcast/ },
  { type: "Add", inputs: "f32[2,3] i64[3]", outputs: 1, says: /different element types/ },
  { type: "MatMul", inputs: "f32[2,3] f32[4,5]", outputs: 1, says: /inner sizes/ },
  { type: "Gemm", inputs: "f32[2,3] f32[4,5]", outputs: 1, says: /inner sizes/ },
  { type: "Reshape", inputs: "f32[2,3] i64=4,2", outputs: 1, says: /cannot be reshaped/ },
  { type: "Reshape", inputs: "f32[2,3] i64=-1,-1", outputs: 1, says: /is not a valid shape/ },
  {
    type: "Concat",
    inputs: "f32[2,3] f32[3,3]",
    attributes: { axis: 1 },
    outputs: 1,
    says: /cannot join/,
  },
  {
    type: "Concat",
    inputs: "f32[2,3] f32[2,3]",
    attributes: { axis: 5 },
    outputs: 1,
    says: /axis 5 does not exist/,
  },
  {
    type: "Transpose",
    inputs: "f32[2,3]",
    attributes: { perm: [0, 0] },
    outputs: 1,
    says: /does not order/,
  },
  { type: "Squeeze", inputs: "f32[2,3] i64=0", outputs: 1, says: /is not 1/ },
  { type: "Split", inputs: "f32[7]", opset: 13, outputs: 2, says: /cannot be split/ },
  { type: "Pad", inputs: "f32[2] i64=-3,0", outputs: 1, says: /cut more/ },
  {
    type: "Gather",
    inputs: "f32[2,3] i64[1]",
    attributes: { axis: 2 },
    outputs: 1,
    says: /axis 2/,
  },
  { type: "TopK", inputs: "f32[3] i64=4", outputs: 2, says: /select 4 of 3/ },
  {
    type: "LSTM",
    inputs: "f32[5,2,3] f32[1,16,7] f32[1,16,4]",
    attributes: { hidden_size: 4 },
    outputs: 1,
    says: /3 features.*take 7/,
  },
  { type: "Slice", inputs: "f32[4] i64=0 i64=4 i64=0 i64=0", outputs: 1, says: /step is 0/ },
  { type: "ConstantOfShape", inputs: "i64=-2", outputs: 1, says: /negative size/ },
  {
    type: "Einsum",
    inputs: "f32[2,3] f32[4,5]",
    attributes: { equation: "ij,jk->ik" },
    outputs: 1,
    says: /"j" is 3 and 4/,
  },
];

describe("impossible nodes", () => {
  it.each(REFUSED.map((each) => [`${each.type} of ${each.inputs}`, each]))(
    "are refused with the node's name: %s",
    async (_, each) => {
      const lowered = await lowerBytes(encodeCase(each));
      expect(lowered.ok).toBe(false);
      if (!lowered.ok) {
        expect(lowered.error[0].code).toBe("shape-impossible");
        expect(lowered.error[0].message).toMatch(each.says);
        expect(lowered.error[0].where).toContain(`node "n" (${each.type})`);
        expect(lowered.error[0].exit).toBe(1);
      }
    },
  );

  it("include tensors that no device holds", async () => {
    const lowered = await lowerBytes(
      encodeCase({ type: "MatMul", inputs: "f32[9999999,1] f32[1,9999999]", outputs: 1 }),
    );
    expect(lowered.ok ? "" : lowered.error[0].code).toBe("tensor-too-large");
  });
});

describe("unknown types", () => {
  it("are one failure that names the tensor and what helps", async () => {
    const lowered = await lowerBytes(
      encodeCase({ type: "Tile", inputs: "f32[2,3] i64[2]", outputs: 1 }),
    );
    expect(lowered.ok).toBe(false);
    if (!lowered.ok) {
      expect(lowered.error).toHaveLength(1);
      expect(lowered.error[0]).toMatchObject({ code: "types-unknown", exit: 1 });
      expect(lowered.error[0].message).toContain('"y0" (float32[?,?], made by Tile "n")');
      expect(lowered.error[0].hint).toContain("y0[AXIS]=VALUE");
    }
  });

  it("are settled by a size for the dim that depends on data", async () => {
    const lowered = await lowerBytes(
      encodeCase({ type: "NonZero", inputs: "f32[2,3]", outputs: 1 }),
      new Map([["y0[1]", 4]]),
    );
    expect(lowered.ok && lowered.value.types.get("y0")).toEqual({
      elementType: "int64",
      dims: [2, 4],
    });
  });

  it.each([
    ["Unique", "f32[6]", { "y0[0]": 5 }, [5]],
    ["NonMaxSuppression", "f32[1,9,4] f32[1,2,9] i64=20", { "y0[0]": 7 }, [7, 3]],
  ] as const)("of %s depend on data and can be given", async (type, inputs, dims, expected) => {
    const lowered = await lowerBytes(
      encodeCase({ type, inputs, outputs: 1 }),
      new Map(Object.entries(dims)),
    );
    expect(lowered.ok && lowered.value.types.get("y0")?.dims).toEqual(expected);
  });

  it("of a custom operator with no declared output are open", async () => {
    const lowered = await lowerBytes(
      encodeCase({ type: "my.own:Thing", inputs: "f32[2]", outputs: 1 }),
    );
    expect(lowered.ok ? "" : lowered.error[0].code).toBe("types-unknown");
  });
});

describe("absurd sizes", () => {
  const codeOf = async (each: OperatorCase): Promise<string> => {
    const lowered = await lowerBytes(encodeCase(each));
    return lowered.ok ? "lowered" : lowered.error[0].code;
  };

  it.each([
    [
      "an input",
      { type: "Relu", inputs: "f32[999999999,999999999]", outputs: 1 },
      "tensor-too-large",
    ],
    [
      "a rank from a shape's shape",
      { type: "Reshape", inputs: "f32[4] i64[999999999]", outputs: 1 },
      "types-unknown",
    ],
    [
      "a shape of unknown elements",
      { type: "ConstantOfShape", inputs: "i64[999999999]", outputs: 1 },
      "types-unknown",
    ],
    [
      "a sequence of a billion",
      { type: "SplitToSequence", inputs: "u8[999999999]", outputs: 1 },
      "types-unknown",
    ],
    [
      "a range of a billion",
      { type: "Range", inputs: "i64()=0 i64()=1000000000 i64()=1", outputs: 1 },
      "lowered",
    ],
    [
      "a range without end",
      { type: "Range", inputs: "f32()=0 f32()=1e38 f32()=1e-38", outputs: 1 },
      "tensor-too-large",
    ],
    [
      "no heads",
      {
        type: "com.microsoft:Attention",
        inputs: "f32[1,2,6] f32[6,18] f32[18]",
        attributes: { num_heads: 0 },
        outputs: 1,
      },
      "lowered",
    ],
    [
      "a huge loop",
      { type: "Tile", inputs: "f32[2] i64=9007199254740991", outputs: 1 },
      "tensor-too-large",
    ],
  ] as const)("are refused or bounded: %s", async (_, each, code) => {
    expect(await codeOf(each)).toBe(code);
  });
});

describe("nodes that lack inputs", () => {
  it.each([
    ["Max", "-"],
    ["Where", "b=1 - f32=1"],
    ["Concat", "- i64=1"],
    ["Gather", "i64=1,2 -"],
    ["Reshape", "-"],
    ["Transpose", "-"],
    ["ReduceSum", "-"],
    ["Range", "- i64()=3 i64()=1"],
  ])("never crash: %s of %s", async (type, inputs) => {
    const lowered = await lowerBytes(encodeCase({ type, inputs, outputs: 1 }));
    expect(lowered.ok || lowered.error.length > 0).toBe(true);
  });
});
