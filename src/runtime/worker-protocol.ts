/**
 * The memory and messages that the executor and its worker threads share: the layout of the control
 * words, the messages, and the two ways to wait.
 *
 * Everything on the critical path goes through shared memory: the caller raises the generation, a
 * worker that finished a tensor writes the generation into the tensor's word, and its
 * readers wait for that word. Messages serve only to start up and to report a failure.
 */
import type { MessagePort } from "node:worker_threads";
import type { TensorSpec } from "./tensor-data.js";
import { STATE_RUNNING } from "./thread-life.js";
import type { PlanSegment, TensorRoute } from "./worker-plan.js";

/** Number of the inference in progress: raised by the caller to start one. */
export const GENERATION = 0;
/** Workers that finished the inference in progress. */
export const FINISHED = 1;
/** One of the `STATE_` values. */
export const STATE = 2;
/** The word of tensor t is `FIRST_TENSOR + t`: the last generation that produced it. */
export const FIRST_TENSOR = 3;

/** The state besides those of every executor: a worker failed, the others are to give up. */
export const STATE_FAILED = 2;

/** The data that a worker starts with. */
export interface WorkerSetup {
  readonly worker: number;
  readonly workerCount: number;
  readonly tensors: readonly TensorSpec[];
  readonly routes: readonly TensorRoute[];
  /** The worker's segments without their models. */
  readonly segments: readonly Omit<PlanSegment, "model">[];
  /** The sub-models of the segments; the worker drops each once its session is made. */
  readonly models: Uint8Array[];
  /** Position of the worker's first segment in the timeline. */
  readonly firstSegment: number;
  readonly control: SharedArrayBuffer;
  /** Start and end of each segment, nanoseconds of the monotonic clock (64-bit). */
  readonly timeline: SharedArrayBuffer;
  /** Shared memory of the tensors that are handed over by copy; others `undefined`. */
  readonly shared: readonly (SharedArrayBuffer | undefined)[];
  /** To each other worker, then to the caller; the worker's own place is `undefined`. */
  readonly ports: readonly (MessagePort | undefined)[];
}

/** A message of a worker to the executor. */
export type WorkerReport =
  | { readonly kind: "ready" }
  | { readonly kind: "runtime-missing"; readonly message: string }
  | {
      readonly kind: "failed";
      readonly phase: "load" | "run";
      readonly segment: number;
      readonly message: string;
    }
  | {
      readonly kind: "other-sizes";
      readonly segment: number;
      readonly tensor: number;
      /** Dims of the tensor in the run. */
      readonly found: readonly number[];
    };

/** A tensor whose buffer changes its owner. */
export interface MovedBuffer {
  readonly tensor: number;
  readonly buffer: ArrayBuffer;
  /** Those of the run. */
  readonly dims: readonly number[];
}

/**
 * A waiting thread stays awake for this long, and then sleeps. A thread that has slept is not only late: what it
 * runs next takes tens of microseconds longer. On two idle cores, of six random schedules of operators of 5 to 50 us
 * five took 1.2 to 1.6 times as long with 20 us as with 2 ms, and one 0.9 times; operators of milliseconds took the
 * same. Where two threads
 * share a core, one that is awake holds the other up for this long at most.
 */
export const AWAKE_NS = 1_000_000;

/** Looks at a word between two looks at the clock. */
const LOOKS = 64;

/** A sleeping thread looks at the state this often, in case the wake-up that it needs never comes. */
const LOOK_UP_MS = 100;

/**
 * Waits until a word has the given value. Gives false when the executor was closed or failed.
 *
 * Cost: stays awake for `AWAKE_NS`, then sleeps.
 */
export function awaitWord(control: Int32Array, word: number, wanted: number): boolean {
  if (seenAwake(() => Atomics.load(control, word) === wanted)) {
    return true;
  }
  for (;;) {
    const seen = Atomics.load(control, word);
    if (seen === wanted) {
      return true;
    }
    if (Atomics.load(control, STATE) !== STATE_RUNNING) {
      return false;
    }
    Atomics.wait(control, word, seen, LOOK_UP_MS);
  }
}

/** Looks until something has come about or the time of staying awake is over; returns whether it has. */
function seenAwake(hasCome: () => boolean): boolean {
  const until = performance.now() + AWAKE_NS / 1e6;
  do {
    for (let i = 0; i < LOOKS; i++) {
      if (hasCome()) {
        return true;
      }
    }
  } while (performance.now() < until);
  return false;
}

/**
 * Waits for the next inference, awake at first. Returns its generation, or `undefined` when no more
 * will come.
 */
export function awaitGeneration(control: Int32Array, last: number): number | undefined {
  seenAwake(() => Atomics.load(control, GENERATION) !== last);
  for (;;) {
    if (Atomics.load(control, STATE) !== STATE_RUNNING) {
      return undefined;
    }
    const seen = Atomics.load(control, GENERATION);
    if (seen !== last) {
      return seen;
    }
    Atomics.wait(control, GENERATION, last);
  }
}

/** Sets a word and wakes everyone who waits for it. */
export function publishWord(control: Int32Array, word: number, value: number): void {
  Atomics.store(control, word, value);
  Atomics.notify(control, word);
}
