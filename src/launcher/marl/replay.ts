import type { Random } from "../../core/random.js";

/** What was seen and done at a look, what it was worth, and what was seen at the next. */
export interface Transition {
  /** By agent. */
  readonly observations: readonly Float64Array[];
  readonly actions: readonly Float64Array[];
  readonly reward: number;
  readonly next: readonly Float64Array[];
}

/** The latest transitions, from which batches are drawn. */
export class Replay {
  readonly #kept: Transition[] = [];
  readonly #most: number;
  #at = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** How many there are. */
  get size(): number {
    return this.#kept.length;
  }

  /** Remembers a transition in the place of the oldest. */
  add(transition: Transition): void {
    this.#kept[this.#at] = transition;
    this.#at = (this.#at + 1) % this.#most;
  }

  /** Draws transitions, each as likely as any other. Requires: there are some. */
  draw(count: number, random: Random): readonly Transition[] {
    return Array.from({ length: count }, () => this.#kept[random.integer(this.#kept.length)]!);
  }
}
