/** Parts of pipelined tasks while requests are replayed: each holds one task of a model, and others stand in line for it. */
import type { BatchRun } from "../schedule/serving/serving-model.js";

/** The part of a run that a stage is in; -1: before its first stage, behind its last, or of a run without parts. */
export function partOf({ pipeline = [], profile }: BatchRun, stage: number): number {
  return stage < profile.ns.length ? pipeline.findLastIndex((begin) => begin <= stage) : -1;
}

/** The lines for the parts of all models. */
export class PartLines<Task> {
  /** By model and part: who is inside, then who waits. */
  readonly #lines = new Map<string, Task[]>();

  /** A task joins a line; whether it is inside at once. */
  enter(model: number, part: number, task: Task): boolean {
    const key = `${model}/${part}`;
    const line = this.#lines.get(key) ?? [];
    this.#lines.set(key, line);
    return line.push(task) === 1;
  }

  /** Who is inside leaves. Returns the next one, which is inside now. */
  leave(model: number, part: number): Task | undefined {
    const line = this.#lines.get(`${model}/${part}`) ?? [];
    line.shift();
    return line[0];
  }

  /** All that wait for a part. */
  standing(): readonly Task[] {
    return [...this.#lines.values()].flatMap((line) => line.slice(1));
  }
}
