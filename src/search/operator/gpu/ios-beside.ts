/**
 * IOS in a second thread, next to our own search, where it takes long.
 *
 * Our search starts from the best of the others' schedules, so it would have to wait for IOS. But IOS
 * takes long where its parts are large, and there it is seldom the best of them: our search goes
 * ahead without it, and is done again only when IOS turns out to lead. The result is the same.
 */
import { present } from "../../../core/invariant.js";
import { scenariosOf } from "../../../cost/scenarios.js";
import { beside, hasSecondCore } from "../../../runtime/beside.js";
import { GPU_ALGORITHMS } from "../../../schedule/algorithm-names.js";
import type { GpuCandidate, GpuCandidates } from "../../../schedule/gpu-candidate.js";
import type { GpuProblem } from "../../../schedule/gpu-problem.js";
import type { OperatorSchedule } from "../../../schedule/operator-schedule.js";
import { problemUnder } from "../../../schedule/problem-under.js";
import { contractChains } from "./chain-units.js";
import {
  type GpuCandidateOptions,
  IOS_MAXIMUM_OPERATORS,
  searchGpuSchedules,
} from "./gpu-candidates.js";
import { leadsAsStart } from "./gpu-search.js";
import { type IosTask, run } from "./ios-worker.js";
import { compareCandidates, rankCandidates } from "./judge.js";
import { launchUnits } from "./launch-units.js";
import { partsOf } from "./parts.js";

/** Parts of this many units take IOS longer than starting a thread does. */
const LARGE_PART = 20;

/** As `searchGpuSchedules`, on two cores where IOS takes long. */
export async function searchBesideIos(
  problem: GpuProblem,
  options: GpuCandidateOptions = {},
): Promise<GpuCandidates> {
  if (!hasSecondCore() || !takesLong(problem, options)) {
    return searchGpuSchedules(problem, options);
  }
  const units = launchUnits(problem);
  const { graph, work } = units?.problem ?? problem;
  const task: IosTask = { graph, work };
  const pending = beside<OperatorSchedule>(new URL("./ios-worker.js", import.meta.url), task);
  const algorithms = GPU_ALGORITHMS.filter((name) => name !== "ios");
  const others = searchGpuSchedules(problem, { ...options, algorithms });
  const found = (await pending) ?? run(task);
  const ios = units?.expand(found) ?? found;
  const alone = searchGpuSchedules(problem, { ...options, algorithms: ["ios"], ios });
  const candidate = present(
    alone.ranked.find(({ algorithm }) => algorithm === "ios"),
    "candidate of IOS",
  );
  return matters(problem, candidate, others.ranked)
    ? searchGpuSchedules(problem, { ...options, ios })
    : { ...others, ranked: rankCandidates([...others.ranked, candidate]) };
}

/**
 * Whether our search finds another schedule if it knows that of IOS: as the best start with the figures used
 * or under a scenario, or as a better schedule than ours.
 */
function matters(problem: GpuProblem, ios: GpuCandidate, ranked: readonly GpuCandidate[]): boolean {
  const own = ranked.find(({ algorithm }) => algorithm === "top-compile");
  const rivals = ranked.filter(({ algorithm }) => algorithm !== "top-compile");
  const schedules = rivals.map(({ schedule }) => schedule);
  const truths = [
    problem,
    ...scenariosOf(problem.device).map((scenario) => problemUnder(problem, scenario)),
  ];
  return (
    (own !== undefined && compareCandidates(ios, own) < 0) ||
    truths.some((truth) => leadsAsStart(truth, ios.schedule, schedules))
  );
}

function takesLong(problem: GpuProblem, { algorithms, merging }: GpuCandidateOptions): boolean {
  const { graph } = problem;
  const isWhole = algorithms === undefined && merging === undefined;
  if (!isWhole || graph.operators.length > IOS_MAXIMUM_OPERATORS) {
    return false;
  }
  const { graph: launches } = launchUnits(problem)?.problem ?? problem;
  const parts = partsOf(contractChains(launches).graph, LARGE_PART + 1);
  return parts.some((part) => part.length > LARGE_PART);
}
