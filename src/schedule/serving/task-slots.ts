/** Tasks in flight by slot: what each is for, and how it runs. */
export class TaskSlots {
  readonly model: Int32Array;
  readonly run: Int32Array;
  /** Position of its first request among those of the model, and how many there are. */
  readonly first: Int32Array;
  readonly requests: Int32Array;
  /** Factor of its times. */
  readonly scale: Float64Array;
  /** The stage that begins the part which it waits for or is in. */
  readonly partStage: Int32Array;
  /** Free slots, as a stack. */
  readonly #free: Int32Array;
  #freeCount: number;

  /** Room for `most` tasks. */
  constructor(most: number) {
    this.model = new Int32Array(most);
    this.run = new Int32Array(most);
    this.first = new Int32Array(most);
    this.requests = new Int32Array(most);
    this.scale = new Float64Array(most);
    this.partStage = new Int32Array(most);
    this.#free = Int32Array.from({ length: most }, (_, at) => most - 1 - at);
    this.#freeCount = most;
  }

  /** Whether a slot is free. */
  get isRoom(): boolean {
    return this.#freeCount > 0;
  }

  /** A slot for a task. Requires: one is free. */
  take(): number {
    return this.#free[--this.#freeCount]!;
  }

  /** Frees a slot. */
  free(task: number): void {
    this.#free[this.#freeCount++] = task;
  }
}
