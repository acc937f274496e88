/**
 * Serves requests on this machine's CPU as a launcher policy says: a server without a network, whose requests
 * come from memory at the times that they are to come.
 *
 * Every worker thread has sessions of its own, because ONNX Runtime's Node binding runs a session on the
 * thread that calls it. The caller's thread only waits, so that it takes no time from them.
 */
import { availableParallelism } from "node:os";
import type { Failure } from "../../core/failure.js";
import { fail, ok, type Result } from "../../core/result.js";
import type { LauncherPolicy } from "../../schedule/serving/serving-model.js";
import type { ServingRun } from "../../schedule/serving/serving-run.js";
import { executionStopped, runtimeMissing, workerDied, workerOutOfMemory } from "../failures.js";
import { disableTelemetry } from "../onnx-runtime.js";
import { ThreadCrew } from "../thread-crew.js";
import { servingFailed } from "./failures.js";
import { boardMemoryFor, ServingBoard } from "./serving-board.js";
import type { KeptAnswer, ServedModel, ServingReport, ServingSetup } from "./serving-plan.js";

/** Options of a server. */
export interface ServerOptions {
  readonly signal?: AbortSignal;
  /** The program of the threads: another one takes the place of ours to show how it may fail. */
  readonly program?: URL;
}

/** Options of serving. */
export interface ServeOptions {
  /** Requests whose answers are kept: every so many; default none. */
  readonly keepEvery?: number;
  /** Time after the last arrival in which all are to be answered; default 10 minutes. */
  readonly graceMs?: number;
  /** By model: what one request takes alone, for policies that refuse late requests; default 0. */
  readonly aloneNs?: readonly number[];
  /** Hears how many requests are launched or refused, some times a second. */
  readonly onProgress?: (launched: number) => void;
}

/** What came of serving. */
export interface Served
  extends Required<
    Pick<ServingRun, "arrivalNs" | "launchNs" | "endNs" | "isRefused" | "launches">
  > {
  readonly answers: readonly KeptAnswer[];
  /** Why not all requests are answered or refused: their times are -1. Absent: they are. */
  readonly cut?: "stopped" | "late";
}

/** Worker threads with their sessions ready. */
export interface Server {
  /**
   * Serves requests that arrive at these times, by model, in nanoseconds from the start. One run at a time.
   *
   * Requires: `policy` has at most as many tasks of a model in flight as it has workers, and batches that
   * there are. Fails: `serving-failed`, `worker-died`, `worker-out-of-memory`; after any it is closed.
   */
  serve(
    arrivals: readonly Float64Array[],
    policy: LauncherPolicy,
    options?: ServeOptions,
  ): Promise<Result<Served>>;
  /** Ends the threads and frees the sessions. */
  close(): Promise<void>;
}

const WORKER_PROGRAM = new URL("./serving-worker.js", import.meta.url);

/** Time that threads have to get ready for a run: its moment 0 is then. */
const LEAD_NS = 20e6;
const USUAL_GRACE_MS = 600_000;
const LOOK_MS = 250;

/**
 * Starts the worker threads of models and makes their sessions.
 *
 * Fails: `onnxruntime-missing`, `stopped`, and as `Server.serve`.
 */
export async function openServer(
  models: readonly ServedModel[],
  options: ServerOptions = {},
): Promise<Result<Server>> {
  disableTelemetry();
  const server = new CpuServer(models, options);
  const ready = await server.start();
  return ready.ok ? ok(server) : ready;
}

class CpuServer implements Server {
  readonly #models: readonly ServedModel[];
  readonly #signal: AbortSignal | undefined;
  readonly #crew: ThreadCrew;
  readonly #origin: bigint = process.hrtime.bigint();
  /** By worker: its model, and its number among those of the model. */
  readonly #places: readonly { readonly model: number; readonly number: number }[];
  /** Workers that the current step still waits for. */
  #missing = 0;
  #answers: KeptAnswer[] = [];
  #onChange: () => void = () => {};
  #isClosed = false;

  constructor(models: readonly ServedModel[], { signal, program }: ServerOptions) {
    this.#models = models;
    this.#signal = signal;
    this.#places = models.flatMap(({ workers }, model) =>
      Array.from({ length: workers }, (_, number) => ({ model, number })),
    );
    const nameOf = (at: number): string => models[this.#places[at]?.model ?? 0]?.name ?? "";
    this.#crew = new ThreadCrew({
      program: program ?? WORKER_PROGRAM,
      died: (at, reason, cause) => workerDied(nameOf(at), reason, cause),
      outOfMemory: (at, cause) => workerOutOfMemory(nameOf(at), cause),
      onReport: (at, report) => this.#hear(nameOf(at), report as ServingReport),
      onFailure: () => this.#onChange(),
    });
  }

  async start(): Promise<Result<void>> {
    const shared = this.#models.map(({ workers: _, feeds, ...rest }) => ({
      ...rest,
      feeds: feeds.map((set) => new Map([...set].map(([name, bytes]) => [name, inShared(bytes)]))),
    }));
    this.#missing = this.#places.length;
    for (const { model } of this.#places) {
      const setup = { ...shared[model], model, origin: this.#origin } as ServingSetup;
      this.#crew.start(setup, []);
    }
    const end = await this.#until(() => false);
    if (end === "done") {
      return ok(undefined);
    }
    await this.close();
    return fail([end === "failed" ? this.#failure() : executionStopped()]);
  }

  #failure(): Failure {
    return this.#crew.failure ?? executionStopped();
  }

  #hear(model: string, report: ServingReport): void {
    switch (report.kind) {
      case "ready":
        this.#missing--;
        this.#onChange();
        return;
      case "served":
        this.#missing--;
        this.#answers.push(...report.answers);
        this.#onChange();
        return;
      case "runtime-missing":
        this.#crew.fail(runtimeMissing(report.message));
        return;
      case "failed":
        this.#crew.fail(servingFailed(model, report.message));
    }
  }

  async serve(
    arrivals: readonly Float64Array[],
    policy: LauncherPolicy,
    { keepEvery, graceMs = USUAL_GRACE_MS, aloneNs, onProgress }: ServeOptions = {},
  ): Promise<Result<Served>> {
    const memory = boardMemoryFor(arrivals, {
      aloneNs: aloneNs ?? arrivals.map(() => 0),
      threads: this.#models.map(({ threads }) => threads),
      cores: availableParallelism(),
    });
    const startNs = Number(process.hrtime.bigint() - this.#origin) + LEAD_NS;
    const now = (): number => Number(process.hrtime.bigint() - this.#origin) - startNs;
    const board = new ServingBoard(memory, policy, now);
    this.#answers = [];
    this.#missing = this.#places.length;
    for (const [at, { model, number }] of this.#places.entries()) {
      const takesPart = number < (policy.models[model]?.concurrency ?? 0);
      const keep = keepEvery ?? Number.POSITIVE_INFINITY;
      const order = { kind: "serve", memory, policy, startNs, keepEvery: keep, takesPart } as const;
      this.#crew.tell(at, order);
    }
    const lastNs = Math.max(0, ...arrivals.map((times) => times.at(-1) ?? 0));
    const isLate = (): boolean => now() > lastNs + graceMs * 1e6;
    const end = await this.#until(isLate, () => onProgress?.(board.launched));
    board.stop();
    if (end === "failed") {
      await this.close();
      return fail([this.#failure()]);
    }
    const { launchNs, endNs, isRefused, launches } = board;
    return ok({
      arrivalNs: arrivals,
      launchNs,
      endNs,
      isRefused,
      launches,
      answers: this.#answers,
      ...(end === "done" ? {} : { cut: end }),
    });
  }

  /** Waits until every worker has reported, or for what comes instead. */
  #until(isLate: () => boolean, onLook: () => void = () => {}) {
    return new Promise<"done" | "failed" | "stopped" | "late">((resolve) => {
      const look = setInterval(() => {
        onLook();
        check();
      }, LOOK_MS);
      const check = (): void => {
        const isOver = this.#missing === 0 || isLate();
        const isStopped = this.#signal?.aborted === true;
        if (this.#crew.failure === undefined && !isStopped && !isOver) {
          return;
        }
        clearInterval(look);
        this.#signal?.removeEventListener("abort", check);
        this.#onChange = () => {};
        const end = this.#missing === 0 ? "done" : isStopped ? "stopped" : "late";
        resolve(this.#crew.failure === undefined ? end : "failed");
      };
      this.#onChange = check;
      this.#signal?.addEventListener("abort", check);
      check();
    });
  }

  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      for (const at of this.#places.keys()) {
        this.#crew.tell(at, { kind: "close" });
      }
      await this.#crew.dismiss();
    }
  }
}

function inShared(bytes: Uint8Array): Uint8Array {
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return shared;
}
