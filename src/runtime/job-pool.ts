/**
 * Processes that do jobs for this one, several at a time, each job after job.
 *
 * A job that ends its process takes no other one with it. The traces of the files of a job (`traces.ts`)
 * are passed on to whoever supervises this process, and its temporary files are removed here when its
 * process ends in the middle of it.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Trace, trace } from "../core/traces.js";
import { Leftovers } from "./leftovers.js";

/** What a process of a pool is sent. */
export interface JobRequest {
  readonly words: readonly string[];
}

/** What a process of a pool answers: traces while it works, then the end. */
export type JobMessage =
  | { readonly kind: "trace"; readonly trace: Trace }
  | { readonly kind: "end"; readonly status: number; readonly stderr: string };

/** The end of a job. */
export type PoolEnd =
  | { readonly kind: "ended"; readonly status: number; readonly stderr: string }
  /** The process ended before its job. */
  | { readonly kind: "died"; readonly reason: string };

interface Waiting {
  readonly words: readonly string[];
  readonly done: (end: PoolEnd) => void;
}

/** A number of processes, started as they are needed. */
export class JobPool {
  readonly #program: string;
  readonly #folder: string;
  readonly #most: number;
  readonly #queue: Waiting[] = [];
  readonly #idle: ChildProcess[] = [];
  readonly #leftovers = new Map<ChildProcess, Leftovers>();
  readonly #ends: Promise<void>[] = [];
  #isClosed = false;

  /** `program` is the module of the processes, which run in `folder`, at most `most` of them. */
  constructor(program: URL, folder: string, most: number) {
    this.#program = fileURLToPath(program);
    this.#folder = folder;
    this.#most = most;
  }

  /** Does a job when its turn comes. Never rejects. */
  run(words: readonly string[]): Promise<PoolEnd> {
    return new Promise((done) => {
      this.#queue.push({ words, done });
      this.#next();
    });
  }

  /** Ends all processes, whatever they do, and removes their temporary files. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const child of this.#leftovers.keys()) {
      child.kill("SIGKILL");
    }
    this.#next();
    await Promise.all(this.#ends);
  }

  #next(): void {
    if (this.#isClosed) {
      for (const { done } of this.#queue.splice(0)) {
        done({ kind: "died", reason: "stopped" });
      }
      return;
    }
    while (this.#queue.length > 0) {
      const child = this.#idle.pop() ?? this.#started();
      const job = child === undefined ? undefined : this.#queue.shift();
      if (child === undefined || job === undefined) {
        return;
      }
      this.#give(child, job);
    }
  }

  #give(child: ChildProcess, { words, done }: Waiting): void {
    const finish = (end: PoolEnd): void => {
      child.off("message", hear);
      child.off("close", die);
      if (end.kind === "ended") {
        this.#idle.push(child);
      }
      done(end);
      this.#next();
    };
    const hear = (message: JobMessage): void => {
      if (message.kind === "trace") {
        this.#leftovers.get(child)?.hear(message.trace);
        trace(message.trace);
      } else {
        finish({ ...message, kind: "ended" });
      }
    };
    const die = (status: number | null, signal: string | null): void =>
      finish({ kind: "died", reason: signal ?? `status ${status}` });
    child.on("message", hear);
    child.on("close", die);
    child.send({ words } satisfies JobRequest, () => {});
  }

  /** A new process; `undefined`: there are as many as there may be. */
  #started(): ChildProcess | undefined {
    if (this.#leftovers.size >= this.#most) {
      return undefined;
    }
    const child = fork(this.#program, [], {
      cwd: this.#folder,
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#leftovers.set(child, new Leftovers());
    this.#ends.push(
      new Promise((ended) => {
        const end = (): void => {
          this.#leftovers.get(child)?.clear();
          this.#leftovers.delete(child);
          ended();
        };
        child.once("close", end);
        // One that does not start never closes.
        child.once("error", (error) => {
          end();
          child.emit("close", null, error.message);
        });
      }),
    );
    return child;
  }
}
