import { multipliesBytes } from "../onnx/exact-products.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { loadOnnxRuntime } from "./onnx-runtime.js";
import { probeProducts } from "./product-probe.js";

/**
 * The reason why two runs in ONNX Runtime may have different outputs here; `undefined`: they may not.
 *
 * Where products of unsigned by signed bytes saturate, outputs depend on which operators ONNX Runtime
 * makes such products of, and that differs between parts of a model and the whole. Where operators hand
 * each other float16, a part rounds what the whole model keeps in float32.
 */
export async function whyOutputsMayDiffer(lowered: LoweredModel): Promise<string | undefined> {
  if (multipliesBytes(lowered)) {
    const runtime = await loadOnnxRuntime();
    const products = runtime.ok ? await probeProducts(runtime.value) : runtime;
    if (products.ok && !products.value.mixed) {
      return SATURATING;
    }
  }
  return handsHalves(lowered) ? HALVES : undefined;
}

const SATURATING =
  "ONNX Runtime's products of unsigned by signed 8-bit numbers saturate on this processor, more or " +
  "fewer of them in parts of a model than in the whole: outputs that differ are not held against the schedule";

const HALVES =
  "ONNX Runtime computes float16 in float32 and rounds what goes from part to part of the model: outputs that " +
  "differ are not held against the schedule";

function handsHalves({ graph }: LoweredModel): boolean {
  return graph.tensors.some(
    ({ elementType, producer, consumers }) =>
      elementType === "float16" && producer !== undefined && consumers.length > 0,
  );
}
