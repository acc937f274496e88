import type { ArrivalProcess, Workload } from "./workload.js";

/**
 * Requests and changes of state of a sample, at its busiest; `Infinity`: it would never end. For drawing that stays
 * within `MAX_REQUESTS`. Cost: O(gaps of traces).
 */
export function mostRequests({ models, durationNs }: Workload): number {
  return models.reduce((sum, each) => sum + mostOf(each.process, durationNs), 0);
}

function mostOf(source: ArrivalProcess, durationNs: number): number {
  const seconds = durationNs / 1e9;
  switch (source.kind) {
    case "constant":
    case "poisson":
      return source.ratePerSecond * seconds;
    case "diurnal":
      return source.ratePerSecond * (1 + source.swing) * seconds;
    case "mmpp": {
      const { states } = source;
      const roundNs = states.reduce((sum, { meanNs }) => sum + meanNs, 0);
      const changes = (states.length * durationNs) / roundNs;
      return Math.max(changes, ...states.map((state) => state.ratePerSecond * seconds));
    }
    case "trace":
      return mostOfTrace(source.gapsNs, durationNs);
  }
}

/** Requests of a trace in a time, of the busiest quarter: purposes have one or two of them. */
export function mostOfTrace(gapsNs: Float64Array, durationNs: number): number {
  const quarter = (at: number): number => Math.round((at / 4) * gapsNs.length);
  const counts = [0, 1, 2, 3].map((at) => {
    const part = gapsNs.subarray(quarter(at), quarter(at + 1));
    return part.length * Math.ceil(durationNs / part.reduce((sum, gap) => sum + gap, 0) + 1);
  });
  return Math.max(...counts);
}
