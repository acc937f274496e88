/** Launches of a model that follow what waits and what is in flight at that moment, not from tick to tick. */
import type { BatchRun, LaunchKnobs, ModelPolicy } from "./serving-model.js";

/** What is done from a number of waiting requests on. */
export interface ReactionStep extends LaunchKnobs {
  /** At least 2. */
  readonly waiting: number;
}

/** How launches of a model follow what waits. */
export interface Reaction {
  /** By `waiting`, ascending; with fewer waiting requests than the first says, the policy's own knobs hold. */
  readonly steps: readonly ReactionStep[];
  /**
   * Share of a batch that must be filled: if less of the smallest batch that holds the requests would be, only as many
   * leave as fill the next smaller one. 0: all leave.
   */
  readonly fill: number;
  /** Among models that may launch, the one goes first whose first request is oldest after this is added to its arrival. */
  readonly dueNs: number;
  /**
   * A task that would take fewer requests than `atLeast` wait for is held while `busy` tasks or more are in flight, of
   * all models, but no longer than until the first request has waited for `holdNs`.
   */
  readonly atLeast: number;
  readonly busy: number;
  readonly holdNs: number;
}

/** All that may hold for a model: its own knobs, then those of the steps. */
export function knobsOf(policy: ModelPolicy): readonly LaunchKnobs[] {
  return [policy, ...(policy.reaction?.steps ?? [])];
}

/** What holds while so many requests wait. Cost: O(steps). */
export function knobsFor(policy: ModelPolicy, waiting: number): LaunchKnobs {
  const { reaction } = policy;
  let knobs: LaunchKnobs = policy;
  if (reaction !== undefined) {
    for (const step of reaction.steps) {
      if (waiting < step.waiting) {
        break;
      }
      knobs = step;
    }
  }
  return knobs;
}

/**
 * Until when a task is held for the sake of a fuller one; `-Infinity`: it is not. `headNs` is when the first request came,
 * `inFlight` the tasks of all models.
 */
export function heldUntil(
  { reaction }: ModelPolicy,
  waiting: number,
  headNs: number,
  inFlight: number,
): number {
  return reaction !== undefined && waiting < reaction.atLeast && inFlight >= reaction.busy
    ? headNs + reaction.holdNs
    : Number.NEGATIVE_INFINITY;
}

/**
 * Requests that a task takes of those that wait. Requires: runs that hold `batch`, the first of them for 1. Cost: O(runs).
 */
export function takenBy(
  { reaction }: ModelPolicy,
  runs: readonly BatchRun[],
  batch: number,
  waiting: number,
): number {
  const most = Math.min(batch, waiting);
  if (reaction === undefined || reaction.fill === 0) {
    return most;
  }
  const at = runs.findIndex((run) => run.batch >= most);
  const smaller = runs[at - 1]?.batch;
  return smaller !== undefined && most < reaction.fill * runs[at]!.batch ? smaller : most;
}
