import type { CudaTarget } from "../driver/cuda/with-device.js";
import type { Precision } from "../kernels/precision.js";
import type { FusionList } from "../onnx/kernel-groups.js";
import type { GivenInputs } from "../runtime/tensor-files/given-inputs.js";

/** Options of commands that work on a GPU. */
export interface CudaOptions {
  readonly math: Precision;
  readonly estimateUnsupported?: boolean;
  readonly fuse: FusionList;
  readonly seed: number;
}

/** The GPU that a command works on. */
export function cudaTarget(
  options: CudaOptions,
  device: number,
  given: GivenInputs | undefined,
): CudaTarget {
  const { math, seed, fuse } = options;
  const estimateUnsupported = options.estimateUnsupported === true;
  const inputs = { seed, given };
  return { device, precision: math, estimateUnsupported, fuse, inputs };
}
