/**
 * Pipelined tasks of models: at most one task of a model in each part. Who finds a part taken waits for it, first
 * come, first served, and has left the one before.
 */
export class PipelineGates {
  /** Tasks that wait. */
  waiting = 0;
  /** By model and part: the task that is in it; -1: none. */
  readonly #inside: readonly Int32Array[];
  readonly #queues: readonly number[][][];

  /** Room for parts of `models` models. */
  constructor(models: number, parts: number) {
    this.#inside = Array.from({ length: models }, () => new Int32Array(parts).fill(-1));
    this.#queues = Array.from({ length: models }, () => Array.from({ length: parts }, () => []));
  }

  /** Whether the task is in the part now; `false`: it waits for it. */
  enter(task: number, model: number, part: number): boolean {
    const inside = this.#inside[model]!;
    if (inside[part]! >= 0) {
      this.#queues[model]![part]!.push(task);
      this.waiting++;
      return false;
    }
    inside[part] = task;
    return true;
  }

  /** A task leaves a part. Returns the one that enters it; -1: none waits. */
  leave(model: number, part: number): number {
    const next = this.#queues[model]![part]!.shift() ?? -1;
    this.waiting -= next < 0 ? 0 : 1;
    this.#inside[model]![part] = next;
    return next;
  }

  /** The tasks of a model that wait. */
  waitingOf(model: number): readonly number[] {
    return this.waiting === 0 ? [] : this.#queues[model]!.flat();
  }
}
