/** One kernel that the GPU runs for an operator. */
export interface Kernel {
  /** Thread blocks of the grid. */
  readonly threadBlocks: number;
  readonly threadsPerBlock: number;
  readonly registersPerThread: number;
  readonly sharedBytesPerBlock: number;
  /** Floating-point operations of the whole kernel. */
  readonly flops: number;
  /** Bytes to and from device memory of the whole kernel. */
  readonly bytes: number;
  /** Arithmetic that it uses. */
  readonly arithmetic: "float32" | "tensorFloat32" | "float16";
  /** Duration alone on the device, integer nanoseconds. */
  readonly durationNs: number;
  /** Kernels that this one stands for, one after the other with their gaps; absent: itself alone. */
  readonly repeats?: number;
}
