/**
 * A probe of whether ONNX Runtime multiplies bytes exactly on this processor.
 *
 * Without VNNI, an x86 processor saturates sums of two products of unsigned by signed bytes at 16 bits
 * (`src/onnx/exact-products.ts` explains why). ONNX Runtime reports nothing about it; one product
 * whose sums are known does.
 */
import { ok, type Result } from "../core/result.js";
import { productModel } from "../onnx/product-model.js";
import { bindSession, createSession, type OnnxRuntime } from "./onnx-runtime.js";

/** The kinds of byte products that are exact here. */
export interface ExactProducts {
  /** Unsigned by signed bytes: what most quantized models ask for. */
  readonly mixed: boolean;
  /** Unsigned by unsigned bytes: what the reference for GPUs asks for. */
  readonly unsigned: boolean;
}

const KNOWN = new WeakMap<OnnxRuntime, ExactProducts>();

/**
 * Multiplies once in each way; answers from memory after that.
 *
 * Fails: `onnxruntime-refused-model`, `onnxruntime-run-failed`. Cost: milliseconds, once in a process.
 */
export async function probeProducts(runtime: OnnxRuntime): Promise<Result<ExactProducts>> {
  const known = KNOWN.get(runtime);
  if (known !== undefined) {
    return ok(known);
  }
  const mixed = await isExact(runtime, "int8");
  if (!mixed.ok) {
    return mixed;
  }
  const unsigned = await isExact(runtime, "uint8");
  if (!unsigned.ok) {
    return unsigned;
  }
  const found = { mixed: mixed.value, unsigned: unsigned.value };
  KNOWN.set(runtime, found);
  return ok(found);
}

async function isExact(runtime: OnnxRuntime, second: "int8" | "uint8"): Promise<Result<boolean>> {
  const where = "a product of bytes";
  const model = productModel(second);
  if (!model.ok) {
    return model;
  }
  // Unoptimized: a product of constants is not computed before it is needed.
  const session = await createSession(runtime, model.value.bytes, { level: "disabled" }, where);
  if (!session.ok) {
    return session;
  }
  const bound = bindSession(runtime, session.value, new Map(), where);
  try {
    const outputs = await bound.run();
    if (!outputs.ok) {
      return outputs;
    }
    const { exact } = model.value;
    const sums = outputs.value.get("sums");
    const values = new Int32Array(Uint8Array.from(sums?.bytes ?? []).buffer);
    return ok(values.length > 0 && values.every((value) => value === exact));
  } finally {
    await bound.release();
  }
}
