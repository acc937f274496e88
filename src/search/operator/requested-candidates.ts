import { fail, ok, type Result } from "../../core/result.js";
import { isChain } from "../../ir/is-chain.js";
import type { OperatorAlgorithm } from "../../schedule/algorithm-names.js";
import type { OperatorProblem } from "../../schedule/operator-problem.js";
import type { OperatorSchedule } from "../../schedule/operator-schedule.js";
import { type CandidateOptions, type Candidates, searchOperatorSchedules } from "./candidates.js";
import { algorithmRefused } from "./failures.js";

/**
 * The number of candidates that are measured alongside the baselines: the best predicted, all
 * different.
 */
const MEASURED_CANDIDATES = 3;

/** Options of a search for the candidates that a user requests. */
export interface RequestedSearchOptions
  extends Pick<CandidateOptions, "workers" | "seed" | "groupOf"> {
  /** Only this algorithm; absent: all. */
  readonly algorithm?: OperatorAlgorithm | undefined;
}

/** The candidates of a model; for a chain only the sequential one. Fails: as the requested algorithm. */
export function searchCandidates(
  problem: OperatorProblem,
  { algorithm, ...options }: RequestedSearchOptions,
): Result<Candidates> {
  // Every schedule of a chain is the sequential one, whatever the algorithm.
  const algorithms: readonly OperatorAlgorithm[] | undefined =
    algorithm !== undefined ? [algorithm] : isChain(problem.graph) ? ["sequential"] : undefined;
  const candidates = searchOperatorSchedules(problem, {
    ...options,
    ...(algorithms === undefined ? {} : { algorithms }),
  });
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
