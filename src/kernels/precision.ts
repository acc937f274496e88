/** Storage and multiplication of a model's floating-point numbers on the device. */
import type { FloatStorage } from "./operator-call.js";

/** The ways to choose from. */
export const PRECISIONS = ["tf32", "ieee", "torch", "f16"] as const;

/**
 * `ieee`: f32 throughout. `tf32`: f32 in memory, products on tensor cores with 10-bit mantissas, as ONNX
 * Runtime does by default. `torch`: convolutions like `tf32`, matrix products like `ieee`, as PyTorch
 * does by default. `f16`: halves in memory and in products, sums in f32.
 */
export type Precision = (typeof PRECISIONS)[number];

/** How products of f32 data are made: in full precision, or on tensor cores with 10-bit mantissas. */
export type ProductMath = "ieee" | "tf32";

/** The effect of a precision on memory and on each kind of product. */
export interface PrecisionPlan {
  readonly floats: FloatStorage;
  readonly conv: ProductMath;
  readonly gemm: ProductMath;
  /** Largest |out - ref| / |ref| of a whole model's output, by norms, that counts as correct. */
  readonly tolerance: number;
}

const PLANS: Readonly<Record<Precision, PrecisionPlan>> = {
  ieee: { floats: "f32", conv: "ieee", gemm: "ieee", tolerance: 1e-3 },
  tf32: { floats: "f32", conv: "tf32", gemm: "tf32", tolerance: 5e-3 },
  torch: { floats: "f32", conv: "tf32", gemm: "ieee", tolerance: 5e-3 },
  f16: { floats: "f16", conv: "tf32", gemm: "tf32", tolerance: 2e-2 },
};

/** Returns the effect of a precision. */
export function precisionPlan(precision: Precision): PrecisionPlan {
  return PLANS[precision];
}

/** The precision of this name; `undefined` where there is none, or it is no text. */
export function precisionNamed(name: unknown): Precision | undefined {
  return PRECISIONS.find((precision) => precision === name);
}
