/**
 * Which of the measured schedules an artifact takes.
 *
 * Every candidate is compared with the sequential baseline of the same rounds. A candidate is
 * better only if the whole interval of its relative time lies below 1 by more than the noise, the
 * difference that the baseline shows against itself, and its median below that of the baseline. Among those the least median wins; if there
 * are none the artifact is sequential, with one thread or, where ONNX Runtime's own threads are
 * better by the same rule and no candidate is, with all cores.
 *
 * Without measurements the first in rank is taken, on a CPU the fastest predicted, and the artifact says so.
 */

import { present } from "../core/invariant.js";
import type { RelativeTime, ScheduleMeasurement, ScheduleTiming } from "../profile/profile.js";
import type { Candidate, Candidates } from "../search/operator/candidates.js";
import type { DecisionReason } from "./artifact.js";

/** The choice, and what it rests on. */
export interface Decision {
  readonly candidate: Candidate;
  readonly threadsPerStream: number;
  readonly reason: DecisionReason;
}

/** Times at least this far apart count as different, whatever the noise floor says. */
const LEAST_DIFFERENCE = 0.01;

/** Outputs further apart than this, relatively, are wrong and not merely rounded otherwise. */
const MOST_DIFFERENCE = 1e-3;

/**
 * Chooses among `candidates`. `timingOf` gives the measurement of a candidate, where there is one.
 *
 * Order: least median, then the rank of the candidates.
 */
export function decide(
  candidates: Candidates,
  measurement: ScheduleMeasurement | undefined,
  timingOf: (candidate: Candidate) => ScheduleTiming | undefined,
): Decision {
  const sequential = present(
    candidates.ranked.find(({ algorithm }) => algorithm === "sequential"),
    "sequential candidate",
  );
  if (measurement === undefined) {
    const candidate = present(candidates.ranked[0], "candidate");
    return { candidate, threadsPerStream: 1, reason: "fastest-predicted" };
  }
  const margin = 1 - Math.max(LEAST_DIFFERENCE, measurement.noiseRatio);
  const baseNs = measurement.baselines.find(({ name }) => name === "sequential")?.latency.medianNs;
  let best: { readonly decision: Decision; readonly relative: RelativeTime } | undefined;
  const offer = (
    decision: Decision,
    { relative, latency }: Pick<ScheduleTiming, "relative" | "latency">,
  ): void => {
    const isBetter =
      relative.high < margin &&
      relative.median < (best?.relative.median ?? 1) &&
      latency.medianNs < (baseNs ?? 0);
    if (isBetter) {
      best = { decision, relative };
    }
  };
  for (const candidate of candidates.ranked) {
    const timing = timingOf(candidate);
    if (
      timing !== undefined &&
      candidate.schedule.streams > 1 &&
      timing.outputs.maxRelative < MOST_DIFFERENCE
    ) {
      const reason: DecisionReason = "fastest-measured";
      offer({ candidate, threadsPerStream: 1, reason }, timing);
    }
  }
  const allCores = measurement.baselines.find(({ name }) => name === "all-cores");
  if (allCores !== undefined && allCores.intraThreads > 1) {
    const threadsPerStream = allCores.intraThreads;
    const reason: DecisionReason = "all-cores-fastest";
    offer({ candidate: sequential, threadsPerStream, reason }, allCores);
  }
  return (
    best?.decision ?? {
      candidate: sequential,
      threadsPerStream: 1,
      reason: "nothing-beats-sequential",
    }
  );
}
