/** Whole models on the emulated device, all precisions of memory, against ONNX Runtime. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { present } from "../../src/core/invariant.js";
import { seededRandom } from "../../src/core/random.js";
import { writeWholeModel } from "../../src/onnx/extract-submodel.js";
import { lowerModel } from "../../src/onnx/lower.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import { readModel } from "../../src/onnx/read-model.js";
import { emitModel } from "../../src/runtime/cuda/codegen/emit.js";
import { storageOf } from "../../src/runtime/cuda/codegen/operator-call.js";
import { constantUploads } from "../../src/runtime/cuda/program/constants.js";
import { floatsOfHalves, halvesOfFloats } from "../../src/runtime/cuda/program/device-elements.js";
import { type Precision, precisionPlan } from "../../src/runtime/cuda/program/precision.js";
import { buildProgram, helperSchedule } from "../../src/runtime/cuda/program/program.js";
import { bindSession, createSession } from "../../src/runtime/onnx-runtime.js";
import { randomFeeds } from "../../src/runtime/random-feeds.js";
import type { TensorData } from "../../src/runtime/tensor-data.js";
import { composeSchedule } from "../../src/search/operator/waits.js";
import { onnxRuntime, SKIP_REASON } from "../support/onnx-runtime.js";
import { EmulatedDevice } from "../support/program-emulator.js";

const MODELS = join(import.meta.dirname, "../../fixtures/models/small");
const FOLDER = mkdtempSync(join(tmpdir(), "cuda-models-"));

afterAll(() => rmSync(FOLDER, { recursive: true }));

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

function feedsOf({ graph }: LoweredModel): ReadonlyMap<string, TensorData> {
  const feeds = randomFeeds(
    graph.inputs.map((id) => present(graph.tensors[id], "input")),
    5,
  );
  if (!feeds.ok) {
    throw new Error(feeds.error[0].message);
  }
  return feeds.value;
}

/** Outputs of the emulated device on two streams, as floats in f32 again. */
async function emulate(
  lowered: LoweredModel,
  precision: Precision,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const plan = precisionPlan(precision);
  const model = emitModel(lowered, {
    floats: plan.floats,
    estimateUnsupported: false,
    fuse: false,
  });
  if (!model.ok) {
    throw new Error(model.error[0].message);
  }
  const { graph } = lowered;
  const schedule = composeSchedule(graph, "alternating", {
    order: Int32Array.from(graph.operators.keys()),
    streamOf: Int32Array.from(graph.operators.keys(), (id) => id % 2),
  });
  const program = buildProgram(model.value, plan, { kind: "ordered", schedules: [schedule] });
  const device = new EmulatedDevice(program);
  const items = await constantUploads(program.model, program.memory, join(FOLDER, "side"));
  if (!items.ok) {
    throw new Error(items.error[0].message);
  }
  device.upload(items.value);
  const isHalf = (elementType: string) =>
    elementType === "float32" && storageOf("float32", plan.floats) === "f16";
  const feeds = feedsOf(lowered);
  for (const id of graph.inputs) {
    const { name, elementType } = present(graph.tensors[id], "input");
    const { bytes } = present(feeds.get(name), name);
    const stored = isHalf(elementType) ? halvesOfFloats(bytes) : bytes;
    device.write(present(program.memory.tensor(id), "range"), stored);
  }
  device.run(helperSchedule(program, schedule), seededRandom(1));
  return new Map(
    graph.outputs.map((id) => {
      const { name, elementType } = present(graph.tensors[id], "output");
      const bytes = device.read(present(program.memory.tensor(id), "range"));
      return [name, isHalf(elementType) ? floatsOfHalves(bytes) : bytes] as const;
    }),
  );
}

async function reference(lowered: LoweredModel) {
  const whole = writeWholeModel(lowered);
  if (!whole.ok) {
    throw new Error(whole.error[0].message);
  }
  const session = await createSession(onnxRuntime(), whole.value, { level: "disabled" }, "whole");
  if (!session.ok) {
    throw new Error(session.error[0].message);
  }
  const bound = bindSession(onnxRuntime(), session.value, feedsOf(lowered), "whole");
  const outputs = await bound.run();
  await bound.release();
  if (!outputs.ok) {
    throw new Error(outputs.error[0].message);
  }
  return outputs.value;
}

/** |ours - theirs| / |theirs| by norms; NaN when anything was left unwritten. */
function distance(elementType: string, ours: Uint8Array, theirs: Uint8Array): number {
  const numbers = (bytes: Uint8Array): readonly number[] => {
    const { buffer } = Uint8Array.from(bytes);
    return elementType === "float32"
      ? Array.from(new Float32Array(buffer))
      : Array.from(new Uint8Array(buffer));
  };
  const [a, b] = [numbers(ours), numbers(theirs)];
  expect(a.length).toBe(b.length);
  const norm = (values: readonly number[]) => Math.hypot(...values);
  return norm(a.map((value, i) => value - (b[i] ?? 0))) / Math.max(norm(b), 1e-30);
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
