/**
 * In the place of `src/profile/warm-up.ts`, for tests of what is done with times, not of how good they are: a
 * model of a few operators is otherwise run for 0.4 s of processor time before each of some twenty figures.
 */
import { ok, type Result } from "../../src/core/result.js";

/** Runs once. Fails: as `run`. */
export async function warmUp(run: () => Promise<Result<unknown>>): Promise<Result<void>> {
  const outcome = await run();
  return outcome.ok ? ok(undefined) : outcome;
}
