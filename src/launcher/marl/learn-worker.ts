import type { LearnedLauncher } from "../../schedule/serving/adaptive-launcher.js";
import type { LauncherPolicy } from "../../schedule/serving/serving-model.js";
import type { ServingJob } from "../serving-job.js";
import { type LearnedCandidate, type LearnedName, learnLauncher } from "./learn-launchers.js";
import type { CurvePoint } from "./training.js";

/** One way to learn, for one policy. */
export interface LearningTask {
  readonly name: LearnedName;
  readonly job: ServingJob;
  readonly policy: LauncherPolicy;
  readonly seed: number;
  readonly steps: number;
  /** What MADDPG goes on from. */
  readonly networks: LearnedLauncher | undefined;
}

/** What came of it; without a launcher nothing can be learned. */
export interface LearningEnd {
  readonly candidate: LearnedCandidate | undefined;
}

/** A trial while a launcher is learned. */
export interface LearningReport {
  readonly point: CurvePoint;
  readonly total: number;
}

/** Learns by itself, for the thread that `learn-beside.ts` starts. */
export function run(
  { name, job, policy, seed, steps, networks }: LearningTask,
  report: (trial: LearningReport) => void = () => {},
): LearningEnd {
  const onTrial = (_: LearnedName, point: CurvePoint, total: number) => report({ point, total });
  return { candidate: learnLauncher(name, job, policy, { seed, steps, onTrial }, networks) };
}
