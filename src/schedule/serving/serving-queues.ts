import { invariant } from "../../core/invariant.js";
import type { LauncherPolicy, ServingProblem } from "./serving-model.js";

/**
 * The launcher: a queue for each model, and when the next task of it may be launched. A queue is a piece of the
 * model's arrivals, so requests are only counted.
 */
export class ServingQueues {
  policy: LauncherPolicy;
  /** By model and request. */
  readonly arrivals: readonly Float64Array[];
  /** By model and request: when its task was launched and when it was answered; -1: not yet. */
  readonly launchNs: readonly Float64Array[];
  readonly endNs: readonly Float64Array[];
  /** By model: the first request that waits, and the first that has not arrived. */
  readonly head: Int32Array;
  readonly tail: Int32Array;
  /** By model: tasks in flight, tasks launched so far, when the last one was. */
  readonly inFlight: Int32Array;
  readonly launches: Int32Array;
  /** When the next request arrives; `Infinity`: there is none. */
  nextArrivalNs: number = Number.POSITIVE_INFINITY;
  /** When a period ends that alone holds a launch up; `Infinity`: there is none. */
  nextTimerNs: number = Number.POSITIVE_INFINITY;
  readonly #problem: ServingProblem;
  readonly #last: Float64Array;
  #next = 0;
  #total = 0;

  constructor(problem: ServingProblem, arrivals: readonly Float64Array[], policy: LauncherPolicy) {
    const models = problem.models.length;
    this.#problem = problem;
    this.policy = policy;
    this.arrivals = arrivals;
    this.launchNs = arrivals.map(({ length }) => new Float64Array(length).fill(-1));
    this.endNs = arrivals.map(({ length }) => new Float64Array(length).fill(-1));
    this.head = new Int32Array(models);
    this.tail = new Int32Array(models);
    this.inFlight = new Int32Array(models);
    this.launches = new Int32Array(models);
    this.#last = new Float64Array(models).fill(Number.NEGATIVE_INFINITY);
    this.setPolicy(policy);
    this.#findNextArrival();
  }

  /** Changes the policy; what has been launched stays. */
  setPolicy(policy: LauncherPolicy): void {
    invariant(policy.models.length === this.#problem.models.length, "a policy is for all models");
    for (const [at, { periodNs, batch, concurrency, variant }] of policy.models.entries()) {
      const most = this.#problem.models[at]?.variants[variant]?.runs.at(-1)?.batch ?? 0;
      invariant(periodNs >= 0 && concurrency >= 1, "a policy launches");
      invariant(batch >= 1 && batch <= most, "a policy's batch is one that its variant has");
    }
    this.policy = policy;
  }

  /** Requests of a model that wait. */
  waiting(model: number): number {
    return this.tail[model]! - this.head[model]!;
  }

  /** When the request arrived that waits longest; `Infinity`: none waits. */
  headNs(model: number): number {
    return this.head[model]! < this.tail[model]!
      ? this.arrivals[model]![this.head[model]!]!
      : Number.POSITIVE_INFINITY;
  }

  /** The next request arrives. */
  arrive(): void {
    this.tail[this.#next]! += 1;
    this.#findNextArrival();
  }

  /**
   * The model that may launch a task now and whose first request waits longest; -1: none. Sets
   * `nextTimerNs` then.
   */
  takeTurn(now: number, isRoom: boolean): number {
    const { models, inFlight = Number.POSITIVE_INFINITY } = this.policy;
    let turn = -1;
    let longest = Number.POSITIVE_INFINITY;
    this.nextTimerNs = Number.POSITIVE_INFINITY;
    if (!isRoom || this.#total >= inFlight) {
      return turn;
    }
    for (let model = 0; model < models.length; model++) {
      const { concurrency, periodNs } = models[model]!;
      const head = this.headNs(model);
      if (head === Number.POSITIVE_INFINITY || this.inFlight[model]! >= concurrency) {
        continue;
      }
      const due = this.#last[model]! + periodNs;
      if (due > now) {
        this.nextTimerNs = Math.min(this.nextTimerNs, due);
      } else if (head < longest) {
        longest = head;
        turn = model;
      }
    }
    return turn;
  }

  /** Takes the requests of one task from a queue, and returns how many. Requires: some wait. */
  take(model: number, now: number): number {
    const { batch } = this.policy.models[model]!;
    const first = this.head[model]!;
    const requests = Math.min(batch, this.tail[model]! - first);
    this.launchNs[model]!.fill(now, first, first + requests);
    this.head[model] = first + requests;
    this.inFlight[model]! += 1;
    this.launches[model]! += 1;
    this.#last[model] = now;
    this.#total++;
    return requests;
  }

  /** The requests of a task are answered. */
  finish(model: number, first: number, requests: number, now: number): void {
    this.endNs[model]!.fill(now, first, first + requests);
    this.inFlight[model]! -= 1;
    this.#total--;
  }

  #findNextArrival(): void {
    this.nextArrivalNs = Number.POSITIVE_INFINITY;
    for (let model = 0; model < this.arrivals.length; model++) {
      const time = this.arrivals[model]![this.tail[model]!] ?? Number.POSITIVE_INFINITY;
      if (time < this.nextArrivalNs) {
        this.nextArrivalNs = time;
        this.#next = model;
      }
    }
  }
}
