/** What surrounds a run that is timed: rest before it, and untimed runs that take the rest's effects back. */
import type { Result } from "../core/result.js";
import { isSlow } from "./run-counts.js";
import type { ScheduleRun, ScheduleRunner } from "./schedule-runner.js";
import { warmUp } from "./warm-up.js";

/** Longest rest between two runs, the step in which it is checked, and the use that counts as rest. */
const REST_MS = 200;
const LOOK_MS = 4;
const QUIET_RATIO = 0.25;
/**
 * Untimed running before each timed run: as many runs as fit, and at least so many. After a rest of 4 ms the
 * first run took 1.2 to 1.7 times as long as later ones, the third as long.
 */
const WARM_MS = 2;
const LEAST_WARM = 2;

/**
 * One timed run, after a rest of the process and untimed runs. The first of a contestant lets its threads
 * reach their speed too, unless it was slow.
 *
 * Fails: as the runs.
 */
export async function timedRun(
  runner: ScheduleRunner,
  isFirst: boolean,
  signal: AbortSignal | undefined,
): Promise<Result<ScheduleRun>> {
  await untilQuiet();
  const outcome = await runWarm(runner);
  if (!isFirst || !outcome.ok || isSlow(outcome.value.durationNs)) {
    return outcome;
  }
  const warm = await warmUp(() => runner.run(), signal);
  return warm.ok ? outcome : warm;
}

/**
 * Runs for the caches and clocks that the rest has cooled down, then once for the record; a slow run is for
 * both.
 */
async function runWarm(runner: ScheduleRunner): Promise<Result<ScheduleRun>> {
  const start = performance.now();
  for (let runs = 0; runs < LEAST_WARM || performance.now() - start < WARM_MS; runs++) {
    const outcome = await runner.run();
    if (!outcome.ok || isSlow(outcome.value.durationNs)) {
      return outcome;
    }
  }
  return runner.run();
}

/** Waits until the process uses next to no processor time any more, or for `REST_MS` at most. */
async function untilQuiet(): Promise<void> {
  const latest = performance.now() + REST_MS;
  for (;;) {
    const before = process.cpuUsage();
    const start = performance.now();
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const { user, system } = process.cpuUsage(before);
    const now = performance.now();
    if ((user + system) / 1000 < QUIET_RATIO * (now - start) || now >= latest) {
      return;
    }
  }
}
