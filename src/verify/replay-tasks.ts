/** Tasks on the device while requests are replayed: how fast their stages go on, and which is over next. */
import type { BatchRun } from "../schedule/serving/serving-model.js";
import { type DeviceLaw, needsOf, type StageNeeds } from "./replay-device.js";
import { PartLines, partOf } from "./replay-gates.js";
import type { ViewedTasks } from "./replay-view.js";
import type { ReplayedRequest } from "./replayed-requests.js";

/** Work left that counts as none, in nanoseconds. */
const NOTHING_NS = 1e-6;

/** What a gap uses. */
const NOTHING: StageNeeds = { room: 0, arithmetic: 0, bandwidth: 0 };

/** A launch of requests for one model. */
export interface Launched {
  readonly model: number;
  readonly run: BatchRun;
  readonly requests: readonly ReplayedRequest[];
  /** Times that it takes longer than its run does on average. */
  readonly factor: number;
}

/** A task in flight. */
export interface Task extends Launched {
  /** -1: its thread wakes up. */
  stage: number;
  needs: StageNeeds;
  /** Of a stage that uses something: work left. Of a gap: when it is over. */
  left: number;
}

/** All tasks in flight, of all models. Times in nanoseconds; `now` never goes back. */
export class ReplayTasks {
  readonly #law: DeviceLaw;
  readonly #needs = new Map<BatchRun, readonly StageNeeds[]>();
  readonly #lines = new PartLines<Task>();
  /** In the order in which their stages began; and those in a gap. */
  #running: Task[] = [];
  readonly #resting: Task[] = [];
  #speeds: readonly number[] = [];
  /** When `left` of what runs was right. */
  #workedUntil = 0;

  constructor(law: DeviceLaw) {
    this.#law = law;
  }

  /** What a launcher may look at. */
  view(nowNs: number): ViewedTasks {
    return {
      running: this.#running,
      speeds: this.#speeds,
      resting: this.#resting,
      standing: this.#lines.standing(),
      nowNs,
      workedUntilNs: this.#workedUntil,
    };
  }

  /** When the next stage is over, and how long from when the work left was right. */
  nextEnd(): { readonly at: number; readonly step: number } {
    let step = Infinity;
    for (let at = 0; at < this.#running.length; at++) {
      const speed = this.#speeds[at]!;
      step = speed > 0 ? Math.min(step, this.#running[at]!.left / speed) : step;
    }
    return { at: this.#workedUntil + step, step };
  }

  /** When the next gap is over. */
  nextRestEnd(): number {
    let least = Infinity;
    for (const { left } of this.#resting) {
      least = Math.min(least, left);
    }
    return least;
  }

  /** Takes off the tasks whose stages are over after a step, now, in the order in which they began. */
  endStages(step: number, now: number): readonly Task[] {
    this.#work(step);
    this.#workedUntil = now;
    const over: Task[] = [];
    const others: Task[] = [];
    for (let at = 0; at < this.#running.length; at++) {
      const task = this.#running[at]!;
      const isOver = this.#speeds[at]! > 0 && task.left <= NOTHING_NS;
      (isOver ? over : others).push(task);
    }
    this.#running = others;
    return over;
  }

  /** Takes off the first task whose gap is over at `until`. */
  endRest(until: number, now: number): readonly Task[] {
    const at = this.#resting.findIndex(({ left }) => left === until);
    const ended = this.#resting.splice(at, 1);
    this.catchUp(now);
    return ended;
  }

  /** Lets all that runs go on until now. */
  catchUp(now: number): void {
    // What has just begun has no speed yet, and nothing to catch up with.
    if (now > this.#workedUntil) {
      this.#work(now - this.#workedUntil);
    }
    this.#workedUntil = now;
  }

  /** From now on all that runs goes as fast as it can beside the others. */
  setSpeeds(now: number): void {
    this.#workedUntil = now;
    this.#speeds =
      this.#running.length === 0 ? [] : this.#law(this.#running.map((each) => each.needs));
  }

  /** Begins a task's first stage; or a gap of `wakeNs` before it, where it is above 0. As `begin`. */
  launch(launched: Launched, wakeNs: number, now: number): boolean {
    const task: Task = { ...launched, stage: 0, needs: NOTHING, left: 0 };
    if (wakeNs <= 0) {
      return this.#begin(task, now);
    }
    task.stage = -1;
    task.left = now + wakeNs;
    this.#resting.push(task);
    return true;
  }

  /** Begins the next stage of a task; `false`: there is none. */
  goOn(task: Task, now: number): boolean {
    task.stage++;
    return this.#begin(task, now);
  }

  /** Begins the stage that a task is at, or waits for the part that it is in; `false`: there is none. */
  #begin(task: Task, now: number): boolean {
    const { model, run, stage } = task;
    const [before, part] = [partOf(run, stage - 1), partOf(run, stage)];
    if (part !== before && before >= 0) {
      const next = this.#lines.leave(model, before);
      if (next !== undefined) {
        this.#occupy(next, now);
      }
    }
    if (stage === run.profile.ns.length) {
      return false;
    }
    if (part === before || part < 0 || this.#lines.enter(model, part, task)) {
      this.#occupy(task, now);
    }
    return true;
  }

  /** A task's stage is on the device from now on, or its gap. */
  #occupy(task: Task, now: number): void {
    const { ns } = task.run.profile;
    const { stage } = task;
    task.needs = this.#needsOf(task.run)[stage]!;
    const isGap = task.needs.room === 0;
    const takesNs = ns[stage]! * task.factor;
    task.left = isGap ? now + takesNs : takesNs;
    (isGap ? this.#resting : this.#running).push(task);
  }

  #needsOf(run: BatchRun): readonly StageNeeds[] {
    const needs = this.#needs.get(run) ?? needsOf(run);
    this.#needs.set(run, needs);
    return needs;
  }

  #work(ns: number): void {
    for (let at = 0; at < this.#running.length; at++) {
      this.#running[at]!.left -= ns * this.#speeds[at]!;
    }
  }
}
