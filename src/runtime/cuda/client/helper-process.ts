/**
 * One running helper: lines in, lines out, one request at a time.
 *
 * Every fate of a child process is an outcome here and never an exception: it may fail to start, end
 * early, hang, print a malformed line, or be gone when it is written to.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { Failure } from "../../../core/failure.js";
import { fail, ok, type Result } from "../../../core/result.js";
import { readResponse } from "./answer-shapes.js";
import {
  helperAnswerInvalid,
  helperClosed,
  helperCrashed,
  helperNotStarted,
  helperTimedOut,
} from "./failures.js";
import type { HelperError } from "./helper-error.js";

/** The program of a helper process. */
export interface HelperProgram {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Calls `expire` after `ms`, unless the function that it returns is called before. */
export type StartTimer = (expire: () => void, ms: number) => () => void;

const realTimer: StartTimer = (expire, ms) => {
  const timer = setTimeout(expire, ms);
  return () => clearTimeout(timer);
};

/** The helper's answer to a request. */
export type HelperAnswer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: HelperError };

/** Most that is kept of what the helper prints on standard error. */
const STDERR_LIMIT = 8192;

/** No answer is this long: the longest are samples, 10 million numbers. */
const LINE_LIMIT = 512 << 20;

/** A request that waits for its answer. */
interface Pending {
  readonly id: number;
  readonly op: string;
  readonly settle: (outcome: Result<HelperAnswer, Failure>) => void;
  readonly cancelTimer: () => void;
}

/** A child process that speaks the protocol. Requires: one request at a time. */
export class HelperProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #path: string;
  readonly #startTimer: StartTimer;
  readonly #gone: Promise<void>;
  readonly #killAtExit = (): void => void this.#child.kill("SIGKILL");
  #pending: Pending | undefined;
  #ended: Failure | undefined;
  #received: string[] = [];
  #receivedLength = 0;
  #stderr = "";
  #nextId = 1;

  /** Starts it; that it cannot be started shows at the first request. */
  constructor({ path, args, env }: HelperProgram, startTimer: StartTimer = realTimer) {
    this.#path = path;
    this.#startTimer = startTimer;
    this.#child = spawn(path, args, { stdio: "pipe", env, windowsHide: true });
    this.#gone = new Promise((resolve) => {
      this.#child.once("close", (status, signal) => {
        this.#end(this.#crash(signal === null ? `ended with status ${status}` : `got ${signal}`));
        resolve();
      });
      this.#child.once("error", (error) => {
        this.#end(helperNotStarted(this.#path, error.message));
        resolve();
      });
    });
    // A program that is gone shows as an error here too; its end is reported by "close".
    this.#child.stdin.on("error", () => undefined);
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => this.#receive(text));
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_LIMIT);
    });
    process.once("exit", this.#killAtExit);
  }

  /** Whether the process takes requests. */
  get isAlive(): boolean {
    return this.#ended === undefined;
  }

  /**
   * Sends a request and returns the answer.
   *
   * Fails: `helper-not-started`, `helper-crashed`, `helper-answer-invalid`, `helper-timed-out`,
   * `helper-closed`, or with what a stop was given; the process is ended then.
   */
  ask(op: string, request: object, timeoutMs: number): Promise<Result<HelperAnswer, Failure>> {
    if (this.#ended !== undefined) {
      return Promise.resolve(fail(this.#ended));
    }
    const id = this.#nextId++;
    return new Promise((settle) => {
      const expire = () => this.stop(helperTimedOut(op, timeoutMs));
      const cancelTimer = this.#startTimer(expire, timeoutMs);
      this.#pending = { id, op, settle, cancelTimer };
      this.#child.stdin.write(`${JSON.stringify({ id, op, ...request })}\n`);
    });
  }

  /** Ends the process at once; the request that waits fails with `why`. */
  stop(why: Failure): void {
    this.#end(why);
  }

  /** Lets the process end by itself, and ends it when it does not. */
  async close(graceMs: number): Promise<void> {
    this.#ended ??= helperClosed();
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), graceMs);
    await this.#gone;
    clearTimeout(timer);
    process.off("exit", this.#killAtExit);
  }

  #crash(how: string): Failure {
    return helperCrashed(this.#pending?.op ?? "its start", how, this.#stderr);
  }

  #end(why: Failure): void {
    this.#ended ??= why;
    this.#child.kill("SIGKILL");
    process.off("exit", this.#killAtExit);
    this.#settle(fail(this.#ended));
  }

  #settle(outcome: Result<HelperAnswer, Failure>): void {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.cancelTimer();
    pending?.settle(outcome);
  }

  #receive(text: string): void {
    if (this.#ended !== undefined) {
      return;
    }
    const parts = text.split("\n");
    for (const [i, part] of parts.entries()) {
      this.#received.push(part);
      this.#receivedLength += part.length;
      if (i < parts.length - 1) {
        this.#takeLine(this.#received.join(""));
        this.#received = [];
        this.#receivedLength = 0;
      }
    }
    if (this.#receivedLength > LINE_LIMIT) {
      this.#refuse("a line without end");
    }
  }

  #takeLine(line: string): void {
    const read = readResponse(line);
    if ("problem" in read) {
      this.#refuse(read.problem);
    } else if (read.value.id !== this.#pending?.id) {
      this.#refuse(`an answer to request ${read.value.id}`);
    } else {
      const { value } = read;
      this.#settle(
        ok(value.ok ? { ok: true, result: value.result } : { ok: false, error: value.error }),
      );
    }
  }

  #refuse(problem: string): void {
    this.#end(helperAnswerInvalid(this.#pending?.op ?? "nothing", problem));
  }
}
