import { multipliesBytes } from "../onnx/exact-products.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { loadOnnxRuntime } from "./onnx-runtime.js";
import { probeProducts } from "./product-probe.js";

/**
 * The reason why two runs in ONNX Runtime may have different outputs here; `undefined`: they may not.
 *
 * Where products of unsigned by signed bytes saturate, outputs depend on which operators ONNX Runtime
 * makes such products of, and that differs between parts of a model and the whole.
 */
export async function whyOutputsMayDiffer(lowered: LoweredModel): Promise<string | undefined> {
  if (!multipliesBytes(lowered)) {
    return undefined;
  }
  const runtime = await loadOnnxRuntime();
  const products = runtime.ok ? await probeProducts(runtime.value) : runtime;
  return products.ok && !products.value.mixed ? SATURATING : undefined;
}

const SATURATING =
  "ONNX Runtime's products of unsigned by signed 8-bit numbers saturate on this processor, more or " +
  "fewer of them in parts of a model than in the whole: outputs that differ are not held against the schedule";
