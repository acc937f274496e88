import { describe, expect, it } from "vitest";
import { lowerCase } from "../../support/operator-models.js";

/** 8 experts of 16 to 32 and back, as bytes of two weights each; `rows` rows are sent to two of them each. */
async function quantized(rows: number, attributes: Readonly<Record<string, number>> = {}) {
  const lowered = await lowerCase({
    type: "com.microsoft:QMoE",
    inputs: `f32[${rows},16] f32[${rows},8] u8[8,32,8] f32[8,32] - u8[8,16,16] f32[8,16]`,
    outputs: 1,
    attributes: { k: 2, ...attributes },
  });
  return lowered.graph.operators[0];
}

/** Bytes of the weights and scales of one expert. */
const EXPERT = 32 * 8 + 32 * 4 + 16 * 16 + 16 * 4;

describe("experts", () => {
  it.each([
    [1, 2],
    [3, 6],
    [4, 8],
    [40, 8],
  ])("%i rows read the weights of %i", async (rows, experts) => {
    const operator = await quantized(rows);
    expect(operator?.work.bytesRead).toBe(rows * (16 + 8) * 4 + experts * EXPERT);
    const m = (2 * rows) / experts;
    expect(operator?.products).toEqual([
      { batch: experts, m, n: 32, k: 16 },
      { batch: experts, m, n: 16, k: 32 },
    ]);
  });

  it("hold two weights in a byte unless an attribute says otherwise", async () => {
    expect(await quantized(3, { expert_weight_bits: 4 })).toEqual(await quantized(3));
    const [up] = (await quantized(3, { expert_weight_bits: 8 }))?.products ?? [];
    expect(up?.n).toBe(16);
  });
});
