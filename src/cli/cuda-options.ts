import { Option } from "commander";
import type { CudaTarget } from "../driver/cuda/with-device.js";
import { PRECISIONS, type Precision } from "../runtime/cuda/program/precision.js";

/** Options of commands that work on a GPU. */
export interface CudaOptions {
  readonly math: Precision;
  readonly estimateUnsupported?: boolean;
  readonly fuse?: boolean;
  readonly seed: number;
}

/** `--math`. */
export function mathOption(): Option {
  return new Option(
    "--math <mode>",
    "arithmetic of matrix products on a GPU; torch and f16 need --device cuda",
  )
    .choices(PRECISIONS)
    .default("tf32");
}

/** `--estimate-unsupported`. */
export function estimateOption(): Option {
  return new Option(
    "--estimate-unsupported",
    "on a GPU: take operators of unknown type or without GPU code as copies, for estimates only",
  );
}

/** `--fuse`. */
export function fuseOption(): Option {
  return new Option(
    "--fuse",
    "on --device cuda: compute chains of element-wise operators in one kernel each",
  );
}

/** The GPU that a command works on. */
export function cudaTarget(options: CudaOptions, device: number): CudaTarget {
  const { math, seed } = options;
  const estimateUnsupported = options.estimateUnsupported === true;
  return { device, precision: math, estimateUnsupported, fuse: options.fuse === true, seed };
}
