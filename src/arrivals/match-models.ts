import { closestName } from "../core/closest-name.js";
import type { Failure } from "../core/failure.js";
import { fail, ok, type Result } from "../core/result.js";
import { arrivalsModelMissing, arrivalsModelUnknown } from "./failures.js";
import type { ModelArrivals, Workload } from "./workload.js";

/**
 * The workload with its models in the order of `names`, each of them once.
 *
 * Fails: `arrivals-model-unknown` for arrivals of a model that has none of these names,
 * `arrivals-model-missing` for a name without arrivals; each once per name.
 */
export function matchModels(
  workload: Workload,
  names: readonly string[],
  where: string,
): Result<Workload> {
  const byName = new Map(workload.models.map((each) => [each.model, each]));
  const failures: Failure[] = workload.models
    .filter(({ model }) => !names.includes(model))
    .map(({ model }) => arrivalsModelUnknown(where, model, names, closestName(model, names)));
  const models: ModelArrivals[] = [];
  for (const name of names) {
    const found = byName.get(name);
    if (found === undefined) {
      failures.push(arrivalsModelMissing(where, name));
    } else {
      models.push(found);
    }
  }
  const [first, ...rest] = failures;
  return first === undefined ? ok({ ...workload, models }) : fail([first, ...rest]);
}
