/** Something that ran on the device. */
interface OnDevice {
  readonly startNs: number;
  readonly endNs: number;
}

/** Share of the time that may overlap unsaid. */
const LEAST_OVERLAP = 0.01;

/**
 * A line on kernels that ran side by side, if they did: each took longer then than it does alone.
 *
 * Requires: sorted by start.
 */
export function noteOnOverlap(kernels: readonly OnDevice[]): readonly string[] {
  let busyNs = 0;
  let sumNs = 0;
  let end = 0;
  for (const { startNs, endNs } of kernels) {
    sumNs += endNs - startNs;
    busyNs += Math.max(0, endNs - Math.max(end, startNs));
    end = Math.max(end, endNs);
  }
  const share = sumNs === 0 ? 0 : 1 - busyNs / sumNs;
  return share <= LEAST_OVERLAP
    ? []
    : [
        `${Math.round(share * 100)} % of the kernels' time ran side by side with others: their times are not those alone; record on one stream`,
      ];
}
