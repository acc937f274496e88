/** Whole models on the emulated device, all precisions of memory, against ONNX Runtime. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { present } from "../../src/core/invariant.js";
import { precisionPlan } from "../../src/kernels/precision.js";
import { lowerModel } from "../../src/onnx/lower.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import { readModel } from "../../src/onnx/read-model.js";
import { distance, emulate, reference } from "../support/emulate-model.js";
import { SKIP_REASON } from "../support/onnx-runtime.js";

const MODELS = join(import.meta.dirname, "../../fixtures/models/small");

const NAMES = [
  "duplicate-names",
  "external-data",
  "functions",
  "old-format",
  "unsorted",
  "quantised",
];

async function load(name: string): Promise<LoweredModel> {
  const model = readModel(join(MODELS, `${name}.onnx`));
  const lowered = model.ok ? await lowerModel(model.value, { dims: new Map() }) : model;
  if (!lowered.ok) {
    throw new Error(lowered.error[0].message);
  }
  return lowered.value;
}

describe.skipIf(SKIP_REASON !== undefined).each(["ieee", "f16"] as const)("in %s", (precision) => {
  it.each(NAMES)("%s gives ONNX Runtime's outputs", async (name) => {
    const lowered = await load(name);
    const [ours, theirs] = [await emulate(lowered, precision), await reference(lowered)];
    expect(ours.size).toBeGreaterThan(0);
    for (const [output, bytes] of ours) {
      const wanted = present(theirs.get(output), output);
      // A sum between two steps of 8 bits may be rounded to either.
      const tolerance = name === "quantised" ? 2e-2 : precisionPlan(precision).tolerance;
      expect(distance(wanted.elementType, bytes, wanted.bytes)).toBeLessThan(tolerance);
    }
  });
});
