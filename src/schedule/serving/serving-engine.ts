/**
 * Serves requests on a device that is not there: a simulation by events.
 *
 * Requests of a model wait in a queue, first come, first served. The launcher launches a task of a
 * model when requests of it wait, when its last launch is at least its period ago, and when there is room in
 * flight, for the model and for all. A task takes as many requests as wait, at most the policy's batch, and runs as
 * the smallest batch that holds them. When several models may launch, the one goes first whose
 * request waits longest. A policy may say more about what waits (`reaction.ts`).
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
import type { IdleStages } from "./idle-stages.js";
import { type RunTable, runTableOf } from "./run-table.js";
import { type DrawnTimes, drawnTimes, recordFor, type ServiceRecord } from "./service-record.js";
import { MOST_IN_FLIGHT } from "./serving-limits.js";
import type { LauncherPolicy, ServingProblem } from "./serving-model.js";
import type { ServingOptions } from "./serving-options.js";
import { ServingQueues } from "./serving-queues.js";
import type { SoloTask } from "./solo-task.js";
import type { TaskSharing } from "./task-sharing.js";
import type { TaskSlots } from "./task-slots.js";
import { TasksInFlight } from "./tasks-in-flight.js";

/** Stage work left that counts as none, in nanoseconds. */
const DONE_NS = 1e-6;

/** One device that serves requests under a policy, which may change as time goes on. */
export class ServingEngine {
  /** Ends of stages so far: the unit of the simulator's throughput. */
  events = 0;
  readonly queues: ServingQueues;
  readonly #runs: RunTable;
  readonly #options: ServingOptions;
  readonly #flight: TasksInFlight;
  /** Of the tasks in flight. */
  readonly #tasks: TaskSlots;
  readonly #sharing: TaskSharing;
  readonly #idle: IdleStages;
  readonly #solo: SoloTask;
  /** Absent: all tasks take the time of their profile. */
  readonly #drawn: DrawnTimes | undefined;
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
    const { seed } = options;
    this.#drawn = seed === undefined ? undefined : drawnTimes(problem.models.length, seed);
    this.queues = new ServingQueues(problem, arrivals, policy);
    this.#flight = new TasksInFlight(problem, this.#runs);
    this.#tasks = this.#flight.tasks;
    this.#sharing = this.#flight.sharing;
    this.#idle = this.#flight.idle;
    this.#solo = this.#flight.solo;
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
          this.#launchAll(true);
        }
      } else {
        this.#launchAll(true);
      }
    }
    this.#now = untilNs === Number.POSITIVE_INFINITY ? this.#now : untilNs;
  }

  /** How far each task in flight of a model is, as a share of its time alone, in no order. */
  progressOf(model: number): readonly number[] {
    return this.#flight.progressOf(model, this.#now, this.#now - this.#settled);
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
    if (this.#sharing.count + this.#idle.count === 1) {
      this.#flight.takeAlone(this.#now);
    }
    const sharing = this.#sharing;
    this.#step = sharing.count === 0 ? Number.POSITIVE_INFINITY : sharing.settle();
  }

  #endSolo(): void {
    const { task } = this.#solo;
    this.events += this.#solo.release(this.#runs.end[this.#tasks.run[task]!]!);
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
    const isOver = this.#flight.goOn(task, stage, this.#now);
    if (isOver) {
      this.#finish(task);
    }
    return isOver;
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

  /** Launches all tasks that may be launched now; whether each has to wake its thread up before it begins. */
  #launchAll(isWoken = false): void {
    let isNew = false;
    for (;;) {
      const model = this.queues.takeTurn(this.#now, this.#tasks.isRoom);
      if (model < 0) {
        break;
      }
      if (!isNew) {
        this.#catchUp();
        this.events += this.#flight.joinAlone(this.#now);
        isNew = true;
      }
      this.#launch(model, isWoken);
    }
    if (isNew) {
      this.#settle();
    }
  }

  #launch(model: number, isWoken: boolean): void {
    const { queues } = this;
    const number = queues.launches[model]!;
    const first = queues.head[model]!;
    const { requests, variant } = queues.take(model, this.#now);
    const run = this.#runs.runFor(model, variant, requests);
    const task = this.#tasks.take();
    this.#tasks.model[task] = model;
    this.#tasks.run[task] = run;
    this.#tasks.first[task] = first;
    this.#tasks.requests[task] = requests;
    const records = this.#runs.records[run];
    const { concurrency } = queues.policy.models[model]!;
    const record = records === undefined ? undefined : recordFor(records, concurrency);
    this.#tasks.scale[task] =
      this.#options.scaleOf?.(model, number) ?? this.#drawnScale(record, run, model, number);
    const batch = this.#runs.batch[run]!;
    this.#options.onLaunch?.({ timeNs: this.#now, model, first, requests, batch });
    const start = this.#runs.start[run]!;
    const wakeNs = isWoken ? (record?.wakeNs ?? 0) : 0;
    if (wakeNs > 0) {
      this.#idle.add(task, start - 1, this.#now + wakeNs);
    } else {
      this.#goOn(task, start);
    }
  }

  /** Times that the launch of a number takes longer than the profile of its run says. */
  #drawnScale(
    record: ServiceRecord | undefined,
    run: number,
    model: number,
    launch: number,
  ): number {
    return record === undefined || this.#drawn === undefined
      ? 1
      : this.#drawn(record, model, launch) / this.#runs.wholeNs[run]!;
  }
}
