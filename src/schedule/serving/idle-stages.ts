/** Tasks in a stage that uses nothing, each until its time. */
export class IdleStages {
  count = 0;
  /** By entry: the task, its stage, and when that is over. */
  readonly task: Int32Array;
  readonly stage: Int32Array;
  readonly due: Float64Array;

  /** Room for `most` tasks. */
  constructor(most: number) {
    this.task = new Int32Array(most);
    this.stage = new Int32Array(most);
    this.due = new Float64Array(most);
  }

  /** Adds a task. */
  add(task: number, stage: number, due: number): void {
    this.task[this.count] = task;
    this.stage[this.count] = stage;
    this.due[this.count++] = due;
  }

  /** Removes an entry. The others keep their order: of those that are over at one time the first that began is next. */
  remove(at: number): void {
    this.count--;
    for (let entry = at; entry < this.count; entry++) {
      this.task[entry] = this.task[entry + 1]!;
      this.stage[entry] = this.stage[entry + 1]!;
      this.due[entry] = this.due[entry + 1]!;
    }
  }

  /** The entry that is over first; -1: there is none. */
  next(): number {
    let next = -1;
    for (let at = 0; at < this.count; at++) {
      if (next < 0 || this.due[at]! < this.due[next]!) {
        next = at;
      }
    }
    return next;
  }
}
