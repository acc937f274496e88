import type { ProductShape } from "../../ir/operator-form.js";
import type { OperatorWork } from "../../ir/operator-graph.js";
import type { DeviceModel } from "../device-model.js";
import type { Kernel } from "../kernel.js";
import { arithmeticOf, hasMatrixUnits, type ProductContext } from "./arithmetic.js";
import { matrixKernels, type ProductWay } from "./tile.js";

/** Chosen on products of PyTorch on a V100 (32-bit) and in traces of an A100. */
const ORDINARY: ProductWay = { mostSplits: 32, leastTile: 0, extraK: 8, fixedNs: 500 };

/** Chosen on traces of an A100 (TF32) and an H100 (16 bits) and on a V100 (16 bits). */
const MATRIX_UNITS: ProductWay = { mostSplits: 32, leastTile: 0, extraK: 64, fixedNs: 4000 };

/** How libraries go about matrix products. */
export function productWay(arithmetic: Kernel["arithmetic"], device: DeviceModel): ProductWay {
  return hasMatrixUnits(arithmetic, device) ? MATRIX_UNITS : ORDINARY;
}

/** The kernels of an operator that is a matrix product of `shape` and moves `bytes`. */
export function productKernels(
  shape: ProductShape,
  bytes: number,
  context: ProductContext,
): readonly Kernel[] {
  const { device } = context;
  const arithmetic = arithmeticOf(context);
  return matrixKernels({ ...shape, bytes, arithmetic }, device, productWay(arithmetic, device));
}

/** All bytes that an operator moves. */
export function trafficOf(work: OperatorWork): number {
  return work.bytesRead + work.bytesWritten + work.parameterBytes;
}
