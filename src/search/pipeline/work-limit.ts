/** How much work is left, in nodes, and whether somebody asked to stop. */
export class WorkLimit {
  spent = 0;
  readonly #most: number;
  readonly #shouldStop: (() => boolean) | undefined;
  readonly #whole: WorkLimit | undefined;

  /** What is spent of a part is spent of the whole. */
  constructor(most: number, shouldStop: (() => boolean) | undefined, whole?: WorkLimit) {
    this.#most = most;
    this.#shouldStop = shouldStop;
    this.#whole = whole;
  }

  /** A part of what is left, of at most so many nodes. */
  within(most: number): WorkLimit {
    return new WorkLimit(Math.min(Math.floor(most), this.left()), this.#shouldStop, this);
  }

  /** A share of what is left, rounded down. */
  share(share: number): WorkLimit {
    return this.within(this.left() * share);
  }

  spend(nodes: number): void {
    this.spent += nodes;
    this.#whole?.spend(nodes);
  }

  left(): number {
    return Math.max(0, this.#most - this.spent);
  }

  isStopped(): boolean {
    return this.#shouldStop?.() === true;
  }

  isSpent(): boolean {
    return this.left() <= 0 || this.isStopped();
  }
}
