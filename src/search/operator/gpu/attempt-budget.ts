import type { GpuEngine } from "../../../schedule/gpu-engine.js";

/** The number of attempts that may still be made. */
export interface AttemptBudget {
  /** Returns whether another attempt may be made, and counts it. */
  readonly isLeft: () => boolean;
}

/** The cost of an attempt besides its simulation, in phases. */
const ATTEMPT = 24;

/**
 * A budget of `effort` phases from now on: those that the engine simulates, and for each attempt a
 * quarter of the `count` operators and a little more for what is not simulation.
 */
export function attemptBudget(engine: GpuEngine, count: number, effort: number): AttemptBudget {
  const from = engine.events;
  const least = ATTEMPT + count / 4;
  let attempts = 0;
  return { isLeft: () => engine.events - from + attempts++ * least < effort };
}
