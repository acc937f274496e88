import { ok, type Result } from "../../core/result.js";
import { multipliesBytes } from "../../onnx/exact-products.js";
import { writeExactModel, writeWholeModel } from "../../onnx/extract-submodel.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import {
  bindSession,
  createSession,
  loadOnnxRuntime,
  type OnnxRuntime,
  type SessionOptions,
} from "../../runtime/onnx-runtime.js";
import { type ExactProducts, probeProducts } from "../../runtime/product-probe.js";
import type { TensorData } from "../../runtime/tensor-data.js";
import { elementsOver } from "../../runtime/tensor-data.js";
import { comparedOutputs, modelOutputsOf } from "../worker-plan-of.js";

/** Outputs by name. */
export type Outputs = ReadonlyMap<string, TensorData>;

/** The outputs to compare with, and how far ONNX Runtime can be trusted with them. */
export interface Reference {
  /** `undefined`: products of bytes are not exact on this processor in any way that we know. */
  readonly outputs: Outputs | undefined;
  /** All outputs of the model, those that no schedule computes among them. */
  readonly whole: Outputs;
  /** `undefined`: the model has no products of bytes, nothing was tried. */
  readonly products: ExactProducts | undefined;
}

/**
 * The outputs of ONNX Runtime on the CPU for the same inputs, of the kind that a schedule computes.
 * Products of bytes are put so that they are exact on every processor (`exact-products.ts`), and
 * operators that dequantize stay apart from the products behind them, as on the GPU.
 *
 * Fails: `onnxruntime-missing`, `onnxruntime-refused-model`, `onnxruntime-run-failed`, and as
 * `writeWholeModel`.
 */
export async function referenceOutputs(
  lowered: LoweredModel,
  feeds: Outputs,
): Promise<Result<Reference>> {
  const runtime = await loadOnnxRuntime();
  if (!runtime.ok) {
    return runtime;
  }
  if (!multipliesBytes(lowered)) {
    const outputs = await runWhole(runtime.value, lowered, writeWholeModel(lowered), feeds, {});
    return outputs.ok ? ok(referenceOf(lowered, outputs.value, undefined)) : outputs;
  }
  const products = await probeProducts(runtime.value);
  if (!products.ok) {
    return products;
  }
  if (!products.value.unsigned) {
    return ok({ outputs: undefined, whole: new Map(), products: products.value });
  }
  const options = { extra: { disable_quant_qdq: "1" } };
  const outputs = await runWhole(runtime.value, lowered, writeExactModel(lowered), feeds, options);
  return outputs.ok ? ok(referenceOf(lowered, outputs.value, products.value)) : outputs;
}

function referenceOf(
  lowered: LoweredModel,
  whole: Outputs,
  products: ExactProducts | undefined,
): Reference {
  const names = comparedOutputs(lowered);
  return { outputs: new Map([...whole].filter(([name]) => names.has(name))), whole, products };
}

async function runWhole(
  runtime: OnnxRuntime,
  lowered: LoweredModel,
  whole: Result<Uint8Array>,
  feeds: Outputs,
  options: SessionOptions,
): Promise<Result<Outputs>> {
  const { path } = lowered.model;
  if (!whole.ok) {
    return whole;
  }
  const session = await createSession(runtime, whole.value, options, path);
  if (!session.ok) {
    return session;
  }
  const bound = bindSession(runtime, session.value, feeds, path);
  try {
    return await bound.run();
  } finally {
    await bound.release();
  }
}

/**
 * Largest |ours - theirs| / |theirs| over the outputs, by Euclidean norms; `Number.MAX_VALUE` when an
 * output is missing, has another size, or has NaN or infinity where the reference has not.
 *
 * Requires: `tensors` are the graph's output tensors, by tensor name.
 */
export function outputDistance(lowered: LoweredModel, tensors: Outputs, theirs: Outputs): number {
  const ours = modelOutputsOf(lowered, tensors);
  let largest = 0;
  for (const [name, reference] of theirs) {
    const output = ours.get(name);
    const distance =
      output === undefined || output.bytes.length !== reference.bytes.length
        ? Number.MAX_VALUE
        : normDistance(numbersOf(output), numbersOf(reference));
    largest = Math.max(largest, distance);
  }
  return largest;
}

/** Returns whether two runs computed the same bytes. */
export function sameOutputs(a: Outputs, b: Outputs): boolean {
  return (
    a.size === b.size &&
    [...a].every(([name, { bytes }]) => {
      const other = b.get(name);
      return other !== undefined && Buffer.compare(bytes, other.bytes) === 0;
    })
  );
}

function normDistance(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  let gap = 0;
  let size = 0;
  for (let i = 0; i < theirs.length; i++) {
    const [a, b] = [ours[i] ?? Number.NaN, theirs[i] ?? Number.NaN];
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) {
      size += Number.isFinite(b) ? b * b : 0;
      continue;
    }
    gap += (a - b) * (a - b);
    size += b * b;
  }
  const distance = gap === 0 ? 0 : Math.sqrt(gap / (size === 0 ? 1 : size));
  return Number.isFinite(distance) ? distance : Number.MAX_VALUE;
}

function numbersOf({ elementType, bytes }: TensorData): ArrayLike<number> {
  const buffer = Uint8Array.from(bytes).buffer;
  const elements = elementsOver(elementType, buffer, bytes.length);
  return elements instanceof BigInt64Array || elements instanceof BigUint64Array
    ? Float64Array.from(elements as BigInt64Array, Number)
    : elements;
}
