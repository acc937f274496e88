import { type ElementType, elementBits } from "../../ir/element-type.js";
import type { ProductShape } from "../../ir/operator-form.js";
import type { OperatorWork } from "../../ir/operator-graph.js";
import type { DeviceModel } from "../device-model.js";
import type { Kernel } from "../kernel.js";
import { matrixKernels } from "./tile.js";

/** Arithmetic of 32-bit matrix products: `tf32` as libraries do by default, `ieee` in full. */
export type MathMode = "tf32" | "ieee";

/** What a matrix product runs on, and with which elements. */
export interface ProductContext {
  readonly elementType: ElementType;
  readonly device: DeviceModel;
  readonly math: MathMode;
}

/** The kernels of an operator that is a matrix product of `shape` and moves `bytes`. */
export function productKernels(
  shape: ProductShape,
  bytes: number,
  { elementType, device, math }: ProductContext,
): readonly Kernel[] {
  const bits = elementBits(elementType);
  const arithmetic = bits < 32 ? "float16" : math === "tf32" ? "tensorFloat32" : "float32";
  return matrixKernels(
    { ...shape, bytes, elementBytes: Math.max(1, bits / 8), arithmetic },
    device,
  );
}

/** All bytes that an operator moves. */
export function trafficOf(work: OperatorWork): number {
  return work.bytesRead + work.bytesWritten + work.parameterBytes;
}
