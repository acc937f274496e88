import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "./command.js";
import type { ModelFile } from "./model-files.js";
import { resultOf, STEPS, type StepResult } from "./steps.js";

/** Where a trial runs, and for how long. */
export interface TrialPlace {
  /** The program, `bin/top-compile.js`. */
  readonly program: string;
  /** Folder for schedules and profiles, which are kept between steps. */
  readonly folder: string;
  /** Seconds that all steps of one model may take by the clock. */
  readonly limitSeconds: number;
  /** Bytes of memory that a command may hold. */
  readonly limitBytes: number;
}

/** Takes a model through every step; a step whose file is missing is skipped. */
export async function tryModel(
  model: ModelFile,
  { program, folder, limitSeconds, limitBytes }: TrialPlace,
  onStep: (result: StepResult) => void,
): Promise<readonly StepResult[]> {
  const schedules = join(folder, model.sha256.slice(0, 16));
  mkdirSync(schedules, { recursive: true });
  const env = { ...process.env, XDG_CACHE_HOME: join(folder, "profiles") };
  const results: StepResult[] = [];
  let left = limitSeconds;
  for (const step of STEPS) {
    const isPossible =
      step.needs === undefined ||
      results.some((result) => result.step === step.needs && result.status === "done");
    let result: StepResult = { step: step.name, status: "skipped" };
    if (isPossible && left <= 0) {
      result = { step: step.name, status: "time limit" };
    } else if (isPossible) {
      const args = [program, ...step.args(model.path, schedules)];
      const ended = await runCommand(args, env, { seconds: left, bytes: limitBytes });
      left -= ended.wallSeconds;
      result = resultOf(step, ended);
    }
    results.push(result);
    onStep(result);
  }
  return results;
}
