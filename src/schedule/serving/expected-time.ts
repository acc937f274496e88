import { DECIDED_PER_LATE, RECENT_TASKS } from "./serving-limits.js";
import type { ShedRule } from "./serving-model.js";

/** Words of an `ExpectedTime`, after those of the last tasks. */
const LONGEST = RECENT_TASKS;
const NEXT = RECENT_TASKS + 1;
/** Requests answered or refused, and those that tries answered late. */
const DECIDED = RECENT_TASKS + 2;
const LATE = RECENT_TASKS + 3;
const IS_TRY = RECENT_TASKS + 4;

/** Numbers that an `ExpectedTime` remembers; all 0 in the beginning. */
export const EXPECTED_WORDS: number = RECENT_TASKS + 5;

/** After what time requests are late, in nanoseconds, where those are refused; `Infinity`: they are not. */
export function lateAfterNs(rule: ShedRule | undefined): number {
  return rule?.kind === "deadline" ? rule.objectiveNs : Number.POSITIVE_INFINITY;
}

/**
 * How long the next task of a model is expected to take, for the rule that refuses requests which would be late: as
 * long as the longest of its last tasks, and at least as long as one request alone.
 *
 * If that is more than the objective, every request would be refused from then on, and nothing would show that tasks
 * have become faster. So tasks are launched one at a time then, as if they took as long as one request alone, until the
 * slow ones are forgotten; and only as long as few requests of such tasks were late so far (`DECIDED_PER_LATE`).
 */
export class ExpectedTime {
  readonly #words: Float64Array;

  /** `words`: where it remembers, which several threads may share, one at a time. */
  constructor(words: Float64Array = new Float64Array(EXPECTED_WORDS)) {
    this.#words = words;
  }

  /** What the next task takes, `inFlight` tasks of the model being in flight. */
  of(aloneNs: number, objectiveNs: number, inFlight: number): number {
    const words = this.#words;
    const longestNs = words[LONGEST]!;
    const mayTry = inFlight === 0 && words[LATE]! * DECIDED_PER_LATE <= words[DECIDED]!;
    return longestNs > objectiveNs && mayTry ? aloneNs : Math.max(aloneNs, longestNs);
  }

  /** A task is launched; one that was expected to take longer than the objective is a try. */
  launched(objectiveNs: number): void {
    this.#words[IS_TRY] = this.#words[LONGEST]! > objectiveNs ? 1 : 0;
  }

  /** A task of so many requests took `tookNs`; `late` of them were. Cost: O(1) on average. */
  ended(tookNs: number, requests: number, late: number): void {
    const words = this.#words;
    words[DECIDED]! += requests;
    words[LATE]! += words[IS_TRY] === 1 ? late : 0;
    words[IS_TRY] = 0;
    const at = words[NEXT]!;
    const forgotten = words[at]!;
    words[at] = tookNs;
    words[NEXT] = (at + 1) % RECENT_TASKS;
    if (tookNs >= words[LONGEST]!) {
      words[LONGEST] = tookNs;
    } else if (forgotten === words[LONGEST]) {
      words[LONGEST] = words.subarray(0, RECENT_TASKS).reduce((a, b) => Math.max(a, b), 0);
    }
  }

  /** A request was refused. */
  refused(): void {
    this.#words[DECIDED]! += 1;
  }
}
