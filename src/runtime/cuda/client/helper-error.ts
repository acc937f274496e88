/** The helper's refusals of requests. */

/** All reasons for which the helper refuses a request. */
export const HELPER_ERROR_CODES = [
  "no-cuda-driver",
  "driver-too-old",
  "no-device",
  "library-missing",
  "cuda-error",
  "cublas-error",
  "cudnn-error",
  "nvrtc-error",
  "io-error",
  "unsupported",
  "bad-request",
  "unknown-op",
  "not-open",
  "internal",
] as const;

/** Why the helper refused a request. */
export type HelperErrorCode = (typeof HELPER_ERROR_CODES)[number];

/** The helper's code of an error. */
export interface HelperError {
  readonly code: HelperErrorCode;
  /** One line. */
  readonly message: string;
  /** The call and its status, NVRTC's log, the places looked at. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** The device is lost to this process: it ends after the response. */
  readonly fatal: boolean;
}

const [NO_CUDA_DRIVER] = HELPER_ERROR_CODES;

/** The helper's answer on a machine without a driver. */
export const NO_DRIVER: HelperError = {
  code: NO_CUDA_DRIVER,
  message: "the CUDA driver (libcuda.so.1) was not found",
  fatal: false,
};

/** A line that the helper writes. */
export type HelperResponse =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly id: number | null; readonly ok: false; readonly error: HelperError };
