/**
 * The native helper as the rest of the program sees it: requests with typed results, one failure
 * for each kind of fault, and one restart.
 *
 * A CUDA fault is sticky: the context is lost until the process ends. So the helper is a process of
 * its own that can be ended and started again. The requests that made its state (device, memory,
 * uploads, modules, nodes) are kept here as a journal and replayed to the new process; then the
 * request that failed is made once more, because a fault may be transient. A second fault is an error.
 *
 * Memory that a schedule had written before a restart is gone. A download would return the NaN of
 * fresh memory instead, so it fails until something has run again.
 */
import type { Failure } from "../../../core/failure.js";
import { fail, ok, type Result } from "../../../core/result.js";
import { executionStopped } from "../../failures.js";
import { readResult } from "./answer-shapes.js";
import {
  deviceMemoryLost,
  helperAnswerInvalid,
  helperClosed,
  helperRefused,
  helperVersionWrong,
} from "./failures.js";
import {
  type HelperAnswer,
  HelperProcess,
  type HelperProgram,
  type StartTimer,
} from "./helper-process.js";
import { type HelperOp, PROTOCOL_VERSION, type RequestOf, type ResultOf } from "./protocol.js";

/** How often a helper is started again. */
const MOST_RESTARTS = 1;

/** Options of a helper. */
export interface GpuHelperOptions {
  readonly program: HelperProgram;
  /** Ends the helper and fails the request in progress with `stopped`. */
  readonly signal?: AbortSignal;
  /** Watches the time that answers take (default: the clock's timer). */
  readonly startTimer?: StartTimer;
  /** Longest time to end by itself when it is closed (default 10 s). */
  readonly graceMs?: number;
}

/** Options of one request. */
export interface CallOptions {
  /** Longest time for the answer; a default per request otherwise. */
  readonly timeoutMs?: number;
}

/** Default time limits of the requests: far more than any should need. */
const TIMEOUTS_MS: Readonly<Record<HelperOp, number>> = {
  hello: 15_000,
  // Loads all of cuDNN, from a cold disk perhaps.
  probe: 180_000,
  plan: 60_000,
  open: 120_000,
  arena: 60_000,
  upload: 600_000,
  fill: 300_000,
  download: 300_000,
  compile: 300_000,
  program: 600_000,
  kernels: 300_000,
  run: 120_000,
  measure: 600_000,
  quit: 10_000,
};

/** A request that made state, to be replayed after a restart. */
interface JournalEntry {
  readonly op: HelperOp;
  readonly request: object;
}

/** Which earlier entries stay valid after each request; requests that are not here make no state. */
const KEPT_BEFORE: Partial<Record<HelperOp, (entry: JournalEntry) => boolean>> = {
  open: () => false,
  arena: ({ op }) => op === "open" || op === "compile",
  upload: () => true,
  fill: () => true,
  compile: () => true,
  program: ({ op }) => op !== "program",
};

/** Failures that a restart cannot mend. */
const NOT_MENDED: ReadonlySet<string> = new Set(["stopped", "helper-not-started"]);

/** Requests after which the device's memory holds what nodes wrote. */
const WRITES_MEMORY: ReadonlySet<HelperOp> = new Set(["run", "measure", "kernels", "program"]);

/**
 * Starts a helper and checks that it speaks our version of the protocol.
 *
 * Fails: `helper-not-started`, `helper-version-wrong`, and as {@link GpuHelper.call}.
 */
export async function startGpuHelper(options: GpuHelperOptions): Promise<Result<GpuHelper>> {
  const helper = new GpuHelper(options);
  const greeted = await helper.call("hello", {});
  if (!greeted.ok) {
    await helper.close();
    return greeted;
  }
  if (greeted.value.protocol !== PROTOCOL_VERSION) {
    await helper.close();
    const { path } = options.program;
    return fail([helperVersionWrong(path, greeted.value.protocol, PROTOCOL_VERSION)]);
  }
  return ok(helper);
}

/** A helper that is started again when it fails, once. */
export class GpuHelper {
  readonly #options: GpuHelperOptions;
  readonly #onAbort = (): void => this.#process?.stop(executionStopped());
  #process: HelperProcess | undefined;
  #journal: readonly JournalEntry[] = [];
  #restartsLeft: number;
  /** A failure that no restart can mend. */
  #lastFailure: Failure | undefined;
  #hasComputed = false;
  #hasLostMemory = false;
  /** The request in progress and those that wait for it. */
  #queue: Promise<unknown> = Promise.resolve();

  /** Starts nothing yet: the first request does. */
  constructor(options: GpuHelperOptions) {
    this.#options = options;
    this.#restartsLeft = MOST_RESTARTS;
    options.signal?.addEventListener("abort", this.#onAbort);
  }

  /**
   * Makes a request. Requests are answered in order, one at a time.
   *
   * Fails: with one failure of exit status 4 (see failures.ts), or `stopped` (3). After a failure of
   * the process itself (a crash, no answer, a lost device, a malformed answer) the helper was
   * started again, unless it had been before.
   */
  call<O extends HelperOp>(
    op: O,
    request: RequestOf<O>,
    options: CallOptions = {},
  ): Promise<Result<ResultOf<O>>> {
    const made = this.#queue.then(() => this.#perform(op, request, options));
    this.#queue = made;
    return made;
  }

  /** Ends the helper; calls after it fail with `helper-closed`. Never fails. */
  async close(): Promise<void> {
    await this.#queue;
    this.#lastFailure ??= helperClosed();
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    await this.#process?.close(this.#options.graceMs ?? 10_000);
  }

  async #perform<O extends HelperOp>(
    op: O,
    request: RequestOf<O>,
    options: CallOptions,
  ): Promise<Result<ResultOf<O>>> {
    if (this.#options.signal?.aborted === true) {
      this.#lastFailure ??= executionStopped();
    }
    const timeoutMs = options.timeoutMs ?? TIMEOUTS_MS[op];
    for (;;) {
      const ready = await this.#revive();
      if (!ready.ok) {
        return fail([ready.error]);
      }
      if (op === "download" && this.#hasLostMemory) {
        return fail([deviceMemoryLost()]);
      }
      this.#forget(op);
      const outcome = await this.#attempt(op, request, timeoutMs);
      if (outcome.ok) {
        this.#remember(op, request);
        return outcome;
      }
      const { failure, isPassing } = outcome.error;
      const isLost = this.#process?.isAlive !== true;
      if (!isLost || !this.#mayRestart(failure) || !isPassing) {
        return fail([failure]);
      }
    }
  }

  /** Starts the process when there is none, and replays the journal when there was one. */
  async #revive(): Promise<Result<void, Failure>> {
    if (this.#lastFailure !== undefined) {
      return fail(this.#lastFailure);
    }
    if (this.#process?.isAlive === true) {
      return ok(undefined);
    }
    if (this.#process !== undefined) {
      this.#hasLostMemory ||= this.#hasComputed;
      this.#hasComputed = false;
    }
    this.#process = new HelperProcess(this.#options.program, this.#options.startTimer);
    for (const { op, request } of this.#journal) {
      const outcome = await this.#attempt(op, request as RequestOf<typeof op>, TIMEOUTS_MS[op]);
      if (!outcome.ok) {
        this.#lastFailure = outcome.error.failure;
        this.#process.stop(outcome.error.failure);
        return fail(outcome.error.failure);
      }
    }
    return ok(undefined);
  }

  /** One try. `isPassing`: worth another one, because the process failed and not the request. */
  async #attempt<O extends HelperOp>(
    op: O,
    request: RequestOf<O>,
    timeoutMs: number,
  ): Promise<Result<ResultOf<O>, { readonly failure: Failure; readonly isPassing: boolean }>> {
    const process = this.#process;
    if (process === undefined) {
      return fail({ failure: helperClosed(), isPassing: false });
    }
    const asked = await process.ask(op, request, timeoutMs);
    if (!asked.ok) {
      return fail({ failure: asked.error, isPassing: isWorthRepeating(asked.error) });
    }
    const refusal = refusalOf(op, asked.value);
    if (refusal !== undefined) {
      if (refusal.isPassing) {
        process.stop(refusal.failure);
      }
      return fail(refusal);
    }
    const read = readResult(op, asked.value.ok ? asked.value.result : undefined);
    if ("problem" in read) {
      const failure = helperAnswerInvalid(op, read.problem);
      process.stop(failure);
      return fail({ failure, isPassing: true });
    }
    return ok(read.value);
  }

  /** Takes one of the restarts; without one left, or where none can help, the failure stays. */
  #mayRestart(failure: Failure): boolean {
    if (this.#restartsLeft === 0 || NOT_MENDED.has(failure.code)) {
      this.#lastFailure = failure;
      return false;
    }
    this.#restartsLeft--;
    return true;
  }

  /** Drops the state that a request replaces, also when the request fails. */
  #forget(op: HelperOp): void {
    const isKept = KEPT_BEFORE[op];
    if (isKept !== undefined && (op === "open" || op === "arena")) {
      this.#journal = this.#journal.filter(isKept);
    }
  }

  #remember(op: HelperOp, request: object): void {
    const isKept = KEPT_BEFORE[op];
    if (isKept !== undefined && !(op === "compile" && "arch" in request)) {
      this.#journal = [...this.#journal.filter(isKept), { op, request }];
    }
    if (WRITES_MEMORY.has(op)) {
      this.#hasComputed = true;
    }
    if (op === "open" || op === "arena") {
      this.#hasComputed = false;
    }
    if (op === "open" || op === "arena" || op === "run") {
      this.#hasLostMemory = false;
    }
  }
}

/** A crash or garbage may pass; what was slow once will be slow again, and a stop is meant. */
function isWorthRepeating(failure: Failure): boolean {
  return failure.code === "helper-crashed" || failure.code === "helper-answer-invalid";
}

function refusalOf(
  op: HelperOp,
  answer: HelperAnswer,
): { readonly failure: Failure; readonly isPassing: boolean } | undefined {
  return answer.ok
    ? undefined
    : { failure: helperRefused(op, answer.error), isPassing: answer.error.fatal };
}
