/**
 * Tasks in flight on a device, each in one place: in a stage that shares the device with others, in a gap that uses
 * nothing, alone on a GPU, or waiting for the next part of a pipeline.
 *
 * A task alone on a GPU goes through its stages at their own speed, so it is taken off the books until it ends or another
 * joins it (`solo-task.ts`).
 */
import { sharingOfDevice } from "./device-sharing.js";
import { IdleStages } from "./idle-stages.js";
import { PipelineGates } from "./pipeline-gates.js";
import type { RunTable } from "./run-table.js";
import { MOST_IN_FLIGHT } from "./serving-limits.js";
import type { ServingProblem } from "./serving-model.js";
import { SoloTask } from "./solo-task.js";
import type { TaskSharing } from "./task-sharing.js";
import { TaskSlots } from "./task-slots.js";

/** The places of all tasks in flight. */
export class TasksInFlight {
  readonly tasks: TaskSlots = new TaskSlots(MOST_IN_FLIGHT);
  /** Stages that use something. */
  readonly sharing: TaskSharing;
  /** Stages that use nothing. */
  readonly idle: IdleStages = new IdleStages(MOST_IN_FLIGHT);
  /** A task alone on a GPU; then there is no other. */
  readonly solo: SoloTask;
  readonly #runs: RunTable;
  readonly #maySolo: boolean;
  readonly #gates: PipelineGates;
  readonly #hasParts: boolean;

  /** Cost: O(stages of all profiles). */
  constructor({ device, models }: ServingProblem, runs: RunTable) {
    this.#runs = runs;
    this.solo = new SoloTask(runs);
    this.#maySolo = device.kind === "gpu";
    const parts = runs.part.reduce((all, part) => Math.max(all, part + 1), 0);
    this.#hasParts = parts > 0;
    this.#gates = new PipelineGates(models.length, parts);
    this.sharing = sharingOfDevice(device, runs, MOST_IN_FLIGHT);
  }

  /** A task begins a stage, or waits for the part that it is in; `true`: there is none left. */
  goOn(task: number, stage: number, now: number): boolean {
    const isOver = stage === this.#runs.end[this.tasks.run[task]!]!;
    if (this.#hasParts && !this.#changePart(task, stage, isOver, now)) {
      return false;
    }
    if (!isOver) {
      this.#occupy(task, stage, this.#wholeNs(task, stage), now);
    }
    return isOver;
  }

  /** Takes the only task in a stage off the books if it is alone on a GPU. */
  takeAlone(now: number): void {
    const { count, operator, phase, left } = this.sharing;
    if (!this.#maySolo || this.#gates.waiting > 0) {
      return;
    }
    const task = count === 1 ? operator[0]! : this.idle.task[0]!;
    const run = this.tasks.run[task]!;
    if (!this.solo.mayHold(run)) {
      return;
    }
    const place =
      count === 1
        ? { stage: phase[0]!, left: left[0]! }
        : { stage: this.idle.stage[0]!, left: this.idle.due[0]! - now };
    this.solo.begin(task, run, place, now, this.tasks.scale[task]!);
    this.sharing.count = 0;
    this.idle.count = 0;
    this.#leavePart(task, place.stage, now);
  }

  /** Puts a task that was alone back, as another one joins it. Returns how many stages it has ended meanwhile. */
  joinAlone(now: number): number {
    const { task } = this.solo;
    if (task < 0) {
      return 0;
    }
    const { stage, left } = this.solo.placeAt(now);
    const ended = this.solo.release(stage);
    this.#enterPart(task, stage);
    this.#occupy(task, stage, left, now);
    return ended;
  }

  /**
   * How far each task in flight of a model is, as a share of its time alone, in no order. Rates have held for `sinceNs`.
   */
  progressOf(model: number, now: number, sinceNs: number): readonly number[] {
    const progress: number[] = [];
    const { count, operator, phase, left, rate } = this.sharing;
    for (let slot = 0; slot < count; slot++) {
      const task = operator[slot]!;
      if (this.tasks.model[task] === model) {
        const still = left[slot]! - sinceNs * rate[slot]!;
        progress.push(this.#progress(task, phase[slot]!, Math.max(0, still)));
      }
    }
    for (let at = 0; at < this.idle.count; at++) {
      const task = this.idle.task[at]!;
      if (this.tasks.model[task] === model) {
        progress.push(this.#progress(task, this.idle.stage[at]!, this.idle.due[at]! - now));
      }
    }
    for (const task of this.#gates.waitingOf(model)) {
      const stage = this.tasks.partStage[task]!;
      progress.push(this.#progress(task, stage, this.#wholeNs(task, stage)));
    }
    const { task } = this.solo;
    if (task >= 0 && this.tasks.model[task] === model) {
      const { stage, left: still } = this.solo.placeAt(now);
      progress.push(this.#progress(task, stage, still));
    }
    return progress;
  }

  #progress(task: number, stage: number, left: number): number {
    const { ns, before, wholeNs, start } = this.#runs;
    const run = this.tasks.run[task]!;
    if (stage < start[run]!) {
      return 0;
    }
    const done = before[stage]! + ns[stage]! - left / this.tasks.scale[task]!;
    return Math.min(1, Math.max(0, done / wholeNs[run]!));
  }

  /** What a stage of a task takes alone. */
  #wholeNs(task: number, stage: number): number {
    return this.#runs.ns[stage]! * this.tasks.scale[task]!;
  }

  /** Leaves the part of the stage before, if that is another, for that of a stage; `false`: it waits for it. */
  #changePart(task: number, stage: number, isOver: boolean, now: number): boolean {
    const { part, start } = this.#runs;
    const isFirst = stage === start[this.tasks.run[task]!]!;
    if (!isFirst && !isOver && part[stage]! === part[stage - 1]!) {
      return true;
    }
    if (!isFirst) {
      this.#leavePart(task, stage - 1, now);
    }
    return isOver || this.#enterPart(task, stage);
  }

  /** Whether a task is in the part of a stage now; else it waits. Without parts it always is. */
  #enterPart(task: number, stage: number): boolean {
    const part = this.#runs.part[stage]!;
    this.tasks.partStage[task] = stage;
    return part < 0 || this.#gates.enter(task, this.tasks.model[task]!, part);
  }

  /** A task leaves the part of a stage, and the one that waits longest for it begins it. */
  #leavePart(task: number, stage: number, now: number): void {
    const part = this.#runs.part[stage]!;
    const next = part < 0 ? -1 : this.#gates.leave(this.tasks.model[task]!, part);
    if (next >= 0) {
      const from = this.tasks.partStage[next]!;
      this.#occupy(next, from, this.#wholeNs(next, from), now);
    }
  }

  #occupy(task: number, stage: number, left: number, now: number): void {
    if (this.#runs.share[stage]! > 0) {
      this.sharing.add(task, stage, left);
    } else {
      this.idle.add(task, stage, now + left);
    }
  }
}
