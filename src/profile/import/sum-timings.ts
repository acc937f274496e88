import type { Timing } from "../profile.js";
import { timingOf } from "../timing.js";
import type { ImportedPart } from "./imported-part.js";

/**
 * The time of several parts one after the other: run by run where the tool gives runs, else medians and
 * quantiles added up, which is near the quantiles of the sum.
 *
 * Requires: at least one part.
 */
export function sumTimings(parts: readonly ImportedPart[]): Timing {
  const [first, ...others] = parts;
  const runs = first?.samplesNs?.length ?? 0;
  if (runs > 0 && others.every(({ samplesNs }) => samplesNs?.length === runs)) {
    const sums = Array.from({ length: runs }, (_, run) =>
      parts.reduce((sum, { samplesNs }) => sum + (samplesNs?.[run] ?? 0), 0),
    );
    return timingOf(sums);
  }
  const total = (field: "medianNs" | "p10Ns" | "p90Ns"): number =>
    parts.reduce((sum, { timing }) => sum + timing[field], 0);
  const samples = parts.reduce(
    (least, { timing }) => Math.min(least, timing.samples),
    Number.POSITIVE_INFINITY,
  );
  return { medianNs: total("medianNs"), p10Ns: total("p10Ns"), p90Ns: total("p90Ns"), samples };
}
