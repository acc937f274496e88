import type { ArtifactTask } from "../artifact/artifact.js";
import { tasksInFlight } from "../artifact/tasks-in-flight.js";
import type { GpuCandidate, GpuCandidates } from "../schedule/gpu-candidate.js";
import type { GpuProblem } from "../schedule/gpu-problem.js";
import {
  type GpuCandidateOptions,
  isMerging,
  searchGpuSchedules,
} from "../search/operator/gpu/gpu-candidates.js";
import { searchBesideIos } from "../search/operator/gpu/ios-beside.js";
import { compareCandidates, rankCandidates } from "../search/operator/gpu/judge.js";
import type { MergeSpace } from "../search/operator/gpu/merge-space.js";
import { gpuProblemOfTasks } from "./gpu-problem-of-tasks.js";

/** Options of a search for a GPU. */
export interface DeviceSearchOptions
  extends Omit<GpuCandidateOptions, "starts" | "merging" | "baseline"> {
  readonly seed: number;
  /** Merges that the search may use; absent: no merges. */
  readonly merging: MergeSpace | undefined;
  /** Progress of each task in flight; absent: one inference from its start. */
  readonly progress: readonly number[] | undefined;
}

/** Candidates, and the tasks that each is a schedule of. */
export interface GpuSearch {
  readonly candidates: GpuCandidates;
  tasksOf(candidate: GpuCandidate): readonly ArtifactTask[] | undefined;
}

/**
 * Searches with all algorithms; for tasks in flight, their joint problem. `single` is the problem of
 * one inference.
 */
export async function searchOnGpu(
  single: GpuProblem,
  options: DeviceSearchOptions,
): Promise<GpuSearch> {
  const { progress, merging, ...rest } = options;
  if (progress === undefined) {
    const own = merging === undefined ? rest : { ...rest, merging };
    // With `around`, each search is timed, so they run one after the other.
    const candidates =
      options.around === undefined
        ? await searchBesideIos(single, own)
        : searchGpuSchedules(single, own);
    return { candidates, tasksOf: () => undefined };
  }
  const joint = searchTasks(single, progress, rest);
  const tasks = new Map([[joint.problem, joint.tasks]]);
  const tasksOf = (candidate: GpuCandidate) => tasks.get(candidate.problem);
  const merged =
    merging && searchMergedTasks(single, progress, merging, { ...rest, baseline: joint.problem });
  if (merged === undefined) {
    return { candidates: joint.candidates, tasksOf };
  }
  tasks.set(merged.problem, merged.tasks);
  return { candidates: withFaster(joint.candidates, merged.candidates), tasksOf };
}

interface TasksSearch {
  readonly problem: GpuProblem;
  readonly tasks: readonly ArtifactTask[];
  readonly candidates: GpuCandidates;
}

type TasksOptions = Omit<DeviceSearchOptions, "merging" | "progress"> &
  Pick<GpuCandidateOptions, "baseline">;

function searchTasks(
  single: GpuProblem,
  progress: readonly number[],
  options: TasksOptions,
): TasksSearch {
  const tasks = tasksInFlight(progress, single.costs.durationNs);
  const { problem, start } = gpuProblemOfTasks(single, tasks, options.seed);
  return {
    problem,
    tasks,
    candidates: searchGpuSchedules(problem, { ...options, starts: [start] }),
  };
}

/** The joint search over tasks whose model has the merges that are best for one task alone. */
function searchMergedTasks(
  single: GpuProblem,
  progress: readonly number[],
  merging: MergeSpace,
  options: TasksOptions,
): TasksSearch | undefined {
  const { seed } = options;
  const alone = searchGpuSchedules(single, { seed, merging, algorithms: ["ios", "top-compile"] });
  const merges = alone.ranked.find((each) => each.algorithm === "top-compile")?.merges ?? [];
  if (merges.length === 0) {
    return undefined;
  }
  const found = searchTasks(merging.problemOf(merges).problem, progress, options);
  const ranked = found.candidates.ranked.map((each) => ({ ...each, merges }));
  return { ...found, candidates: { ...found.candidates, ranked } };
}

/** Our candidate and that of IOS are those with merges where these come first. */
function withFaster(plain: GpuCandidates, merged: GpuCandidates): GpuCandidates {
  const ranked = plain.ranked.map((candidate) => {
    const { algorithm } = candidate;
    const other = merged.ranked.find((each) => each.algorithm === algorithm);
    return isMerging(algorithm) && other !== undefined && compareCandidates(other, candidate) < 0
      ? other
      : candidate;
  });
  return { ...plain, ranked: rankCandidates(ranked) };
}
