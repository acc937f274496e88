import type { DeviceModel } from "../device-model.js";

/** Share of the data sheet's bandwidth that well-formed kernels reach. */
const REACHED = 0.85;

/** Share of the SMs that together can draw all of the bandwidth. */
const SATURATING_SMS = 0.4;

/**
 * Bytes per second that `threadBlocks` thread blocks can draw from device memory: proportional to
 * the SMs they keep busy until two fifths of the SMs are, then 85 % of the data sheet's figure.
 *
 * Source: Little's law; one SM has a limited number of requests under way.
 */
export function drawableBandwidth(threadBlocks: number, device: DeviceModel): number {
  const busy = Math.min(threadBlocks, device.sms);
  const share = Math.min(1, busy / (device.sms * SATURATING_SMS));
  return device.memoryBandwidth * REACHED * share;
}
