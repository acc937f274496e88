/** Which requests are refused when there are more than can be answered. */
import type { ShedSpec } from "../arrivals/workload.js";
import { sixDigits } from "../core/six-digits.js";
import type { Interval } from "../core/statistics.js";
import type { ShedRule } from "../schedule/serving/serving-model.js";
import type { ServingJob } from "./serving-job.js";

/** Growth of a backlog that counts, as a share of what is answered. */
const LEAST_GROWTH = 0.01;

/**
 * Whether a model falls behind: its backlog grows by more than 1 % of what is answered, beyond doubt: by the lower
 * end of the 95 % confidence interval of the slope over samples. Told by six digits of each, which is what files have.
 */
export function fallsBehind({
  slope,
  throughput,
}: {
  readonly slope: Interval;
  readonly throughput: Interval;
}): boolean {
  return sixDigits(slope.mean) - sixDigits(slope.half) > LEAST_GROWTH * sixDigits(throughput.mean);
}

/**
 * The job with the rules that its arrivals declare; where they declare none, requests that cannot be answered in time
 * are refused if `isOverloaded`, and none otherwise.
 */
export function sheddingJob(job: ServingJob, isOverloaded: boolean): ServingJob {
  const shed = job.workload.models.map((model, at) =>
    ruleOf(model.shed ?? { kind: isOverloaded ? "deadline" : "none" }, job.objectives[at] ?? 0),
  );
  const { shed: _, ...rest } = job;
  return shed.every((rule) => rule === undefined) ? rest : { ...rest, shed };
}

function ruleOf(spec: ShedSpec, objectiveNs: number): ShedRule | undefined {
  switch (spec.kind) {
    case "none":
      return undefined;
    case "newest":
    case "oldest":
      return spec;
    case "deadline":
      return { kind: "deadline", objectiveNs };
  }
}
