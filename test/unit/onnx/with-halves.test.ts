/** Models as halves: what is float32 has half the bytes, what is not stays. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { LoweredModel } from "../../../src/onnx/lowered-model.js";
import { residentConstants } from "../../../src/onnx/resident-constants.js";
import { hasSingles, withHalves } from "../../../src/onnx/with-halves.js";
import { loadModel } from "../../../src/runtime/load-model.js";
import { textModel } from "../../support/text-model.js";
import { loweredTinyModel } from "../../support/tiny-model.js";

const MODELS = join(import.meta.dirname, "../../../fixtures/models");
const NAMES = readdirSync(MODELS).flatMap((name) => /^(.*)\.onnx$/.exec(name)?.[1] ?? []);

async function lowered(model: Parameters<typeof textModel>[0]): Promise<LoweredModel> {
  const made = await loweredTinyModel(textModel(model));
  made.remove();
  return made.lowered;
}

function constantBytes(model: LoweredModel): number {
  return residentConstants(model).reduce((sum, { bytes }) => sum + bytes, 0);
}

describe("a model with halves", () => {
  it("has a product of 2 x 4 by 4 x 8 with two bytes an element and the same arithmetic", async () => {
    const model = await lowered({
      inputs: "x:f32[2,4]",
      weights: "w:f32[4,8]",
      outputs: "y:f32",
      nodes: ["y = MatMul(x, w)"],
    });
    const halves = withHalves(model);
    expect(model.graph.operators[0]?.work).toEqual({
      flops: 128,
      bytesRead: 32,
      parameterBytes: 128,
      bytesWritten: 64,
    });
    expect(halves.graph.operators[0]?.work).toEqual({
      flops: 128,
      bytesRead: 16,
      parameterBytes: 64,
      bytesWritten: 32,
    });
    expect(halves.graph.tensors.map(({ bytes }) => bytes)).toEqual([16, 32]);
    expect([constantBytes(model), constantBytes(halves)]).toEqual([128, 64]);
  });

  it("leaves integers and doubles as they are, and reads no more of a table than it writes", async () => {
    const model = await lowered({
      inputs: "ids:i64[3] d:f64[5]",
      weights: "table:f32[10,4]",
      outputs: "rows:f32 e:f64",
      nodes: ["rows = Gather(table, ids)", "e = Neg(d)"],
    });
    const { operators, tensors } = withHalves(model).graph;
    expect(operators.map(({ work }) => work)).toEqual([
      { flops: 0, bytesRead: 24, parameterBytes: 24, bytesWritten: 24 },
      { flops: 5, bytesRead: 40, parameterBytes: 0, bytesWritten: 40 },
    ]);
    expect(tensors.map(({ elementType, bytes }) => [elementType, bytes])).toEqual([
      ["int64", 24],
      ["float64", 40],
      ["float16", 24],
      ["float64", 40],
    ]);
  });

  it.each(NAMES)("of %s has half of every float, and nothing else that changes", async (name) => {
    const loaded = await loadModel(join(MODELS, `${name}.onnx`), { dims: new Map() });
    if (!loaded.ok) {
      throw new Error(loaded.error[0].message);
    }
    const model = loaded.value;
    const halves = withHalves(model);
    expect(hasSingles(model)).toBe(true);
    expect(hasSingles(halves)).toBe(false);
    for (const [id, tensor] of model.graph.tensors.entries()) {
      const bytes = tensor.elementType === "float32" ? tensor.bytes / 2 : tensor.bytes;
      expect(halves.graph.tensors[id]?.bytes).toBe(bytes);
    }
    for (const [id, { inputs, outputs, work, name: operator }] of model.graph.operators.entries()) {
      const own = halves.graph.operators[id]?.work;
      const written = outputs.reduce((sum, at) => sum + (halves.graph.tensors[at]?.bytes ?? 0), 0);
      expect(own?.bytesWritten, operator).toBe(written);
      expect(own?.flops, operator).toBe(work.flops);
      const types = [...inputs, ...outputs].map((at) => model.graph.tensors[at]?.elementType);
      if (types.every((type) => type === "float32")) {
        expect(own?.bytesRead, operator).toBe(work.bytesRead / 2);
      }
    }
    // Constants of a few integers, such as axes, stay as they are.
    const [all, half] = [constantBytes(model), constantBytes(halves)];
    expect(half).toBeGreaterThanOrEqual(all / 2);
    expect(half).toBeLessThan(0.51 * all + 4096);
    expect(withHalves(halves)).toEqual(halves);
  });
});
