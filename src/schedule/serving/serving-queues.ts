import { invariant } from "../../core/invariant.js";
import { ExpectedTime, lateAfterNs } from "./expected-time.js";
import { heldUntil, knobsFor, knobsOf, takenBy } from "./reaction.js";
import type { LauncherPolicy, ServingProblem } from "./serving-model.js";
import { profileNs } from "./task-profile.js";

/**
 * The launcher: a queue for each model, and when the next task of it may be launched. A queue is a piece of the
 * model's arrivals, so requests are only counted.
 */
export class ServingQueues {
  policy: LauncherPolicy;
  /** By model and request. */
  readonly arrivals: readonly Float64Array[];
  /** By model and request: when its task was launched and when it was answered, or refused; -1: not yet. */
  readonly launchNs: readonly Float64Array[];
  readonly endNs: readonly Float64Array[];
  /** By model and request: the number of its task; -1: none yet. */
  readonly taskOf: readonly Int32Array[];
  /** By model and request: 1 if it is refused. */
  readonly isRefused: readonly Uint8Array[];
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
  /** By model: refused requests between `head` and `tail`. */
  readonly #gaps: Int32Array;
  /** By model: what its next task is expected to take. */
  readonly #expected: readonly ExpectedTime[];
  readonly #aloneNs: readonly Float64Array[];
  #next = 0;
  #total = 0;

  constructor(problem: ServingProblem, arrivals: readonly Float64Array[], policy: LauncherPolicy) {
    const models = problem.models.length;
    this.#problem = problem;
    this.policy = policy;
    this.arrivals = arrivals;
    this.launchNs = arrivals.map(({ length }) => new Float64Array(length).fill(-1));
    this.endNs = arrivals.map(({ length }) => new Float64Array(length).fill(-1));
    this.taskOf = arrivals.map(({ length }) => new Int32Array(length).fill(-1));
    this.head = new Int32Array(models);
    this.tail = new Int32Array(models);
    this.inFlight = new Int32Array(models);
    this.launches = new Int32Array(models);
    this.isRefused = arrivals.map(({ length }) => new Uint8Array(length));
    this.#last = new Float64Array(models).fill(Number.NEGATIVE_INFINITY);
    this.#gaps = new Int32Array(models);
    this.#expected = arrivals.map(() => new ExpectedTime());
    this.#aloneNs = problem.models.map(({ variants }) =>
      Float64Array.from(variants, ({ runs: [run] }) =>
        run === undefined ? 0 : profileNs(run.profile),
      ),
    );
    this.setPolicy(policy);
    this.#findNextArrival();
  }

  /** Changes the policy; what has been launched stays. */
  setPolicy(policy: LauncherPolicy): void {
    invariant(policy.models.length === this.#problem.models.length, "a policy is for all models");
    for (const [at, own] of policy.models.entries()) {
      for (const { periodNs, batch, concurrency, variant } of knobsOf(own)) {
        const most = this.#problem.models[at]?.variants[variant]?.runs.at(-1)?.batch ?? 0;
        invariant(periodNs >= 0 && concurrency >= 1, "a policy launches");
        invariant(batch >= 1 && batch <= most, "a policy's batch is one that its variant has");
      }
    }
    this.policy = policy;
  }

  /** Requests of a model that wait. */
  waiting(model: number): number {
    return this.tail[model]! - this.head[model]! - this.#gaps[model]!;
  }

  /** Whether no request waits and no task is in flight. */
  get isIdle(): boolean {
    for (let model = 0; model < this.tail.length; model++) {
      if (this.inFlight[model]! > 0 || this.head[model]! < this.tail[model]!) {
        return false;
      }
    }
    return true;
  }

  /** When the request arrived that waits longest; `Infinity`: none waits. */
  headNs(model: number): number {
    return this.head[model]! < this.tail[model]!
      ? this.arrivals[model]![this.head[model]!]!
      : Number.POSITIVE_INFINITY;
  }

  /** The next request arrives; `false`: it is refused. */
  arrive(now: number): boolean {
    const model = this.#next;
    const rule = this.policy.models[model]!.shed;
    const isFull =
      rule !== undefined && rule.kind !== "deadline" && this.waiting(model) >= rule.queue;
    const isJoining = !isFull || rule.kind === "oldest";
    if (isFull && isJoining) {
      this.#refuseHead(model, now);
    } else if (isFull) {
      this.isRefused[model]![this.tail[model]!] = 1;
      this.endNs[model]![this.tail[model]!] = now;
      this.#gaps[model]! += 1;
    }
    this.tail[model]! += 1;
    this.#findNextArrival();
    return isJoining;
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
      const own = models[model]!;
      const { concurrency, periodNs } = knobsFor(own, this.waiting(model));
      const head = this.headNs(model);
      if (head === Number.POSITIVE_INFINITY || this.inFlight[model]! >= concurrency) {
        continue;
      }
      const held = heldUntil(own, this.waiting(model), head, this.#total);
      const due = Math.max(this.#last[model]! + periodNs, held);
      if (due > now) {
        this.nextTimerNs = Math.min(this.nextTimerNs, due);
        continue;
      }
      const first = this.#refuseLate(model, now) + (own.reaction?.dueNs ?? 0);
      if (first < longest) {
        longest = first;
        turn = model;
      }
    }
    return turn;
  }

  /** Takes the requests of one task from a queue. Returns how many, and the variant that runs. Requires: some wait. */
  take(model: number, now: number): { readonly requests: number; readonly variant: number } {
    const own = this.policy.models[model]!;
    const { batch, variant } = knobsFor(own, this.waiting(model));
    const { runs } = this.#problem.models[model]!.variants[variant]!;
    const requests = takenBy(own, runs, batch, this.waiting(model));
    for (let taken = 0; taken < requests; taken++) {
      this.launchNs[model]![this.head[model]!] = now;
      this.taskOf[model]![this.head[model]!] = this.launches[model]!;
      this.#dropHead(model);
    }
    this.#expected[model]!.launched(lateAfterNs(this.policy.models[model]!.shed));
    this.inFlight[model]! += 1;
    this.launches[model]! += 1;
    this.#last[model] = now;
    this.#total++;
    return { requests, variant };
  }

  /** The requests of a task are answered. */
  finish(model: number, first: number, requests: number, now: number): void {
    const ends = this.endNs[model]!;
    const refused = this.isRefused[model]!;
    const arrivals = this.arrivals[model]!;
    const objectiveNs = lateAfterNs(this.policy.models[model]!.shed);
    let late = 0;
    for (let at = first, left = requests; left > 0; at++) {
      if (refused[at] === 0) {
        ends[at] = now;
        late += now - arrivals[at]! > objectiveNs ? 1 : 0;
        left--;
      }
    }
    this.#expected[model]!.ended(now - this.launchNs[model]![first]!, requests, late);
    this.inFlight[model]! -= 1;
    this.#total--;
  }

  /** Refuses waiting requests that would be answered too late. Returns when the first of the others arrived. */
  #refuseLate(model: number, now: number): number {
    const { shed: rule, variant } = this.policy.models[model]!;
    if (rule?.kind === "deadline") {
      const expected = this.#expected[model]!;
      const aloneNs = this.#aloneNs[model]![variant]!;
      const takesNs = expected.of(aloneNs, rule.objectiveNs, this.inFlight[model]!);
      while (now + takesNs > this.headNs(model) + rule.objectiveNs) {
        this.#refuseHead(model, now);
        expected.refused();
      }
    }
    return this.headNs(model);
  }

  #refuseHead(model: number, now: number): void {
    const at = this.head[model]!;
    this.isRefused[model]![at] = 1;
    this.endNs[model]![at] = now;
    this.#dropHead(model);
  }

  /** The next request that is not refused becomes the first. */
  #dropHead(model: number): void {
    const refused = this.isRefused[model]!;
    const tail = this.tail[model]!;
    let head = this.head[model]! + 1;
    while (head < tail && refused[head] === 1) {
      head++;
      this.#gaps[model]! -= 1;
    }
    this.head[model] = head;
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
