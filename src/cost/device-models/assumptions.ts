/** Assumptions that all device models share, and where their ends are from. */
import type { AssumedRanges } from "../assumed-ranges.js";

/** Why an event may be as quick as a launch gap, and 3 us slower than it is taken to be. */
export const EVENT_SOURCE: string =
  "assumed: no quicker than a launch gap; with 3 us more than is used, the published speed-ups of docs/fidelity.md are predicted without bias, so that they do not rule it out";

/** Why kernels may have to be started one by one. */
export const DISPATCH_SOURCE: string =
  "assumed, no measurement is known: at best any number of kernels starts at once; at worst the front end is busy with one kernel for a whole launch gap, which that work is a part of";

/** How kernels share a device. */
export const SHARED_ASSUMPTIONS: Pick<AssumedRanges, "interference" | "sharing"> = {
  interference: {
    low: 0,
    high: 0.1,
    source:
      "assumed: nothing; and a tenth, with which the published speed-ups of docs/fidelity.md are predicted as well as with 0.02",
  },
  sharing: {
    values: ["exclusive", "shared"],
    source:
      "assumed: published speed-ups agree best with exclusive SMs (docs/fidelity.md), but kernels that use different parts of an SM can share it",
  },
};
