import type { Link, ModelCosts } from "./model-costs.js";

/**
 * The default efficiency of a stage on several devices: communication costs a fifth of their speed.
 */
export const USUAL_EFFICIENCY = 0.8;

/** Micro-batches that are scheduled when nothing is said. */
export const USUAL_MICRO_BATCHES = 16;

/** The user's options for links between devices. Units: bytes per second, microseconds. */
export interface LinkOptions {
  readonly linkBandwidth?: number | undefined;
  readonly linkLatency?: number | undefined;
}

/** The given options of a link; `undefined` if none was given. */
export function linkOf({ linkBandwidth, linkLatency }: LinkOptions): Partial<Link> | undefined {
  return linkBandwidth === undefined && linkLatency === undefined
    ? undefined
    : {
        ...(linkBandwidth === undefined ? {} : { bytesPerSecond: linkBandwidth }),
        ...(linkLatency === undefined ? {} : { latencyNs: Math.round(linkLatency * 1000) }),
      };
}

/** The link of overlapped transfers, with defaults for options not given; `undefined`: no overlap. */
export function linkBeside(
  asked: Partial<Link> | undefined,
  { link, receive }: ModelCosts,
): Link | undefined {
  return asked === undefined ? link : { ...receive, ...asked };
}
