/** Launches that follow what waits, for the second simulator: written from docs/launcher.md alone. */
import type { ArtifactReaction } from "../artifact/adaptive-policy.js";
import type { BatchRun, ModelPolicy, ServingVariant } from "../schedule/serving/serving-model.js";

/** What of a queue decides. */
export interface ReactingQueue {
  readonly policy: ModelPolicy;
  readonly runs: readonly BatchRun[];
  readonly variants: readonly ServingVariant[];
  readonly waiting: readonly { readonly arrivalNs: number }[];
  readonly reaction: ArtifactReaction | undefined;
}

/** What holds for a model now. */
export interface HeldKnobs {
  readonly periodNs: number;
  readonly batch: number;
  readonly concurrency: number;
  readonly runs: readonly BatchRun[];
}

/** The last step whose number of waiting requests is reached; before all of them the policy itself. */
export function knobsNow({
  policy: { periodNs, batch, concurrency },
  runs,
  variants,
  waiting,
  reaction,
}: ReactingQueue): HeldKnobs {
  const step = reaction?.steps.findLast((each) => each.waiting <= waiting.length);
  if (step === undefined) {
    return { periodNs, batch, concurrency, runs };
  }
  const own = variants.find(({ name }) => name === step.variant)!.runs;
  return {
    periodNs: step.periodNs,
    batch: step.batch,
    concurrency: step.concurrency,
    runs: own,
  };
}

/** Whether a task waits for more requests, and until when at most; 0: it does not. Requires: a request waits. */
export function heldUntilNs({ reaction, waiting }: ReactingQueue, tasksInFlight: number): number {
  const holds =
    reaction !== undefined && reaction.busy <= tasksInFlight && waiting.length < reaction.atLeast;
  return holds ? waiting[0]!.arrivalNs + reaction.holdNs : 0;
}

/** When the first request counts as having arrived; `Infinity`: none waits. */
export function countedArrival({ reaction, waiting }: ReactingQueue): number {
  return (waiting[0]?.arrivalNs ?? Infinity) + (reaction?.dueNs ?? 0);
}

/** How many requests leave in a task, and what runs. */
export function nextTask(queue: ReactingQueue): {
  readonly requests: number;
  readonly run: BatchRun;
} {
  const { batch, runs } = knobsNow(queue);
  const requests = Math.min(queue.waiting.length, batch);
  const at = runs.findIndex((run) => requests <= run.batch);
  const [smaller, run] = [runs[at - 1], runs[at]!];
  const needed = (queue.reaction?.fill ?? 0) * run.batch;
  return smaller !== undefined && requests < needed
    ? { requests: smaller.batch, run: smaller }
    : { requests, run };
}
