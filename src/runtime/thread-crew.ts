/**
 * A group of worker threads that live and fail together: the first fault in one of
 * them is the failure of all, whatever follows from it.
 */
import { type MessagePort, Worker } from "node:worker_threads";
import type { Failure } from "../core/failure.js";
import { onceGone, within } from "./thread-life.js";

/** Options of a crew. */
export interface CrewOptions {
  readonly program: URL;
  /** Largest JavaScript heap of a thread; ONNX Runtime's own memory is not counted. */
  readonly heapLimitMb?: number | undefined;
  /**
   * Time that threads have to end when asked. A thread inside ONNX Runtime's native
   * code must be left to come out of it: when it is stopped there, the binding cannot report its
   * error any more and aborts the whole process.
   */
  readonly graceMs?: number | undefined;
  /** Words for a thread that ended early, and for one that ran out of memory. */
  readonly died: (thread: number, reason: string, cause?: unknown) => Failure;
  readonly outOfMemory: (thread: number, cause: unknown) => Failure;
  /** Hears every message of a thread. */
  readonly onReport: (thread: number, report: unknown) => void;
  /** Hears of the first failure. */
  readonly onFailure: () => void;
}

const DEFAULT_GRACE_MS = 10_000;

/** A thread that does not even react to being stopped is left behind after this long. */
const TERMINATE_MS = 2000;

/** Worker threads, and the first failure among them. */
export class ThreadCrew {
  readonly #options: CrewOptions;
  readonly #threads: Worker[] = [];
  #failure: Failure | undefined;
  #isDismissed = false;

  constructor(options: CrewOptions) {
    this.#options = options;
  }

  /** The first failure. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** Starts one more thread. */
  start(workerData: object, transferList: readonly (ArrayBuffer | MessagePort)[]): void {
    const { program, heapLimitMb, died, outOfMemory, onReport } = this.#options;
    const position = this.#threads.length;
    const thread = new Worker(program, {
      workerData,
      transferList: [...transferList],
      ...(heapLimitMb === undefined
        ? {}
        : { resourceLimits: { maxOldGenerationSizeMb: heapLimitMb } }),
    });
    this.#threads.push(thread);
    thread.on("message", (report: unknown) => onReport(position, report));
    thread.on("error", (error: Error & { readonly code?: string }) => {
      const isMemory = error.code === "ERR_WORKER_OUT_OF_MEMORY";
      this.fail(isMemory ? outOfMemory(position, error) : died(position, error.message, error));
    });
    thread.on("exit", (code) => {
      if (!this.#isDismissed) {
        this.fail(died(position, `exit code ${code}`));
      }
    });
  }

  /** Sends a message to a thread. */
  tell(thread: number, message: object): void {
    this.#threads[thread]?.postMessage(message);
  }

  /** Keeps the first failure: what follows is its consequence. */
  fail(failure: Failure): void {
    if (this.#failure === undefined) {
      this.#failure = failure;
      this.#options.onFailure();
    }
  }

  /** Waits until threads that were asked to end have done so, and stops those that do not. */
  async dismiss(): Promise<void> {
    this.#isDismissed = true;
    const ended = this.#threads.map((thread) => new Promise((gone) => onceGone(thread, gone)));
    await within(Promise.all(ended), this.#options.graceMs ?? DEFAULT_GRACE_MS);
    await within(Promise.all(this.#threads.map((thread) => thread.terminate())), TERMINATE_MS);
  }
}
