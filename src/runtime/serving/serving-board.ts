/**
 * What the threads of a server share: the queues of all models, who is in flight, when every request was
 * launched and answered, and a lock over it.
 *
 * There is no thread that hands out work: a worker that is free takes the lock, applies the launcher's rule
 * (`launcher-turn.ts`), and runs what it took itself. So a task that ends with others waiting costs no
 * change of threads. Of the free workers of a model one, its *watch*, sleeps until the next request or
 * period; the others sleep until they are poked.
 */
import { EXPECTED_WORDS, ExpectedTime } from "../../schedule/serving/expected-time.js";
import {
  dueAt,
  endTask,
  type LauncherState,
  takeTask,
  turnAt,
} from "../../schedule/serving/launcher-turn.js";
import type { LauncherPolicy } from "../../schedule/serving/serving-model.js";

/** Words of the control memory. */
const LOCK = 0;
const STATE = 1;
const FIRST_MODEL = 2;
/** Words of each model, from `FIRST_MODEL` on, by kind. */
const HEAD = 0;
const IN_FLIGHT = 1;
const LAUNCHES = 2;
const WATCHES = 3;
const SLEEPERS = 4;
const POKES = 5;
const TAIL = 6;
const WAITING = 7;
const KINDS = 8;

/** The state of a server that is to end; before it is 0. */
const STOPPED = 1;

/** Longest sleep: then a sleeper looks at the state. */
const LONGEST_SLEEP_MS = 200;

/** The last part of a wait is spent awake where a core is free: about what a timer is late. */
const SPIN_NS = 100_000;

/** What a board is told of models and machine. */
export interface BoardFacts {
  /** By model: what one request takes alone. */
  readonly aloneNs: readonly number[];
  /** By model: threads of a task. */
  readonly threads: readonly number[];
  readonly cores: number;
}

/** Looks at a taken lock before sleeping: some ten microseconds. */
const LOOKS_AT_LOCK = 500;

/** The shared memory of a board, as it goes to threads. */
export interface BoardMemory extends BoardFacts {
  readonly control: SharedArrayBuffer;
  /** The last launch of each model. */
  readonly last: SharedArrayBuffer;
  /** What each model's next task is expected to take. */
  readonly expected: readonly SharedArrayBuffer[];
  /** By model and request. */
  readonly arrivals: readonly SharedArrayBuffer[];
  readonly launches: readonly SharedArrayBuffer[];
  readonly ends: readonly SharedArrayBuffer[];
  readonly refused: readonly SharedArrayBuffer[];
}

/** A task that a worker has taken. */
export interface TakenTask {
  /** Positions of its requests, ascending. */
  readonly requests: readonly number[];
  readonly launchNs: number;
}

/** Memory for requests that arrive at these times, by model. */
export function boardMemoryFor(arrivals: readonly Float64Array[], facts: BoardFacts): BoardMemory {
  const shared = (length: number, value: number): SharedArrayBuffer => {
    const buffer = new SharedArrayBuffer(8 * length);
    new Float64Array(buffer).fill(value);
    return buffer;
  };
  return {
    control: new SharedArrayBuffer(4 * (FIRST_MODEL + KINDS * arrivals.length)),
    last: shared(arrivals.length, Number.NEGATIVE_INFINITY),
    expected: arrivals.map(() => shared(EXPECTED_WORDS, 0)),
    ...facts,
    arrivals: arrivals.map((each) => {
      const buffer = shared(each.length, 0);
      new Float64Array(buffer).set(each);
      return buffer;
    }),
    launches: arrivals.map(({ length }) => shared(length, -1)),
    ends: arrivals.map(({ length }) => shared(length, -1)),
    refused: arrivals.map(({ length }) => new SharedArrayBuffer(length)),
  };
}

/** One thread's view of a board. */
export class ServingBoard {
  readonly #control: Int32Array;
  readonly #policy: LauncherPolicy;
  readonly #clock: () => number;
  readonly #threads: readonly number[];
  readonly #cores: number;
  readonly #state: LauncherState;
  readonly #launchNs: readonly Float64Array[];
  readonly #launches: Int32Array;
  readonly #watches: Int32Array;
  readonly #sleepers: Int32Array;
  /** The first of the words that free workers sleep on, one for each model. */
  readonly #pokes: number;

  /** `clock`: nanoseconds since the moment 0 of the arrivals, the same on all threads. */
  constructor(memory: BoardMemory, policy: LauncherPolicy, clock: () => number) {
    const models = memory.arrivals.length;
    const first = (kind: number): number => FIRST_MODEL + kind * models;
    const words = (kind: number): Int32Array =>
      new Int32Array(memory.control, 4 * first(kind), models);
    this.#control = new Int32Array(memory.control);
    this.#policy = policy;
    this.#clock = clock;
    this.#threads = memory.threads;
    this.#cores = memory.cores;
    this.#launchNs = memory.launches.map((each) => new Float64Array(each));
    this.#launches = words(LAUNCHES);
    this.#watches = words(WATCHES);
    this.#sleepers = words(SLEEPERS);
    this.#pokes = first(POKES);
    this.#state = {
      arrivals: memory.arrivals.map((each) => new Float64Array(each)),
      head: words(HEAD),
      tail: words(TAIL),
      waiting: words(WAITING),
      inFlight: words(IN_FLIGHT),
      lastNs: new Float64Array(memory.last),
      isRefused: memory.refused.map((each) => new Uint8Array(each)),
      endNs: memory.ends.map((each) => new Float64Array(each)),
      expected: memory.expected.map((each) => new ExpectedTime(new Float64Array(each))),
      aloneNs: memory.aloneNs,
    };
  }

  /** Requests that are launched or refused, of all models. */
  get launched(): number {
    return this.#state.head.reduce((sum, each) => sum + each, 0);
  }

  /** By model: tasks that are launched. */
  get launches(): readonly number[] {
    return Array.from(this.#launches);
  }

  /** By model and request; -1: not yet. */
  get launchNs(): readonly Float64Array[] {
    return this.#launchNs.map((each) => Float64Array.from(each));
  }

  /** By model and request; -1: not yet. */
  get endNs(): readonly Float64Array[] {
    return this.#state.endNs.map((each) => Float64Array.from(each));
  }

  /** By model and request: 1 if it was refused. */
  get isRefused(): readonly Uint8Array[] {
    return this.#state.isRefused.map((each) => Uint8Array.from(each));
  }

  /**
   * Serves requests of a model on the calling thread, one task after the other, until all are launched
   * or the server is stopped. `run` answers the requests of a task.
   */
  async serve(model: number, run: (task: TakenTask) => Promise<void>): Promise<void> {
    const { head, arrivals } = this.#state;
    let isOurs = this.#lock();
    while (isOurs) {
      const nowNs = this.#clock();
      const turn = turnAt(this.#state, this.#policy, nowNs);
      if (turn === model) {
        const task = this.#take(model, nowNs);
        this.#unlock();
        await run(task);
        isOurs = this.#lock();
        if (isOurs) {
          this.#finish(model, task);
        }
        continue;
      }
      if (turn >= 0) {
        this.#poke(turn);
      }
      if (head[model] === arrivals[model]!.length) {
        this.#unlock();
        return;
      }
      isOurs = this.#wait(model);
    }
  }

  /** Ends the serving: tasks that run are not counted as answered. */
  stop(): void {
    Atomics.store(this.#control, STATE, STOPPED);
    for (let word = 0; word < this.#control.length; word++) {
      Atomics.notify(this.#control, word);
    }
  }

  #take(model: number, nowNs: number): TakenTask {
    const { concurrency = 1 } = this.#policy.models[model] ?? {};
    const requests = takeTask(this.#state, this.#policy, model, nowNs);
    for (const request of requests) {
      this.#launchNs[model]![request] = nowNs;
    }
    this.#launches[model]! += 1;
    if (this.#state.inFlight[model]! < concurrency) {
      this.#keepWatch(model);
    }
    return { requests, launchNs: nowNs };
  }

  #finish(model: number, task: TakenTask): void {
    endTask(this.#state, this.#policy, model, task, this.#clock());
    if (this.#policy.inFlight !== undefined) {
      // Room for all of them: those of other models may have slept for want of it.
      for (let other = 0; other < this.#watches.length; other++) {
        if (other !== model) {
          this.#keepWatch(other);
        }
      }
    }
  }

  /** Wakes a free worker of a model up if none of them waits for its next request. */
  #keepWatch(model: number): void {
    if (this.#watches[model] === 0 && this.#sleepers[model]! > 0) {
      this.#poke(model);
    }
  }

  #poke(model: number): void {
    Atomics.add(this.#control, this.#pokes + model, 1);
    Atomics.notify(this.#control, this.#pokes + model, 1);
  }

  /** Gives the lock away and sleeps. Returns whether the lock was taken again. */
  #wait(model: number): boolean {
    const dueNs = dueAt(this.#state, this.#policy, model);
    const isWatch = dueNs < Number.POSITIVE_INFINITY && this.#watches[model] === 0;
    const counts = isWatch ? this.#watches : this.#sleepers;
    const seen = Atomics.load(this.#control, this.#pokes + model);
    counts[model]! += 1;
    this.#unlock();
    if (isWatch) {
      this.#sleepUntil(dueNs, model, seen);
    } else {
      Atomics.wait(this.#control, this.#pokes + model, seen, LONGEST_SLEEP_MS);
    }
    const isOurs = this.#lock();
    if (isOurs) {
      counts[model]! -= 1;
    }
    return isOurs;
  }

  #sleepUntil(dueNs: number, model: number, seen: number): void {
    const word = this.#pokes + model;
    for (;;) {
      const leftNs = dueNs - this.#clock();
      const isOver = leftNs <= 0 || Atomics.load(this.#control, word) !== seen;
      if (isOver || Atomics.load(this.#control, STATE) === STOPPED) {
        return;
      }
      const awakeNs = this.#isCoreFree() ? SPIN_NS : 0;
      if (leftNs > awakeNs) {
        const leftMs = (leftNs - awakeNs) / 1e6;
        Atomics.wait(this.#control, word, seen, Math.min(leftMs, LONGEST_SLEEP_MS));
      }
    }
  }

  /** Whether a thread that stays awake takes no time from tasks. */
  #isCoreFree(): boolean {
    const { inFlight } = this.#state;
    let threads = 0;
    for (let model = 0; model < inFlight.length; model++) {
      threads += inFlight[model]! * this.#threads[model]!;
    }
    return threads < this.#cores;
  }

  /**
   * Takes the lock; `false`: the server is stopped.
   *
   * It is held for some microseconds, and to sleep and be woken takes longer: so it is looked at for a while first.
   *
   * Source: U. Drepper, Futexes Are Tricky, 2011, mutex 2: 0 free, 1 taken, 2 taken and waited for.
   */
  #lock(): boolean {
    const words = this.#control;
    let seen = Atomics.compareExchange(words, LOCK, 0, 1);
    for (let look = 0; seen !== 0 && look < LOOKS_AT_LOCK; look++) {
      seen = Atomics.compareExchange(words, LOCK, 0, 1);
    }
    while (seen !== 0 && Atomics.load(words, STATE) !== STOPPED) {
      if (seen === 2 || Atomics.compareExchange(words, LOCK, 1, 2) !== 0) {
        Atomics.wait(words, LOCK, 2, LONGEST_SLEEP_MS);
      }
      seen = Atomics.compareExchange(words, LOCK, 0, 2);
    }
    if (seen === 0 && Atomics.load(words, STATE) === STOPPED) {
      this.#unlock();
      return false;
    }
    return seen === 0;
  }

  #unlock(): void {
    if (Atomics.sub(this.#control, LOCK, 1) !== 1) {
      Atomics.store(this.#control, LOCK, 0);
      Atomics.notify(this.#control, LOCK, 1);
    }
  }
}
