import type { DeviceModel } from "../device-model.js";
import type { Kernel } from "../kernel.js";
import { drawableBandwidth } from "./memory-rate.js";

/** A kernel that streams over its data: elementwise, copies, pooling, reductions. */
export interface StreamWork {
  /** Independent pieces of work, such as results or rows. */
  readonly items: number;
  /** Items that one thread block takes. */
  readonly itemsPerBlock: number;
  readonly threadsPerBlock: number;
  readonly registersPerThread: number;
  readonly sharedBytesPerBlock: number;
  readonly flops: number;
  readonly bytes: number;
  /** Share of the peak arithmetic that it reaches. */
  readonly efficiency?: number;
}

/** How element-wise operators and copies are cut: four results to a thread. */
export const ELEMENTWISE_SHAPE = {
  itemsPerBlock: 1024,
  threadsPerBlock: 256,
  registersPerThread: 32,
  sharedBytesPerBlock: 0,
} as const;

/** Share of the peak arithmetic that such kernels reach: no matrix units, index arithmetic beside. */
const EFFICIENCY = 0.3;

/**
 * The kernel of streaming work.
 *
 * Duration: floor + max(bytes / bandwidth that the busy SMs draw, FLOPs / rate of the busy SMs).
 */
export function streamKernel(work: StreamWork, device: DeviceModel): Kernel {
  const threadBlocks = Math.max(1, Math.ceil(work.items / work.itemsPerBlock));
  const busy = Math.min(threadBlocks, device.sms);
  const memoryNs = (work.bytes / drawableBandwidth(threadBlocks, device)) * 1e9;
  const rate = ((device.flops.float32 * busy) / device.sms) * (work.efficiency ?? EFFICIENCY);
  const computeNs = (work.flops / rate) * 1e9;
  return {
    threadBlocks,
    threadsPerBlock: work.threadsPerBlock,
    registersPerThread: work.registersPerThread,
    sharedBytesPerBlock: work.sharedBytesPerBlock,
    flops: work.flops,
    bytes: work.bytes,
    arithmetic: "float32",
    durationNs: Math.round(device.kernelFloorNs + Math.max(memoryNs, computeNs)),
  };
}
