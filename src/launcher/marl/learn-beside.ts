/** Launchers that are learned in threads of their own: MADDPG after cross-entropy, reactions at the same time. */
import { beside } from "../../runtime/beside.js";
import type { LearnedLauncher } from "../../schedule/serving/adaptive-launcher.js";
import type { LauncherPolicy } from "../../schedule/serving/serving-model.js";
import type { ServingJob } from "../serving-job.js";
import type { LearnedCandidate, LearnedName, LearningOptions } from "./learn-launchers.js";
import { type LearningEnd, type LearningReport, type LearningTask, run } from "./learn-worker.js";

/**
 * As `learnLaunchers`, in worker threads; in this one where a thread fails.
 *
 * The same inputs give the same launchers on every machine. Cost: of the slower of the two, where there are cores.
 */
export async function learnBeside(
  job: ServingJob,
  policy: LauncherPolicy,
  { seed, steps, onTrial }: LearningOptions,
): Promise<readonly LearnedCandidate[]> {
  const program = new URL("./learn-worker.js", import.meta.url);
  const learned = async (name: LearnedName, networks?: LearnedLauncher): Promise<LearningEnd> => {
    const task: LearningTask = { name, job, policy, seed, steps, networks };
    const report = ({ point, total }: LearningReport) => onTrial?.(name, point, total);
    return (await beside<LearningEnd, LearningReport>(program, task, report)) ?? run(task, report);
  };
  const first = learned("cross-entropy");
  const rest = [
    first.then(({ candidate }) => learned("maddpg", candidate?.networks)),
    learned("reactive"),
  ];
  const ends = await Promise.all([first, ...rest]);
  return ends.flatMap(({ candidate }) => candidate ?? []);
}
