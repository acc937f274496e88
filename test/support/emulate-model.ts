/** Whole models on the emulated device, and what ONNX Runtime gives for the same inputs. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { present } from "../../src/core/invariant.js";
import { seededRandom } from "../../src/core/random.js";
import { emitModel } from "../../src/kernels/emit.js";
import { storageOf, type TensorLayout } from "../../src/kernels/operator-call.js";
import { type Precision, precisionPlan } from "../../src/kernels/precision.js";
import { writeExactModel } from "../../src/onnx/extract-submodel.js";
import { withKernelList } from "../../src/onnx/fuse/fuse-operators.js";
import type { FusionList } from "../../src/onnx/kernel-groups.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import { constantUploads } from "../../src/runtime/cuda/program/constants.js";
import { floatsOfHalves, halvesOfFloats } from "../../src/runtime/cuda/program/device-elements.js";
import { buildProgram, helperSchedule } from "../../src/runtime/cuda/program/program.js";
import { bindSession, createSession } from "../../src/runtime/onnx-runtime.js";
import { randomFeeds } from "../../src/runtime/random-feeds.js";
import type { TensorData } from "../../src/runtime/tensor-data.js";
import type { OperatorSchedule } from "../../src/schedule/operator-schedule.js";
import { composeSchedule } from "../../src/search/operator/waits.js";
import { unsafePairs } from "./memory-checker.js";
import { onnxRuntime } from "./onnx-runtime.js";
import { EmulatedDevice } from "./program-emulator.js";

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

/** Operators in turns on two streams. */
export function alternating({ graph }: LoweredModel): OperatorSchedule {
  return composeSchedule(graph, "alternating", {
    order: Int32Array.from(graph.operators.keys()),
    streamOf: Int32Array.from(graph.operators.keys(), (id) => id % 2),
  });
}

/** Outputs of the emulated device, as floats in f32 again; throws when values may overwrite others. */
export async function emulate(
  lowered: LoweredModel,
  precision: Precision,
  options: {
    readonly fuse?: FusionList;
    readonly schedule?: OperatorSchedule;
    readonly layout?: TensorLayout;
    /** Whether cuDNN computes what stands behind convolutions, where it can; true unless given. */
    readonly takesGraphs?: boolean;
  } = {},
): Promise<ReadonlyMap<string, Uint8Array>> {
  const plan = precisionPlan(precision);
  const model = emitModel(withKernelList(lowered, options.fuse ?? "none"), {
    floats: plan.floats,
    estimateUnsupported: false,
    approximatesGelu: plan.gemm === "tf32",
    layout: options.layout ?? "rows",
  });
  if (!model.ok) {
    throw new Error(model.error[0].message);
  }
  const { graph } = lowered;
  const schedule = options.schedule ?? alternating(lowered);
  const program = buildProgram(model.value, plan, { kind: "ordered", schedules: [schedule] });
  const [unsafe] = unsafePairs(program, schedule);
  if (unsafe !== undefined) {
    throw new Error(`memory shared by ${unsafe}`);
  }
  const device = new EmulatedDevice(program, options.takesGraphs ?? true);
  const folder = mkdtempSync(join(tmpdir(), "emulate-"));
  try {
    const items = await constantUploads(program.model, program.memory, join(folder, "side"));
    if (!items.ok) {
      throw new Error(items.error[0].message);
    }
    device.upload(items.value);
  } finally {
    rmSync(folder, { recursive: true });
  }
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

/** What ONNX Runtime gives for the same inputs, products of bytes exact on every processor. */
export async function reference(lowered: LoweredModel): Promise<ReadonlyMap<string, TensorData>> {
  const whole = writeExactModel(lowered);
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

/** |ours - theirs| / |theirs| by norms; NaN when anything was left unwritten or has another size. */
export function distance(elementType: string, ours: Uint8Array, theirs: Uint8Array): number {
  const numbers = (bytes: Uint8Array): readonly number[] => {
    const { buffer } = Uint8Array.from(bytes);
    return elementType === "float32"
      ? Array.from(new Float32Array(buffer))
      : Array.from(new Uint8Array(buffer));
  };
  const [a, b] = [numbers(ours), numbers(theirs)];
  if (a.length !== b.length) {
    return Number.NaN;
  }
  const norm = (values: readonly number[]) =>
    Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return norm(a.map((value, i) => value - (b[i] ?? 0))) / Math.max(norm(b), 1e-30);
}
