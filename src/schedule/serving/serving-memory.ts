import type { LauncherPolicy, ServingProblem } from "./serving-model.js";

/**
 * Memory without which the models cannot be served together: the weights of all, and one task of any of
 * them in flight. Cost: O(runs).
 */
export function leastServingBytes({ models }: ServingProblem): number {
  const tasks = models.map(({ variants }) =>
    Math.min(...variants.flatMap(({ runs }) => runs.map(({ workspaceBytes }) => workspaceBytes))),
  );
  return weightBytes(models) + Math.max(0, ...tasks);
}

/**
 * Memory that a policy may need: the weights of all models, and the tasks that it lets be in flight at one
 * time, each with the largest batch that it may have; the largest ones where only some may be.
 *
 * Cost: O(tasks in flight x log).
 */
export function policyBytes({ models }: ServingProblem, policy: LauncherPolicy): number {
  const tasks = policy.models.flatMap(({ variant, batch, concurrency }, at) => {
    const runs = models[at]?.variants[variant]?.runs ?? [];
    const last = Math.max(
      0,
      runs.findIndex((run) => run.batch >= batch),
    );
    const most = runs.slice(0, last + 1).map(({ workspaceBytes }) => workspaceBytes);
    return new Array<number>(concurrency).fill(Math.max(0, ...most));
  });
  const together = tasks.sort((a, b) => b - a).slice(0, policy.inFlight ?? tasks.length);
  return weightBytes(models) + together.reduce((sum, bytes) => sum + bytes, 0);
}

function weightBytes(models: ServingProblem["models"]): number {
  return models.reduce((sum, { residentBytes }) => sum + residentBytes, 0);
}
