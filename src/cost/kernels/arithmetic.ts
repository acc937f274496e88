import { type ElementType, elementBits } from "../../ir/element-type.js";
import type { DeviceModel } from "../device-model.js";
import type { Kernel } from "../kernel.js";

/** Arithmetic of 32-bit matrix products: `tf32` as libraries do by default, `ieee` in full. */
export type MathMode = "tf32" | "ieee";

/** What a matrix product runs on, and with which elements. */
export interface ProductContext {
  readonly elementType: ElementType;
  readonly device: DeviceModel;
  readonly math: MathMode;
}

/** The arithmetic of products of such elements. */
export function arithmeticOf({
  elementType,
  math,
}: Pick<ProductContext, "elementType" | "math">): Kernel["arithmetic"] {
  return elementBits(elementType) < 32 ? "float16" : math === "tf32" ? "tensorFloat32" : "float32";
}

/** Whether the device has matrix units for an arithmetic. */
export function hasMatrixUnits(arithmetic: Kernel["arithmetic"], { flops }: DeviceModel): boolean {
  return flops[arithmetic] > flops.float32;
}

/** FLOP/s that kernels reach at most, all SMs together. */
export function reachedRate(arithmetic: Kernel["arithmetic"], device: DeviceModel): number {
  const { float32 = 1, matrix = 1 } = device.reached ?? {};
  return device.flops[arithmetic] * (hasMatrixUnits(arithmetic, device) ? matrix : float32);
}
