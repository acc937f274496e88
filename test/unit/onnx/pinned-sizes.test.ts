import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { comparedInputs } from "../../../src/onnx/compared-inputs.js";
import { extractSubmodel, writeWholeModel } from "../../../src/onnx/extract-submodel.js";
import { lowerModel } from "../../../src/onnx/lower.js";
import type { LoweredModel } from "../../../src/onnx/lowered-model.js";
import { readModel } from "../../../src/onnx/read-model.js";
import { modelInputs } from "../../../src/profile/worker-plan-of.js";
import { randomFeeds } from "../../../src/runtime/random-feeds.js";
import { twoRateModel, windowModel } from "../../support/branch-models.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pinned-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function lowered(bytes: Uint8Array): Promise<LoweredModel> {
  const path = join(folder, "m.onnx");
  writeFileSync(path, bytes);
  const model = readModel(path);
  if (!model.ok) {
    throw new Error(model.error[0].message);
  }
  const result = await lowerModel(model.value, { dims: new Map([["x[1]", 64]]) });
  if (!result.ok) {
    throw new Error(result.error[0].message);
  }
  return result.value;
}

/** The declared inputs of a written model. */
function inputsOf(bytes: Uint8Array) {
  const path = join(folder, "written.onnx");
  writeFileSync(path, bytes);
  const model = readModel(path);
  return model.ok ? model.value.graph.inputs.map(({ name, dims }) => [name, dims]) : [];
}

describe("sizes that a written model declares", () => {
  it("are those it was lowered with", async () => {
    const whole = writeWholeModel(await lowered(windowModel(64)));
    expect(whole.ok && inputsOf(whole.value)).toEqual([["x", [1, 64]]]);
  });

  it("are those of the file where an If has a branch that they may not fit", async () => {
    const model = await lowered(twoRateModel(64, 512));
    const whole = writeWholeModel(model);
    expect(whole.ok && inputsOf(whole.value)).toEqual([
      ["x", [1, undefined]],
      ["rate", []],
    ]);
    const { operators, outputs } = model.graph;
    const choose = operators.find(({ type }) => type === "If");
    const part = extractSubmodel(model, [choose!.id], outputs);
    const [choice] = operators.find(({ type }) => type === "Equal")!.outputs;
    expect(part.ok && inputsOf(part.value.bytes)).toEqual(
      part.ok
        ? part.value.inputs.map((id) =>
            id === choice ? ["choice", []] : [model.graph.tensors[id]!.name, [1, undefined]],
          )
        : [],
    );
  });
});

describe("comparedInputs", () => {
  it("has the constant that an If compares an input with, and feeds take it", async () => {
    const model = await lowered(twoRateModel(64, 512));
    expect([...comparedInputs(model)]).toEqual([["rate", 16_000]]);
    const feeds = randomFeeds(modelInputs(model), 1);
    const rate = feeds.ok ? feeds.value.get("rate") : undefined;
    expect(new BigInt64Array(rate!.bytes.buffer)).toEqual(BigInt64Array.of(16_000n));
  });

  it("has nothing for a model without an If", async () => {
    expect(comparedInputs(await lowered(windowModel(64))).size).toBe(0);
  });
});
