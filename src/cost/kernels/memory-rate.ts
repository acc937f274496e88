import type { DeviceModel } from "../device-model.js";

/** Share of the data sheet's bandwidth that well-formed kernels reach, where no measurement says. */
const REACHED = 0.85;

/** Part of that which half of the SMs draw. */
const HALF_OF_THE_SMS = 0.92;

/**
 * Bytes per second that `threadBlocks` thread blocks can draw from device memory: half of the SMs draw
 * 92 % of what all draw, and below that it is proportional to their number.
 *
 * Source: Little's law; one SM has a limited number of requests under way. The figure is from
 * element-wise kernels of few thread blocks on a V100 and an A100 (docs/fidelity.md).
 */
export function drawableBandwidth(threadBlocks: number, device: DeviceModel): number {
  const busy = Math.min(threadBlocks, device.sms) / device.sms;
  const share =
    busy < 0.5
      ? 2 * HALF_OF_THE_SMS * busy
      : HALF_OF_THE_SMS + (1 - HALF_OF_THE_SMS) * (2 * busy - 1);
  return device.memoryBandwidth * (device.reached?.bandwidth ?? REACHED) * share;
}
