/** In the place of `src/profile/timed-run.ts`, as `brief-warm-up.ts` is: no rest before a run, no runs untimed. */
import type { Result } from "../../src/core/result.js";
import type { ScheduleRun, ScheduleRunner } from "../../src/profile/schedule-runner.js";

/** One run, the first as well as others. Fails: as the run. */
export function timedRun(runner: ScheduleRunner): Promise<Result<ScheduleRun>> {
  return runner.run();
}
