import type { Link } from "./model-costs.js";

/** What several devices reach together of their speeds: communication takes a fifth, unless said otherwise. */
export const USUAL_EFFICIENCY = 0.8;

/** What a user may say about links between devices. Units: bytes per second, microseconds. */
export interface LinkWish {
  readonly linkBandwidth?: number | undefined;
  readonly linkLatency?: number | undefined;
}

/** The link that was asked for; `undefined`: nothing was said. */
export function linkOf({ linkBandwidth, linkLatency }: LinkWish): Link | undefined {
  return linkBandwidth === undefined && linkLatency === undefined
    ? undefined
    : {
        bytesPerSecond: linkBandwidth ?? Number.POSITIVE_INFINITY,
        latencyNs: Math.round((linkLatency ?? 0) * 1000),
      };
}
