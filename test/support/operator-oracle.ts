/**
 * One operator on the emulated device against ONNX Runtime, on random inputs; quantized operators
 * against their definitions (`integer-oracle.ts`).
 */
import { present } from "../../src/core/invariant.js";
import { type Random, seededRandom } from "../../src/core/random.js";
import type { ElementType } from "../../src/ir/element-type.js";
import { emitModel } from "../../src/kernels/emit.js";
import { STORAGE_BYTES, type StorageType } from "../../src/kernels/language/expression.js";
import type { KernelCode } from "../../src/kernels/language/kernel.js";
import { sizeOf } from "../../src/kernels/language/layout.js";
import { storageOf } from "../../src/kernels/operator-call.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import { bindSession, createSession } from "../../src/runtime/onnx-runtime.js";
import { type TensorData, tensorBytes } from "../../src/runtime/tensor-data.js";
import { poisoned, runNode } from "./device-emulator.js";
import { elementsAt } from "./device-memory.js";
import { exactOutputs } from "./integer-oracle.js";
import { onnxRuntime } from "./onnx-runtime.js";
import { encodeCase, lowerBytes, type OperatorCase } from "./operator-models.js";

/** An operator with the values that its inputs may have. */
export interface OracleCase extends OperatorCase {
  /** Bounds of random elements by input, `[low, high)`; default [-2, 2) for floats, [0, 2) else. */
  readonly ranges?: readonly (readonly [number, number] | undefined)[];
  /** How many random inputs; default 2, fewer where much is computed. */
  readonly seeds?: number;
  /** Largest |ours - theirs| / max(1, |theirs|); default 2e-5. */
  readonly tolerance?: number;
}

/** What was compared. */
export interface OracleOutcome {
  readonly problems: readonly string[];
  readonly elements: number;
  readonly kernels: readonly KernelCode[];
}

/** Runs the case both ways; what differs is listed. */
export async function compareWithRuntime(each: OracleCase, seed: number): Promise<OracleOutcome> {
  const bytes = encodeCase(each);
  const lowered = await lowerBytes(bytes);
  if (!lowered.ok) {
    throw new Error(lowered.error[0].message);
  }
  const { graph, model, types } = lowered.value;
  const random = seededRandom(seed);
  const feeds = new Map(
    model.graph.inputs.map(({ name }) => {
      const type = present(types.get(name), name);
      const range = each.ranges?.[Number(name.slice(1))];
      return [name, randomTensor(type.elementType, type.dims, range, random)] as const;
    }),
  );
  const emitted = emitModel(lowered.value, {
    floats: "f32",
    estimateUnsupported: false,
  });
  if (!emitted.ok) {
    throw new Error(emitted.error[0].message);
  }
  const memories = new Map<string, ArrayBuffer>();
  const memory = (key: string, size: () => number): ArrayBuffer => {
    const known = memories.get(key) ?? poisoned(size());
    memories.set(key, known);
    return known;
  };
  for (const [name, feed] of feeds) {
    memories.set(name, Uint8Array.from(feed.bytes).buffer);
  }
  for (const tensor of model.graph.initializers) {
    const { payload } = tensor;
    if (payload.kind === "inline") {
      memories.set(tensor.name, Uint8Array.from(payload.bytes).buffer);
    }
  }
  const kernels: KernelCode[] = [];
  emitted.value.plans.forEach(({ nodes, scratchBytes }, operator) => {
    for (const node of nodes) {
      if (node.kind === "kernel") {
        kernels.push(node.kernel);
      }
      runNode(node, (place) => {
        switch (place.kind) {
          case "tensor": {
            const tensor = present(graph.tensors[place.id], "tensor");
            return memory(tensor.name, () => tensorBytes(tensor));
          }
          case "constant":
            return present(memories.get(place.name), `constant ${place.name}`);
          case "joint":
            throw new Error("a single operator has no joint tensors");
          case "scratch":
            return memory(`${operator}/${place.index}`, () => scratchBytes[place.index] ?? 0);
        }
      });
    }
  });
  const reference = await expectedOutputs(lowered.value, bytes, feeds);
  const problems: string[] = [];
  let elements = 0;
  for (const id of graph.outputs) {
    const tensor = present(graph.tensors[id], "tensor");
    const theirs = reference.get(tensor.name);
    const ours = memories.get(tensor.name) ?? new ArrayBuffer(0);
    const storage = present(storageOf(tensor.elementType, "f32"), "storage");
    elements += sizeOf(tensor.dims);
    problems.push(
      ...differences(tensor.name, storage, ours, present(theirs, tensor.name), each.tolerance),
    );
  }
  return { problems, elements, kernels };
}

/** A tensor of random elements in `[low, high)`; integers below 2 and floats in [-2, 2) unless given. */
export function randomTensor(
  elementType: ElementType,
  dims: readonly number[],
  range: readonly [number, number] | undefined,
  random: Random,
): TensorData {
  const bytes = tensorBytes({ elementType, dims });
  const storage = present(storageOf(elementType, "f32"), "storage");
  const isFloat = elementType.startsWith("float");
  const [low, high] = range ?? (isFloat ? [-2, 2] : [0, 2]);
  const buffer = new ArrayBuffer(bytes);
  const elements = elementsAt(storage, buffer, 0, bytes / STORAGE_BYTES[storage]);
  for (let i = 0; i < elements.count; i++) {
    elements.set(i, isFloat ? random.between(low, high) : low + random.integer(high - low));
  }
  return { elementType, dims, bytes: new Uint8Array(buffer) };
}

/** What the case must give: by definition where it is quantized, else what ONNX Runtime gives. */
export async function expectedOutputs(
  lowered: LoweredModel,
  bytes: Uint8Array,
  feeds: ReadonlyMap<string, TensorData>,
): Promise<ReadonlyMap<string, TensorData>> {
  return exactOutputs(lowered, feeds) ?? (await runtimeOutputs(bytes, feeds));
}

/** What ONNX Runtime gives, unoptimized. */
export async function runtimeOutputs(
  bytes: Uint8Array,
  feeds: ReadonlyMap<string, TensorData>,
): Promise<ReadonlyMap<string, TensorData>> {
  const runtime = onnxRuntime();
  const session = await createSession(runtime, bytes, { level: "disabled" }, "case");
  if (!session.ok) {
    throw new Error(session.error[0].message);
  }
  const bound = bindSession(runtime, session.value, feeds, "case");
  try {
    const outputs = await bound.run();
    if (!outputs.ok) {
      throw new Error(outputs.error[0].message);
    }
    return outputs.value;
  } finally {
    await bound.release();
  }
}

function differences(
  name: string,
  storage: StorageType,
  ours: ArrayBuffer,
  theirs: TensorData,
  tolerance = 2e-5,
): readonly string[] {
  const reference = Uint8Array.from(theirs.bytes).buffer;
  if (ours.byteLength !== reference.byteLength) {
    return [`${name}: ${ours.byteLength} bytes, not ${reference.byteLength}`];
  }
  const count = ours.byteLength / STORAGE_BYTES[storage];
  const [a, b] = [elementsAt(storage, ours, 0, count), elementsAt(storage, reference, 0, count)];
  for (let i = 0; i < count; i++) {
    const [left, right] = [a.get(i), b.get(i)];
    const gap = Math.abs(left - right) / Math.max(1, Math.abs(right));
    const isSame = left === right || (Number.isNaN(left) && Number.isNaN(right));
    if (!isSame && !(gap <= tolerance)) {
      return [`${name}[${i}] of ${count}: ${left}, not ${right}`];
    }
  }
  return [];
}
