import type { DeviceModel } from "./device-model.js";
import type { Kernel } from "./kernel.js";

/** What one thread block of a kernel takes from an SM. */
export type BlockShape = Pick<
  Kernel,
  "threadsPerBlock" | "registersPerThread" | "sharedBytesPerBlock"
>;

const WARP = 32;
/** Registers are given to a warp in multiples of this. Source: CUDA occupancy calculator, 7.0 to 9.0. */
const REGISTER_UNIT = 256;

/** Registers that one thread block holds, rounded up as the hardware does. */
export function registersPerBlock(block: BlockShape): number {
  const warps = Math.ceil(block.threadsPerBlock / WARP);
  return warps * Math.ceil((block.registersPerThread * WARP) / REGISTER_UNIT) * REGISTER_UNIT;
}

/** Shared memory that one thread block holds, with what the system reserves. */
export function sharedBytesPerBlock(block: BlockShape, device: DeviceModel): number {
  return block.sharedBytesPerBlock + device.sharedBytesReservedPerBlock;
}

/**
 * Thread blocks of one kernel that one SM holds at a time: the least of the slots, threads,
 * registers and shared memory it has for them; 0 when not even one fits.
 *
 * Source: CUDA C++ Programming Guide, hardware multithreading.
 */
export function residentBlocksPerSm(block: BlockShape, device: DeviceModel): number {
  const warps = Math.ceil(block.threadsPerBlock / WARP);
  const registers = registersPerBlock(block);
  const shared = sharedBytesPerBlock(block, device);
  return Math.min(
    device.threadBlocksPerSm,
    Math.floor(device.threadsPerSm / (warps * WARP)),
    registers === 0 ? Number.POSITIVE_INFINITY : Math.floor(device.registersPerSm / registers),
    shared === 0 ? Number.POSITIVE_INFINITY : Math.floor(device.sharedBytesPerSm / shared),
  );
}
