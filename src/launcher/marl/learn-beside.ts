/** Launchers that are learned at the same time, each in a thread of its own. */
import { beside } from "../../runtime/beside.js";
import type { LauncherPolicy } from "../../schedule/serving/serving-model.js";
import type { ServingJob } from "../serving-job.js";
import { LEARNED_NAMES, type LearnedCandidate, type LearningOptions } from "./learn-launchers.js";
import { type LearningEnd, type LearningReport, type LearningTask, run } from "./learn-worker.js";

/**
 * As `learnLaunchers`, in worker threads; in this one where a thread fails.
 *
 * The same inputs give the same launchers on every machine. Cost: of the slower way to learn, where there are cores.
 */
export async function learnBeside(
  job: ServingJob,
  policy: LauncherPolicy,
  { seed, steps, onTrial }: LearningOptions,
): Promise<readonly LearnedCandidate[]> {
  const program = new URL("./learn-worker.js", import.meta.url);
  const ends = await Promise.all(
    LEARNED_NAMES.map(async (name): Promise<LearningEnd> => {
      const task: LearningTask = { name, job, policy, seed, steps };
      const report = ({ point, total }: LearningReport) => onTrial?.(name, point, total);
      return (
        (await beside<LearningEnd, LearningReport>(program, task, report)) ?? run(task, report)
      );
    }),
  );
  return ends.flatMap(({ candidate }) => candidate ?? []);
}
