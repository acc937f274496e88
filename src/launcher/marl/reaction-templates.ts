/** Where searches for reactions begin besides the static policy. */
import { present } from "../../core/invariant.js";
import type { LauncherPolicy, ModelPolicy } from "../../schedule/serving/serving-model.js";
import type { ServingJob } from "../serving-job.js";
import { type Reacts, STILL } from "./reaction-moves.js";

/** Tasks in flight, and times in objectives for which tasks that are not full are held. */
const FLIGHTS: readonly number[] = [1, 2, 3];
const HOLDS: readonly number[] = [0, 0.1, 0.2];

/** Share of a batch that is filled. */
const FILL = 0.8;

/**
 * Policies in the variants of another that launch what waits as long as few tasks are in flight, in batches of at most one
 * size for all models; where they react, full ones, or what waits after a while. Cost: O(batches).
 */
export function templatesOf(
  { problem, objectives }: ServingJob,
  { models }: LauncherPolicy,
  reacts: Reacts,
): readonly LauncherPolicy[] {
  const sizes = models.map(({ variant }, at) => {
    const own = present(problem.models[at]?.variants[variant], "a variant");
    return own.runs.map(({ batch }) => batch);
  });
  const most = Math.max(...sizes.map(({ length }) => length));
  const templateOf = (size: number, inFlight: number, hold: number): LauncherPolicy => ({
    models: models.map((own, at): ModelPolicy => {
      const batches = present(sizes[at], "sizes");
      const batch = present(batches[Math.min(size, batches.length - 1)], "a size");
      const holdNs = Math.round(hold * present(objectives[at], "an objective"));
      const filled = { ...STILL, fill: FILL, atLeast: batch, holdNs };
      const reaction = reacts === "never" ? STILL : filled;
      return { ...own, periodNs: 0, batch, concurrency: inFlight, reaction };
    }),
    inFlight,
  });
  const holds = reacts === "never" ? HOLDS.slice(0, 1) : HOLDS;
  return Array.from({ length: most }, (_, size) =>
    FLIGHTS.flatMap((inFlight) => holds.map((hold) => templateOf(size, inFlight, hold))),
  ).flat();
}
