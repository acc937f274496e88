import { ExpectedTime, lateAfterNs } from "./expected-time.js";
import type { ShedRule } from "./serving-model.js";

/** Requests of a task: places in the line of its model, and how many. */
export interface WindowGroup {
  readonly first: number;
  readonly requests: number;
}

/** The requests of one model, which windows take: first come, first served, but for those that are refused. */
export class WindowQueue {
  /** By request: launch of its task and answer in nanoseconds, and the task's number; -1: not yet, or refused. */
  readonly launchNs: Float64Array;
  readonly endNs: Float64Array;
  readonly taskOf: Int32Array;
  /** By request: 1 if it was refused. */
  readonly isRefused: Uint8Array;
  /** Tasks launched. */
  launches = 0;
  readonly #arrivals: Float64Array;
  readonly #rule: ShedRule | undefined;
  /** Requests that have joined, in their order: a line whose head moves on. */
  readonly #line: Int32Array;
  #head = 0;
  #tail = 0;
  /** The first request that has not arrived. */
  #next = 0;
  #inFlight = 0;
  /** What the next task is expected to take. */
  readonly #expected = new ExpectedTime();

  /** `arrivals`: ascending. */
  constructor(arrivals: Float64Array, rule: ShedRule | undefined) {
    this.#arrivals = arrivals;
    this.#rule = rule;
    this.launchNs = new Float64Array(arrivals.length).fill(-1);
    this.endNs = new Float64Array(arrivals.length).fill(-1);
    this.taskOf = new Int32Array(arrivals.length).fill(-1);
    this.isRefused = new Uint8Array(arrivals.length);
    this.#line = new Int32Array(arrivals.length);
  }

  /** When there is a request: `-Infinity`, one waits; `Infinity`, there is none any more. */
  get nextNs(): number {
    return this.#head < this.#tail
      ? Number.NEGATIVE_INFINITY
      : (this.#arrivals[this.#next] ?? Number.POSITIVE_INFINITY);
  }

  /** All that arrive by now join the line, or are refused. */
  admit(now: number): void {
    for (; this.#arrivals[this.#next]! <= now; this.#next++) {
      const rule = this.#rule;
      const isFull =
        (rule?.kind === "newest" || rule?.kind === "oldest") &&
        this.#tail - this.#head >= rule.queue;
      const at = this.#arrivals[this.#next]!;
      if (isFull && rule.kind === "newest") {
        this.#refuse(this.#next, at);
        continue;
      }
      if (isFull) {
        this.#refuse(this.#line[this.#head++]!, at);
      }
      this.#line[this.#tail++] = this.#next;
    }
  }

  /**
   * Takes at most `batch` requests for a task that takes `aloneNs` with the device to itself; `undefined`: none waits, or
   * all are refused. Those that would be late are, if the rule says so.
   */
  take(batch: number, aloneNs: number, now: number): WindowGroup | undefined {
    this.#refuseLate(aloneNs, now);
    const first = this.#head;
    const requests = Math.min(batch, this.#tail - first);
    if (requests === 0) {
      return undefined;
    }
    for (; this.#head < first + requests; this.#head++) {
      const request = this.#line[this.#head]!;
      this.launchNs[request] = now;
      this.taskOf[request] = this.launches;
    }
    this.#expected.launched(lateAfterNs(this.#rule));
    this.launches++;
    this.#inFlight++;
    return { first, requests };
  }

  /** The request that a task has first. */
  firstOf({ first }: WindowGroup): number {
    return this.#line[first]!;
  }

  /** The requests of a task are answered. */
  answer({ first, requests }: WindowGroup, now: number): void {
    const lateAfter = lateAfterNs(this.#rule);
    let late = 0;
    for (let place = first; place < first + requests; place++) {
      const request = this.#line[place]!;
      this.endNs[request] = now;
      late += now - this.#arrivals[request]! > lateAfter ? 1 : 0;
    }
    this.#inFlight--;
    this.#expected.ended(now - this.launchNs[this.#line[first]!]!, requests, late);
  }

  #refuse(request: number, now: number): void {
    this.isRefused[request] = 1;
    this.endNs[request] = now;
  }

  #refuseLate(aloneNs: number, now: number): void {
    if (this.#rule?.kind !== "deadline") {
      return;
    }
    const { objectiveNs } = this.#rule;
    const takesNs = this.#expected.of(aloneNs, objectiveNs, this.#inFlight);
    while (
      this.#head < this.#tail &&
      now + takesNs > this.#arrivals[this.#line[this.#head]!]! + objectiveNs
    ) {
      this.#refuse(this.#line[this.#head++]!, now);
      this.#expected.refused();
    }
  }
}
