import type { Workload } from "../arrivals/workload.js";
import type { Failure } from "../core/failure.js";
import { fail, ok, type Result } from "../core/result.js";
import type { ServingProblem } from "../schedule/serving/serving-model.js";
import { objectiveImpossible } from "./failures.js";
import { fastestAloneNs } from "./serving-job.js";

/**
 * Fails with `objective-impossible`, once per model, where one request alone on the device takes longer than it may in every
 * variant: then every request would be late or refused. Requires: models and arrivals in one order.
 */
export function checkObjectives({ models }: ServingProblem, workload: Workload): Result<void> {
  const failures = models.flatMap((model, at): Failure[] => {
    const { objectiveNs = Number.POSITIVE_INFINITY } = workload.models[at] ?? {};
    const aloneNs = fastestAloneNs(model);
    return objectiveNs < aloneNs ? [objectiveImpossible(model.name, objectiveNs, aloneNs)] : [];
  });
  const [first, ...rest] = failures;
  return first === undefined ? ok(undefined) : fail([first, ...rest]);
}
