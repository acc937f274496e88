/**
 * Serves requests on a device that is not there: a simulation by events.
 *
 * Requests of a model wait in a queue, first come, first served. The launcher launches a task of a
 * model when requests of it wait, when its last launch is at least its period ago, and when there is room in
 * flight, for the model and for all. A task takes as many requests as wait, at most the policy's batch, and runs as
 * the smallest batch that holds them. When several models may launch, the one goes first whose
 * request waits longest.
 *
 * Tasks in flight go through the stages of their profile, next to each other, at the speed that the contention
 * law of the device gives (`device-sharing.ts`, the law of operator schedules). A task that begins a stage goes
 * behind those that wait for room, as a kernel does. Stages that use nothing (gaps between kernels)
 * take their time and nobody's room. Pipelined tasks of one model are in different parts: one that finds the next part
 * taken waits (`pipeline-gates.ts`).
 *
 * Example: period 2 ms, batch 4, one task of 3 ms in flight at most, requests at 0, 1 and 2 ms. The first is
 * launched at 0 and ends at 3; the other two leave together at 3, because the period is over and room is there.
 *
 * Times are real nanoseconds. Rates change only when a stage begins or ends, so the loop jumps from
 * one such moment to the next; requests that only join a queue change nothing else. A task that has a GPU to itself is
 * taken to its end at once (`solo-task.ts`).
 */
import { invariant } from "../../core/invariant.js";
import { sharingOfDevice } from "./device-sharing.js";
import { IdleStages } from "./idle-stages.js";
import { PipelineGates } from "./pipeline-gates.js";
import { type RunTable, runTableOf } from "./run-table.js";
import { type ServiceScale, serviceScale } from "./service-times.js";
import { MOST_IN_FLIGHT } from "./serving-limits.js";
import type { LauncherPolicy, ServingProblem } from "./serving-model.js";
import { ServingQueues } from "./serving-queues.js";
import { SoloTask } from "./solo-task.js";
import type { TaskSharing } from "./task-sharing.js";
import { TaskSlots } from "./task-slots.js";

/** A task that is launched. */
export interface TaskLaunch {
  readonly timeNs: number;
  readonly model: number;
  /** Position of its first request among those of the model, and how many there are. */
  readonly first: number;
  readonly requests: number;
  readonly batch: number;
}

/** What a simulation may do besides. */
export interface ServingOptions {
  /**
   * Times that a task takes longer than its profile says, by model and number of the launch among
   * the model's: service times that vary. Default 1.
   */
  readonly scaleOf?: (model: number, launch: number) => number;
  /** Draws the times of runs that vary (`BatchRun`); absent: all take their mean. Not with `scaleOf`. */
  readonly seed?: number;
  readonly onLaunch?: (launch: TaskLaunch) => void;
}

/** Stage work left that counts as none, in nanoseconds. */
const DONE_NS = 1e-6;

/** One device that serves requests under a policy, which may change as time goes on. */
export class ServingEngine {
  /** Ends of stages so far: the unit of the simulator's throughput. */
  events = 0;
  readonly queues: ServingQueues;
  readonly #runs: RunTable;
  readonly #options: ServingOptions;
  readonly #sharing: TaskSharing;
  readonly #tasks = new TaskSlots(MOST_IN_FLIGHT);
  readonly #drawn: ServiceScale;
  /** What a task takes longer that has to wake its thread up. */
  readonly #wakeNs: number;
  readonly #idle = new IdleStages(MOST_IN_FLIGHT);
  /** A task alone on a GPU; then there is no other. */
  readonly #solo: SoloTask;
  readonly #maySolo: boolean;
  readonly #gates: PipelineGates;
  readonly #hasParts: boolean;
  /** Tasks whose stage is over, each with that stage. */
  readonly #over = new Int32Array(2 * MOST_IN_FLIGHT);
  /** Sum over ended tasks of what they used, times nanoseconds. */
  #usedShare = 0;
  #usedArithmetic = 0;
  #usedBandwidth = 0;
  #now = 0;
  /** When the rates were set, and how long they hold. */
  #settled = 0;
  #step = Number.POSITIVE_INFINITY;

  /** `arrivals` by model: ascending. Cost: O(stages of all profiles + requests). */
  constructor(
    problem: ServingProblem,
    arrivals: readonly Float64Array[],
    policy: LauncherPolicy,
    options: ServingOptions = {},
  ) {
    invariant(arrivals.length === problem.models.length, "every model has arrivals");
    this.#runs = runTableOf(problem);
    this.#options = options;
    this.#drawn = serviceScale(this.#runs.spread, problem.models.length, options.seed);
    this.#wakeNs = problem.device.kind === "cpu" ? (problem.device.wakeNs ?? 0) : 0;
    this.queues = new ServingQueues(problem, arrivals, policy);
    this.#solo = new SoloTask(this.#runs);
    this.#maySolo = problem.device.kind === "gpu";
    const parts = this.#runs.part.reduce((all, part) => Math.max(all, part + 1), 0);
    this.#hasParts = parts > 0;
    this.#gates = new PipelineGates(problem.models.length, parts);
    this.#sharing = sharingOfDevice(problem.device, this.#runs, MOST_IN_FLIGHT);
  }

  /** Everything before this time has happened. */
  get nowNs(): number {
    return this.#now;
  }

  /** Work of the tasks that have ended: use of each resource times nanoseconds. */
  get doneNs(): {
    readonly share: number;
    readonly arithmetic: number;
    readonly bandwidth: number;
  } {
    return {
      share: this.#usedShare,
      arithmetic: this.#usedArithmetic,
      bandwidth: this.#usedBandwidth,
    };
  }

  /** Changes the policy from now on; tasks in flight stay as they are. */
  setPolicy(policy: LauncherPolicy): void {
    this.queues.setPolicy(policy);
    this.#launchAll();
  }

  /**
   * Lets everything happen that happens up to `untilNs`; `Infinity`: until all requests are answered.
   *
   * Cost: O(stages x tasks in flight at a time + requests x models).
   */
  advanceTo(untilNs: number): void {
    for (;;) {
      const end = this.#settled + this.#step;
      const idle = this.#idle.next();
      const due = idle < 0 ? Number.POSITIVE_INFINITY : this.#idle.due[idle]!;
      const arrival = this.queues.nextArrivalNs;
      const timer = this.queues.nextTimerNs;
      const solo = this.#solo.endNs;
      const next = Math.min(end, due, arrival, timer, solo);
      if (next > untilNs || next === Number.POSITIVE_INFINITY) {
        break;
      }
      // Times are sums of many: what is due a rounding earlier is due now.
      this.#now = Math.max(this.#now, next);
      if (next === end) {
        this.#endStages();
      } else if (next === due) {
        this.#endIdle(idle);
      } else if (next === solo) {
        this.#endSolo();
      } else if (next === arrival) {
        if (this.queues.arrive(this.#now)) {
          this.#launchAll(this.#wakeNs);
        }
      } else {
        this.#launchAll(this.#wakeNs);
      }
    }
    this.#now = untilNs === Number.POSITIVE_INFINITY ? this.#now : untilNs;
  }

  /** How far each task in flight of a model is, as a share of its time alone, in no order. */
  progressOf(model: number): readonly number[] {
    const progress: number[] = [];
    const { count, operator, phase, left, rate } = this.#sharing;
    for (let slot = 0; slot < count; slot++) {
      const task = operator[slot]!;
      if (this.#tasks.model[task] === model) {
        const now = left[slot]! - (this.#now - this.#settled) * rate[slot]!;
        progress.push(this.#progress(task, phase[slot]!, Math.max(0, now)));
      }
    }
    for (let at = 0; at < this.#idle.count; at++) {
      const task = this.#idle.task[at]!;
      if (this.#tasks.model[task] === model) {
        const left = this.#idle.due[at]! - this.#now;
        progress.push(this.#progress(task, this.#idle.stage[at]!, left));
      }
    }
    for (const task of this.#gates.waitingOf(model)) {
      const stage = this.#tasks.partStage[task]!;
      progress.push(this.#progress(task, stage, this.#runs.ns[stage]! * this.#tasks.scale[task]!));
    }
    const { task } = this.#solo;
    if (task >= 0 && this.#tasks.model[task] === model) {
      const { stage, left } = this.#solo.placeAt(this.#now);
      progress.push(this.#progress(task, stage, left));
    }
    return progress;
  }

  #progress(task: number, stage: number, left: number): number {
    const { ns, before, wholeNs } = this.#runs;
    const run = this.#tasks.run[task]!;
    if (stage < this.#runs.start[run]!) {
      return 0;
    }
    const done = before[stage]! + ns[stage]! - left / this.#tasks.scale[task]!;
    return Math.min(1, Math.max(0, done / wholeNs[run]!));
  }

  /** Brings what runs up to now, before something joins it. */
  #catchUp(): void {
    if (this.#now > this.#settled) {
      this.#sharing.advance(this.#now - this.#settled);
    }
    this.#settled = this.#now;
  }

  #settle(): void {
    this.#settled = this.#now;
    if (
      this.#maySolo &&
      this.#sharing.count + this.#idle.count === 1 &&
      this.#gates.waiting === 0
    ) {
      this.#beginSolo();
    }
    this.#step = this.#sharing.count === 0 ? Number.POSITIVE_INFINITY : this.#sharing.settle();
  }

  /** Takes the only task off the device's books. */
  #beginSolo(): void {
    const { count, operator, phase, left } = this.#sharing;
    const task = count === 1 ? operator[0]! : this.#idle.task[0]!;
    const run = this.#tasks.run[task]!;
    if (!this.#solo.mayHold(run)) {
      return;
    }
    const place =
      count === 1
        ? { stage: phase[0]!, left: left[0]! }
        : { stage: this.#idle.stage[0]!, left: this.#idle.due[0]! - this.#now };
    this.#solo.begin(task, run, place, this.#now, this.#tasks.scale[task]!);
    this.#sharing.count = 0;
    this.#idle.count = 0;
    this.#leavePart(task, place.stage);
  }

  /** Puts the only task back, as another one joins it. */
  #joinSolo(): void {
    const { task } = this.#solo;
    if (task < 0) {
      return;
    }
    const { stage, left } = this.#solo.placeAt(this.#now);
    this.events += this.#solo.release(stage);
    this.#enterPart(task, stage);
    this.#occupy(task, stage, left);
  }

  #endSolo(): void {
    const { task } = this.#solo;
    const end = this.#runs.end[this.#tasks.run[task]!]!;
    this.events += this.#solo.release(end);
    this.#finish(task);
    this.#launchAll();
    this.#settle();
  }

  /** The rates have held to their end: stages are over, and their tasks go on behind the others. */
  #endStages(): void {
    const sharing = this.#sharing;
    // By the step itself: differences of late times are too coarse to end a stage.
    sharing.advance(this.#step);
    this.#settled = this.#now;
    const { operator, phase, left, rate, count } = sharing;
    const over = this.#over;
    let ended = 0;
    let kept = 0;
    for (let slot = 0; slot < count; slot++) {
      if (rate[slot]! > 0 && left[slot]! <= DONE_NS) {
        over[ended++] = operator[slot]!;
        over[ended++] = phase[slot]!;
      } else {
        if (kept < slot) {
          sharing.move(slot, kept);
        }
        kept++;
      }
    }
    sharing.count = kept;
    this.events += ended / 2;
    let hasEnded = false;
    for (let at = 0; at < ended; at += 2) {
      hasEnded = this.#goOn(over[at]!, over[at + 1]! + 1) || hasEnded;
    }
    if (hasEnded) {
      this.#launchAll();
    }
    this.#settle();
  }

  /** A stage that uses nothing is over. */
  #endIdle(at: number): void {
    const task = this.#idle.task[at]!;
    const stage = this.#idle.stage[at]!;
    this.#idle.remove(at);
    this.events++;
    this.#catchUp();
    if (this.#goOn(task, stage + 1)) {
      this.#launchAll();
    }
    this.#settle();
  }

  /** Begins a stage of a task; `true`: there is none left, and its requests are answered. */
  #goOn(task: number, stage: number): boolean {
    const isOver = stage === this.#runs.end[this.#tasks.run[task]!]!;
    if (this.#hasParts && !this.#changePart(task, stage, isOver)) {
      return false;
    }
    if (isOver) {
      this.#finish(task);
      return true;
    }
    this.#occupy(task, stage, this.#runs.ns[stage]! * this.#tasks.scale[task]!);
    return false;
  }

  /** Leaves the part of the stage before, if that is another, for that of a stage; `false`: it waits for it. */
  #changePart(task: number, stage: number, isOver: boolean): boolean {
    const { part, start } = this.#runs;
    const isFirst = stage === start[this.#tasks.run[task]!]!;
    if (!isFirst && !isOver && part[stage]! === part[stage - 1]!) {
      return true;
    }
    if (!isFirst) {
      this.#leavePart(task, stage - 1);
    }
    return isOver || this.#enterPart(task, stage);
  }

  /** Whether a task is in the part of a stage now; else it waits. Without parts it always is. */
  #enterPart(task: number, stage: number): boolean {
    const part = this.#runs.part[stage]!;
    this.#tasks.partStage[task] = stage;
    return part < 0 || this.#gates.enter(task, this.#tasks.model[task]!, part);
  }

  /** A task leaves the part of a stage, and the one that waits longest for it begins it. */
  #leavePart(task: number, stage: number): void {
    const part = this.#runs.part[stage]!;
    const next = part < 0 ? -1 : this.#gates.leave(this.#tasks.model[task]!, part);
    if (next >= 0) {
      const from = this.#tasks.partStage[next]!;
      this.#occupy(next, from, this.#runs.ns[from]! * this.#tasks.scale[next]!);
    }
  }

  /** The requests of a task are answered. */
  #finish(task: number): void {
    const run = this.#tasks.run[task]!;
    this.#usedShare += this.#runs.shareNs[run]! * this.#tasks.scale[task]!;
    this.#usedArithmetic += this.#runs.arithmeticNs[run]! * this.#tasks.scale[task]!;
    this.#usedBandwidth += this.#runs.bandwidthNs[run]! * this.#tasks.scale[task]!;
    this.queues.finish(
      this.#tasks.model[task]!,
      this.#tasks.first[task]!,
      this.#tasks.requests[task]!,
      this.#now,
    );
    this.#tasks.free(task);
  }

  /** Puts a task on the device. */
  #occupy(task: number, stage: number, left: number): void {
    if (this.#runs.share[stage]! > 0) {
      this.#sharing.add(task, stage, left);
    } else {
      this.#rest(task, stage, left);
    }
  }

  /** A task uses nothing for a while: a stage of its own, or before its first one. */
  #rest(task: number, stage: number, ns: number): void {
    this.#idle.add(task, stage, this.#now + ns);
  }

  /** Launches all tasks that may be launched now; each waits for `wakeNs` before it begins. */
  #launchAll(wakeNs = 0): void {
    let isNew = false;
    for (;;) {
      const model = this.queues.takeTurn(this.#now, this.#tasks.isRoom);
      if (model < 0) {
        break;
      }
      if (!isNew) {
        this.#catchUp();
        this.#joinSolo();
        isNew = true;
      }
      this.#launch(model, wakeNs);
    }
    if (isNew) {
      this.#settle();
    }
  }

  #launch(model: number, wakeNs: number): void {
    const { queues } = this;
    const number = queues.launches[model]!;
    const first = queues.head[model]!;
    const requests = queues.take(model, this.#now);
    const run = this.#runs.runFor(model, queues.policy.models[model]!.variant, requests);
    const task = this.#tasks.take();
    this.#tasks.model[task] = model;
    this.#tasks.run[task] = run;
    this.#tasks.first[task] = first;
    this.#tasks.requests[task] = requests;
    const { scaleOf } = this.#options;
    this.#tasks.scale[task] = scaleOf?.(model, number) ?? this.#drawn(run, model, number);
    const batch = this.#runs.batch[run]!;
    this.#options.onLaunch?.({ timeNs: this.#now, model, first, requests, batch });
    const start = this.#runs.start[run]!;
    if (wakeNs > 0) {
      this.#rest(task, start - 1, wakeNs);
    } else {
      this.#goOn(task, start);
    }
  }
}
