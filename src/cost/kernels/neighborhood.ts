import type { Operator } from "../../ir/operator-graph.js";
import type { DeviceModel } from "../device-model.js";
import { isDepthwise } from "./convolution.js";

/** Share of the peak arithmetic that kernels reach which make each result from others' neighbors. */
const CUDNN_DEPTHWISE = 0.05;
const TUNED_DEPTHWISE = 0.25;
const POOL = 0.018;

/**
 * The share of the peak arithmetic that the kernel of a depthwise convolution or pool reaches; `undefined` for other operators.
 *
 * They take as long as their taps, whatever their shape. Chosen on MobileNetV2 at batch 4 (depthwise) and on pools of
 * TensorFlow, both on a V100.
 */
export function neighborhoodEfficiency(
  { type, products }: Pick<Operator, "type" | "products">,
  { library }: DeviceModel,
): number | undefined {
  if (products?.some(isDepthwise) === true) {
    return library === "tuned" ? TUNED_DEPTHWISE : CUDNN_DEPTHWISE;
  }
  return /(Max|Average|Lp)Pool$/.test(type) && library !== "tuned" ? POOL : undefined;
}
