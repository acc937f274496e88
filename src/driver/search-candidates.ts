import { fail, ok, type Result } from "../core/result.js";
import { isChain } from "../ir/is-chain.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { operatorCostsOf, type Profile } from "../profile/profile.js";
import type { OperatorAlgorithm } from "../schedule/algorithm-names.js";
import type { OperatorSchedule } from "../schedule/operator-schedule.js";
import { type Candidates, searchOperatorSchedules } from "../search/operator/candidates.js";
import { algorithmRefused } from "./failures.js";

/**
 * The number of candidates that are measured alongside the baselines: the best predicted, all
 * different.
 */
const MEASURED_CANDIDATES = 3;

/**
 * The candidates of a model by its profile; for a chain only the sequential one. Fails: as the
 * requested algorithm, if there is one.
 */
export function searchCandidates(
  lowered: LoweredModel,
  profile: Profile,
  {
    seed,
    algorithm,
  }: { readonly seed: number; readonly algorithm?: OperatorAlgorithm | undefined },
): Result<Candidates> {
  // Of a chain every schedule is the sequential one, whatever the algorithm.
  const algorithms: readonly OperatorAlgorithm[] | undefined =
    algorithm !== undefined ? [algorithm] : isChain(lowered.graph) ? ["sequential"] : undefined;
  const costs = operatorCostsOf(profile, lowered.graph);
  const candidates = searchOperatorSchedules(
    { graph: lowered.graph, costs },
    {
      workers: profile.workers,
      seed,
      ...(algorithms === undefined ? {} : { algorithms }),
    },
  );
  const refused = candidates.refused.find((each) => each.algorithm === algorithm);
  return refused === undefined
    ? ok(candidates)
    : fail([algorithmRefused(refused.algorithm, refused.reason)]);
}

/** The schedules worth measuring: different from each other and from sequential execution. */
export function toMeasure({ ranked }: Candidates): readonly OperatorSchedule[] {
  return ranked
    .filter(({ sameAs, schedule }) => sameAs === undefined && schedule.streams > 1)
    .slice(0, MEASURED_CANDIDATES)
    .map(({ schedule }) => schedule);
}
