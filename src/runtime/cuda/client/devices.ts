/** The helper's report on GPUs and on NVIDIA's libraries. */
import type { HelperError } from "./helper-error.js";

/** One place where a library was looked for, and why it was not taken. */
export interface TriedPath {
  readonly name: string;
  readonly error: string;
}

/** The result of looking for one library. */
export type LibraryReport =
  | {
      readonly found: true;
      readonly path: string;
      /** As reported by the library itself, `13.0` or `9.12.0`; absent if it reports none. */
      readonly version?: string;
      /** Functions that the helper uses and the library lacks; empty when it can be used. */
      readonly missing: readonly string[];
    }
  | { readonly found: false; readonly tried: readonly TriedPath[] };

/** A device's figures, as the driver reports them. */
export interface CudaDevice {
  readonly index: number;
  readonly name: string;
  /** Compute capability, `[9, 0]`. */
  readonly capability: readonly [number, number];
  readonly multiprocessors: number;
  readonly threadsPerMultiprocessor: number;
  readonly blocksPerMultiprocessor: number;
  readonly registersPerMultiprocessor: number;
  readonly sharedBytesPerMultiprocessor: number;
  /** Most that a kernel can ask for a thread block. */
  readonly sharedBytesPerBlock: number;
  /** Shared memory that the system itself reserves for every thread block. */
  readonly sharedBytesReservedPerBlock: number;
  readonly threadsPerBlock: number;
  readonly warpSize: number;
  readonly l2Bytes: number;
  readonly memoryBytes: number;
  /** Highest clock of the multiprocessors, kHz. */
  readonly clockKhz: number;
  readonly memoryClockKhz: number;
  readonly memoryBusBits: number;
}

/** The libraries besides the driver. */
export type MathLibrary = "nvrtc" | "cublasLt" | "cublas" | "cudnn";

/** The helper's findings on this machine. */
export interface ProbeResult {
  readonly driver: LibraryReport;
  /** The CUDA version that the driver supports, `13.0`. */
  readonly driverVersion?: string;
  readonly libraries: Readonly<Record<MathLibrary, LibraryReport>>;
  readonly devices: readonly CudaDevice[];
  /** Why no device can be used; absent when one can. */
  readonly problem?: HelperError;
  /** Possible causes of trouble: libraries of different major versions. */
  readonly warnings: readonly string[];
}
