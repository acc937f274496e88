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
 * take their time and nobody's room.
 *
 * Example: period 2 ms, batch 4, one task of 3 ms in flight at most, requests at 0, 1 and 2 ms. The first is
 * launched at 0 and ends at 3; the other two leave together at 3, because the period is over and room is there.
 *
 * Times are real nanoseconds. Rates change only when a stage begins or ends, so the loop jumps from
 * one such moment to the next; requests that only join a queue change nothing else.
 */
import { invariant } from "../../core/invariant.js";
import { sharingOfDevice } from "./device-sharing.js";
import { type RunTable, runTableOf } from "./run-table.js";
import { type ServiceScale, serviceScale } from "./service-times.js";
import { MOST_IN_FLIGHT } from "./serving-limits.js";
import type { LauncherPolicy, ServingProblem } from "./serving-model.js";
import { ServingQueues } from "./serving-queues.js";
import type { TaskSharing } from "./task-sharing.js";

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
  /** By task slot: model, run, first request, requests, factor of its times. */
  readonly #model: Int32Array;
  readonly #run: Int32Array;
  readonly #first: Int32Array;
  readonly #requests: Int32Array;
  readonly #scale: Float64Array;
  readonly #drawn: ServiceScale;
  /** What a task takes longer that has to wake its thread up. */
  readonly #wakeNs: number;
  /** Free task slots, as a stack. */
  readonly #free: Int32Array;
  #freeCount: number;
  /** Tasks in a stage that uses nothing: when it is over. */
  readonly #idleTask: Int32Array;
  readonly #idleStage: Int32Array;
  readonly #idleDue: Float64Array;
  #idle = 0;
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
    const most = MOST_IN_FLIGHT;
    this.#sharing = sharingOfDevice(problem.device, this.#runs, most);
    this.#model = new Int32Array(most);
    this.#run = new Int32Array(most);
    this.#first = new Int32Array(most);
    this.#requests = new Int32Array(most);
    this.#scale = new Float64Array(most);
    this.#free = Int32Array.from({ length: most }, (_, at) => most - 1 - at);
    this.#freeCount = most;
    this.#idleTask = new Int32Array(most);
    this.#idleStage = new Int32Array(most);
    this.#idleDue = new Float64Array(most);
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
      const idle = this.#nextIdle();
      const due = idle < 0 ? Number.POSITIVE_INFINITY : this.#idleDue[idle]!;
      const arrival = this.queues.nextArrivalNs;
      const timer = this.queues.nextTimerNs;
      const next = Math.min(end, due, arrival, timer);
      if (next > untilNs || next === Number.POSITIVE_INFINITY) {
        break;
      }
      // Times are sums of many: what is due a rounding earlier is due now.
      this.#now = Math.max(this.#now, next);
      if (next === end) {
        this.#endStages();
      } else if (next === due) {
        this.#endIdle(idle);
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
      if (this.#model[task] === model) {
        const now = left[slot]! - (this.#now - this.#settled) * rate[slot]!;
        progress.push(this.#progress(task, phase[slot]!, Math.max(0, now)));
      }
    }
    for (let at = 0; at < this.#idle; at++) {
      const task = this.#idleTask[at]!;
      if (this.#model[task] === model) {
        progress.push(this.#progress(task, this.#idleStage[at]!, this.#idleDue[at]! - this.#now));
      }
    }
    return progress;
  }

  #progress(task: number, stage: number, left: number): number {
    const { ns, before, wholeNs } = this.#runs;
    const run = this.#run[task]!;
    if (stage < this.#runs.start[run]!) {
      return 0;
    }
    const done = before[stage]! + ns[stage]! - left / this.#scale[task]!;
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
    this.#step = this.#sharing.count === 0 ? Number.POSITIVE_INFINITY : this.#sharing.settle();
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
    const task = this.#idleTask[at]!;
    const stage = this.#idleStage[at]!;
    // In their order: of gaps that are over at one time the first that began ends first.
    for (const each of [this.#idleTask, this.#idleStage, this.#idleDue]) {
      each.copyWithin(at, at + 1, this.#idle);
    }
    this.#idle--;
    this.events++;
    this.#catchUp();
    if (this.#goOn(task, stage + 1)) {
      this.#launchAll();
    }
    this.#settle();
  }

  /** Begins a stage of a task; `true`: there is none left, and its requests are answered. */
  #goOn(task: number, stage: number): boolean {
    const { ns, share, end } = this.#runs;
    const run = this.#run[task]!;
    if (stage === end[run]!) {
      this.#usedShare += this.#runs.shareNs[run]! * this.#scale[task]!;
      this.#usedArithmetic += this.#runs.arithmeticNs[run]! * this.#scale[task]!;
      this.#usedBandwidth += this.#runs.bandwidthNs[run]! * this.#scale[task]!;
      this.queues.finish(this.#model[task]!, this.#first[task]!, this.#requests[task]!, this.#now);
      this.#free[this.#freeCount++] = task;
      return true;
    }
    const left = ns[stage]! * this.#scale[task]!;
    if (share[stage]! > 0) {
      this.#sharing.add(task, stage, left);
    } else {
      this.#rest(task, stage, left);
    }
    return false;
  }

  /** A task uses nothing for a while: a stage of its own, or before its first one. */
  #rest(task: number, stage: number, ns: number): void {
    this.#idleTask[this.#idle] = task;
    this.#idleStage[this.#idle] = stage;
    this.#idleDue[this.#idle++] = this.#now + ns;
  }

  /** Launches all tasks that may be launched now; each waits for `wakeNs` before it begins. */
  #launchAll(wakeNs = 0): void {
    let isNew = false;
    for (;;) {
      const model = this.queues.takeTurn(this.#now, this.#freeCount > 0);
      if (model < 0) {
        break;
      }
      if (!isNew) {
        this.#catchUp();
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
    const task = this.#free[--this.#freeCount]!;
    this.#model[task] = model;
    this.#run[task] = run;
    this.#first[task] = first;
    this.#requests[task] = requests;
    const { scaleOf } = this.#options;
    this.#scale[task] = scaleOf?.(model, number) ?? this.#drawn(run, model, number);
    const batch = this.#runs.batch[run]!;
    this.#options.onLaunch?.({ timeNs: this.#now, model, first, requests, batch });
    const start = this.#runs.start[run]!;
    if (wakeNs > 0) {
      this.#rest(task, start - 1, wakeNs);
    } else {
      this.#goOn(task, start);
    }
  }

  #nextIdle(): number {
    let next = -1;
    for (let at = 0; at < this.#idle; at++) {
      if (next < 0 || this.#idleDue[at]! < this.#idleDue[next]!) {
        next = at;
      }
    }
    return next;
  }
}
