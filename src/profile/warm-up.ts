import { ok, type Result } from "../core/result.js";

/**
 * Runs that are left out before something is timed, and the processor time after which they are enough:
 * of a model of 10 us the first took 20 us, those after 2,000 took 10 us; three segments on two workers
 * took 500 us in the first hundred runs, 240 after 600; ten segments 1,250 us in the first hundred, 870 after 500.
 */
const WARM_RUNS = 4000;
const WARM_US = 400_000;

/**
 * Runs until caches, clocks and the JavaScript engines of all threads have settled, once at least.
 *
 * Fails: as `run`. Cost: some 0.4 s of processor time, or one run that takes longer.
 */
export async function warmUp(
  run: () => Promise<Result<unknown>>,
  signal: AbortSignal | undefined,
): Promise<Result<void>> {
  const start = process.cpuUsage();
  for (let runs = 0; runs < WARM_RUNS && signal?.aborted !== true; runs++) {
    const { user, system } = process.cpuUsage(start);
    if (user + system > WARM_US) {
      break;
    }
    const outcome = await run();
    if (!outcome.ok) {
      return outcome;
    }
  }
  return ok(undefined);
}
