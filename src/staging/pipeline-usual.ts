import type { Link, ModelCosts } from "./model-costs.js";

/** What several devices reach together of their speeds: communication takes a fifth, unless said otherwise. */
export const USUAL_EFFICIENCY = 0.8;

/** Micro-batches that are scheduled when nothing is said. */
export const USUAL_MICRO_BATCHES = 16;

/** What a user may say about links between devices. Units: bytes per second, microseconds. */
export interface LinkWish {
  readonly linkBandwidth?: number | undefined;
  readonly linkLatency?: number | undefined;
}

/** What was asked for of the link; `undefined`: nothing was said. */
export function linkOf({ linkBandwidth, linkLatency }: LinkWish): Partial<Link> | undefined {
  return linkBandwidth === undefined && linkLatency === undefined
    ? undefined
    : {
        ...(linkBandwidth === undefined ? {} : { bytesPerSecond: linkBandwidth }),
        ...(linkLatency === undefined ? {} : { latencyNs: Math.round(linkLatency * 1000) }),
      };
}

/** The link beside the computation: what was not said of it is as usual; `undefined`: there is none. */
export function linkBeside(
  asked: Partial<Link> | undefined,
  { link, receive }: ModelCosts,
): Link | undefined {
  return asked === undefined ? link : { ...receive, ...asked };
}
