/**
 * Steps of a trace: how often the rank went through its row. An action of a micro-batch that comes again begins
 * the next step.
 */
import { cellOf } from "./action.js";
import type { TraceEvent } from "./trace-events.js";

/** The steps that are whole. */
export interface WholeSteps {
  readonly steps: readonly (readonly TraceEvent[])[];
  /** Steps that were recorded from or to their middle. */
  readonly partial: number;
}

/** The steps of a rank's events, in order; those with fewer actions than others are left out. */
export function wholeSteps(events: readonly TraceEvent[]): WholeSteps {
  const steps: TraceEvent[][] = [];
  let seen = new Set<string>();
  for (const event of events) {
    const isOfBatch = event.actions.some((action) => "microBatch" in action);
    const name = cellOf(event.actions);
    if (steps.length === 0 || (isOfBatch && seen.has(name))) {
      steps.push(openingOf(steps.at(-1)));
      seen = new Set();
    }
    steps.at(-1)?.push(event);
    if (isOfBatch) {
      seen.add(name);
    }
  }
  const sizes = steps.map((step) => step.length);
  const size = sizes.reduce((most, each) => Math.max(most, each), 0);
  const whole = steps.filter((step) => step.length === size);
  return { steps: whole, partial: steps.length - whole.length };
}

/** What was recorded at the end of a step and belongs to the next: parameters that are fetched for it. */
function openingOf(before: TraceEvent[] | undefined): TraceEvent[] {
  const opening: TraceEvent[] = [];
  while (before?.at(-1)?.actions[0]?.kind === "UNSHARD") {
    opening.unshift(...before.splice(-1));
  }
  return opening;
}
