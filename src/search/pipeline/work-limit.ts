/** How much work is left, in nodes, and whether somebody asked to stop. */
export class WorkLimit {
  spent = 0;
  readonly #most: number;
  readonly #shouldStop: (() => boolean) | undefined;

  constructor(most: number, shouldStop: (() => boolean) | undefined) {
    this.#most = most;
    this.#shouldStop = shouldStop;
  }

  spend(nodes: number): void {
    this.spent += nodes;
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
