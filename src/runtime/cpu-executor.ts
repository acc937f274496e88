/**
 * Runs a model on the CPU by its schedule: one worker thread per stream, each with the sessions
 * of its segments, because ONNX Runtime's Node binding runs a session synchronously on the thread
 * that calls it (two sessions of one thread never overlap).
 *
 * One inference is one signal to all workers and one back; in between the workers hand tensors to
 * each other directly. Any fault of a worker (an error of ONNX Runtime, an early end, no
 * memory, no answer in time) ends the executor with one failure, and every thread is stopped.
 */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { Failure } from "../core/failure.js";
import { present } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import { someOf } from "../core/some-of.js";
import {
  executionStopped,
  executorClosed,
  executorTimedOut,
  runtimeMissing,
  segmentFailed,
  sizesDiffer,
  unsupportedElementType,
  workerDied,
  workerOutOfMemory,
  wrongFeed,
} from "./failures.js";
import { disableTelemetry } from "./onnx-runtime.js";
import { crossesSessions, type TensorData, tensorBytes } from "./tensor-data.js";
import { ThreadCrew } from "./thread-crew.js";
import { portsBetween, STATE_CLOSED, STATE_RUNNING } from "./thread-life.js";
import { routesOf, type TensorRoute, type WorkerPlan } from "./worker-plan.js";
import {
  FINISHED,
  FIRST_TENSOR,
  GENERATION,
  type MovedBuffer,
  publishWord,
  STATE,
  type WorkerReport,
  type WorkerSetup,
} from "./worker-protocol.js";

/** Options of a CPU executor. */
export interface ExecutorOptions {
  /** Longest time for one inference, and for making the sessions (default 2 minutes). */
  readonly timeoutMs?: number;
  /** Stops the start-up or the inference in progress, and the executor with it. */
  readonly signal?: AbortSignal;
  /** Grace period of threads that are asked to end (default 10 s): see `CrewOptions`. */
  readonly graceMs?: number;
  /** Largest JavaScript heap of a worker; ONNX Runtime's own memory is not counted. */
  readonly heapLimitMb?: number;
  /** The program of the worker threads: another one takes the place of ours to show how it may fail. */
  readonly program?: URL;
}

/** The interval in which one segment ran. */
export interface SegmentTime {
  readonly worker: number;
  /** Position among the worker's segments. */
  readonly segment: number;
  /** Nanoseconds since the caller asked for the inference, with all inputs of the segment there. */
  readonly startNs: number;
  /** Its outputs are handed over. */
  readonly endNs: number;
}

/** One inference. */
export interface ExecutorRun {
  readonly outputs: ReadonlyMap<string, TensorData>;
  /** From the caller's request to the outputs in the caller's hands. */
  readonly durationNs: number;
  /** By worker, then in order of execution. */
  readonly segments: readonly SegmentTime[];
}

/** Worker threads with their sessions ready. */
export interface CpuExecutor {
  /**
   * Runs one inference; one at a time.
   *
   * Fails: `wrong-input-tensor`, `segment-failed`, `sizes-differ`, `worker-died`, `worker-out-of-memory`,
   * `executor-timed-out`, `stopped`, `executor-closed`; after all but the first it is closed.
   */
  run(feeds: ReadonlyMap<string, TensorData>): Promise<Result<ExecutorRun>>;
  /** Ends the threads and frees the sessions. */
  close(): Promise<void>;
}

const DEFAULT_TIMEOUT_MS = 120_000;

/** The caller sleeps in slices of this length, and handles failures and interrupts between them. */
const SLICE_MS = 10;

/**
 * Makes the worker threads of a plan and their sessions.
 *
 * Requires: a sound plan (see `routesOf`). The bytes of the sub-models are copied once per worker.
 * Fails: `unsupported-element-type`, `onnxruntime-missing`, `segment-failed` and the failures of `run`.
 */
export async function createCpuExecutor(
  plan: WorkerPlan,
  options: ExecutorOptions = {},
): Promise<Result<CpuExecutor>> {
  const odd = plan.tensors.find((tensor) => !crossesSessions(tensor.elementType));
  if (odd !== undefined) {
    return fail([unsupportedElementType(odd.name, odd.elementType)]);
  }
  disableTelemetry();
  const executor = new Executor(plan, options);
  const ready = await executor.start();
  return ready.ok ? ok(executor) : ready;
}

/** The program of the threads. */
const WORKER_PROGRAM = new URL("./cpu-worker.js", import.meta.url);

/** The threads of one executor and the memory that they share. */
class Executor implements CpuExecutor {
  readonly #plan: WorkerPlan;
  readonly #options: ExecutorOptions;
  readonly #routes: readonly TensorRoute[];
  readonly #control: Int32Array;
  readonly #timeline: BigInt64Array;
  readonly #shared: readonly (SharedArrayBuffer | undefined)[];
  /** From each worker. */
  #ports: readonly (MessagePort | undefined)[] = [];
  readonly #crew: ThreadCrew;
  readonly #ready: Set<number> = new Set();
  #isClosing = false;
  #onChange: () => void = () => {};

  constructor(plan: WorkerPlan, options: ExecutorOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#routes = routesOf(plan, tensorBytes);
    this.#control = new Int32Array(new SharedArrayBuffer(4 * (FIRST_TENSOR + plan.tensors.length)));
    const segments = plan.workers.reduce((sum, worker) => sum + worker.length, 0);
    this.#timeline = new BigInt64Array(new SharedArrayBuffer(16 * segments));
    this.#shared = plan.tensors.map((tensor, i) =>
      this.#routes[i]?.handover === "copy" ? new SharedArrayBuffer(tensorBytes(tensor)) : undefined,
    );
    this.#crew = new ThreadCrew({
      program: options.program ?? WORKER_PROGRAM,
      heapLimitMb: options.heapLimitMb,
      graceMs: options.graceMs,
      died: workerDied,
      outOfMemory: workerOutOfMemory,
      onReport: (worker, report) => this.#hear(worker, report as WorkerReport),
      onFailure: () => this.#onChange(),
    });
  }

  /** Starts the threads and waits until every session is made. */
  async start(): Promise<Result<void>> {
    const count = this.#plan.workers.length;
    const ports = portsBetween(count + 1);
    this.#ports = present(ports[count], "ports of the caller");
    let firstSegment = 0;
    for (const [worker, segments] of this.#plan.workers.entries()) {
      this.#startThread({
        worker,
        workerCount: count,
        tensors: this.#plan.tensors,
        routes: this.#routes,
        segments: segments.map(({ operators, inputs, outputs }) => ({
          operators,
          inputs,
          outputs,
        })),
        models: segments.map((segment) => Uint8Array.from(segment.model)),
        firstSegment,
        control: this.#control.buffer as SharedArrayBuffer,
        timeline: this.#timeline.buffer as SharedArrayBuffer,
        shared: this.#shared,
        ports: present(ports[worker], "ports"),
      });
      firstSegment += segments.length;
    }
    return this.#untilReady();
  }

  #startThread(setup: WorkerSetup): void {
    this.#crew.start(setup, [
      ...setup.ports.filter((port) => port !== undefined),
      ...setup.models.map((model) => model.buffer as ArrayBuffer),
    ]);
  }

  #hear(worker: number, report: WorkerReport): void {
    switch (report.kind) {
      case "ready":
        this.#ready.add(worker);
        this.#onChange();
        return;
      case "runtime-missing":
        this.#crew.fail(runtimeMissing(report.message));
        return;
      case "failed": {
        const operators = this.#plan.workers[worker]?.[report.segment]?.operators ?? [];
        this.#crew.fail(segmentFailed(worker, operators, report.message));
        return;
      }
      case "other-sizes": {
        const operators = this.#plan.workers[worker]?.[report.segment]?.operators ?? [];
        const { name, dims } = present(this.#plan.tensors[report.tensor], "tensor");
        this.#crew.fail(sizesDiffer(someOf(operators), { name, dims, found: report.found }));
      }
    }
  }

  async #untilReady(): Promise<Result<void>> {
    const { signal } = this.#options;
    const limit = this.#timeoutMs();
    await new Promise<void>((resolve) => {
      const late = setTimeout(() => {
        this.#crew.fail(executorTimedOut("making the sessions", limit, this.#notReady()));
      }, limit);
      const check = (): void => {
        if (signal?.aborted === true) {
          this.#crew.fail(executionStopped());
        }
        if (this.#crew.failure !== undefined || this.#ready.size === this.#plan.workers.length) {
          clearTimeout(late);
          signal?.removeEventListener("abort", check);
          resolve();
        }
      };
      this.#onChange = check;
      signal?.addEventListener("abort", check);
      check();
    });
    this.#onChange = () => {};
    const { failure } = this.#crew;
    return failure === undefined ? ok(undefined) : this.#end(failure);
  }

  async run(feeds: ReadonlyMap<string, TensorData>): Promise<Result<ExecutorRun>> {
    if (this.#crew.failure !== undefined || this.#isClosing) {
      return fail([executorClosed()]);
    }
    const wrong = this.#plan.inputs.flatMap((tensor) => this.#problemOf(tensor, feeds));
    if (wrong[0] !== undefined) {
      return fail([wrong[0], ...wrong.slice(1)]);
    }
    const start = process.hrtime.bigint();
    for (const tensor of this.#plan.inputs) {
      const data = present(feeds.get(this.#plan.tensors[tensor]?.name ?? ""), "feed");
      new Uint8Array(present(this.#shared[tensor], "shared input")).set(data.bytes);
    }
    Atomics.store(this.#control, FINISHED, 0);
    publishWord(this.#control, GENERATION, Atomics.load(this.#control, GENERATION) + 1);
    const failure = await this.#untilFinished();
    if (failure !== undefined) {
      return this.#end(failure);
    }
    const sent = this.#takeSent();
    const outputs = new Map(this.#plan.outputs.map((tensor) => this.#takeOutput(tensor, sent)));
    const durationNs = Number(process.hrtime.bigint() - start);
    return ok({ outputs, durationNs, segments: this.#segmentTimes(start) });
  }

  #problemOf(tensor: number, feeds: ReadonlyMap<string, TensorData>): readonly Failure[] {
    const spec = present(this.#plan.tensors[tensor], "tensor");
    const given = feeds.get(spec.name);
    if (given === undefined) {
      return [wrongFeed(spec.name, "the input tensor is missing")];
    }
    const wanted = tensorBytes(spec);
    return given.elementType === spec.elementType && given.bytes.length === wanted
      ? []
      : [
          wrongFeed(
            spec.name,
            `the input must be ${spec.elementType} of ${wanted} bytes, is ${given.elementType} of ${given.bytes.length}`,
          ),
        ];
  }

  /**
   * Sleeps until the last worker has finished. A sleeping thread is woken in about 20 us, an event
   * loop in about 50 us and more; between the slices of sleep the event loop gets its turn.
   */
  async #untilFinished(): Promise<Failure | undefined> {
    const count = this.#plan.workers.length;
    const limit = this.#timeoutMs();
    const deadline = performance.now() + limit;
    for (;;) {
      const finished = Atomics.load(this.#control, FINISHED);
      if (finished === count) {
        return undefined;
      }
      if (
        Atomics.load(this.#control, STATE) === STATE_RUNNING &&
        Atomics.wait(this.#control, FINISHED, finished, SLICE_MS) !== "timed-out"
      ) {
        continue;
      }
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#crew.failure !== undefined) {
        return this.#crew.failure;
      }
      if (this.#options.signal?.aborted === true) {
        return executionStopped();
      }
      if (performance.now() > deadline) {
        return executorTimedOut("the inference", limit, `${count - finished} of ${count} streams`);
      }
    }
  }

  /** What workers have sent because its sizes differ from run to run, by tensor. */
  #takeSent(): ReadonlyMap<number, MovedBuffer> {
    const sent = new Map<number, MovedBuffer>();
    for (const port of this.#ports) {
      for (let got = port && receiveMessageOnPort(port); got !== undefined; ) {
        const moved = got.message as MovedBuffer;
        sent.set(moved.tensor, moved);
        got = port && receiveMessageOnPort(port);
      }
    }
    return sent;
  }

  #takeOutput(
    tensor: number,
    sent: ReadonlyMap<number, MovedBuffer>,
  ): readonly [string, TensorData] {
    const { name, elementType, dims } = present(this.#plan.tensors[tensor], "tensor");
    if (this.#routes[tensor]?.handover === "send") {
      const own = present(sent.get(tensor), "tensor sent");
      return [name, { elementType, dims: own.dims, bytes: new Uint8Array(own.buffer) }];
    }
    const bytes = new Uint8Array(tensorBytes({ elementType, dims }));
    bytes.set(new Uint8Array(present(this.#shared[tensor], "shared output")));
    return [name, { elementType, dims, bytes }];
  }

  #segmentTimes(start: bigint): readonly SegmentTime[] {
    let slot = 0;
    const at = (): number => Number((this.#timeline[slot++] ?? start) - start);
    return this.#plan.workers.flatMap((segments, worker) =>
      segments.map((_, segment) => ({ worker, segment, startNs: at(), endNs: at() })),
    );
  }

  async close(): Promise<void> {
    if (this.#isClosing) {
      return;
    }
    this.#isClosing = true;
    await this.#dismiss();
  }

  /** Stops everything after a failure. */
  async #end(failure: Failure): Promise<Result<never>> {
    this.#crew.fail(failure);
    this.#isClosing = true;
    await this.#dismiss();
    return fail([failure]);
  }

  /** Tells the workers to end (the new generation wakes those that sleep), and stops who does not. */
  async #dismiss(): Promise<void> {
    Atomics.store(this.#control, STATE, STATE_CLOSED);
    publishWord(this.#control, GENERATION, Atomics.load(this.#control, GENERATION) + 1);
    await this.#crew.dismiss();
    for (const port of this.#ports) {
      port?.close();
    }
  }

  #timeoutMs(): number {
    return this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  #notReady(): string {
    const waiting = this.#plan.workers.flatMap((_, worker) =>
      this.#ready.has(worker) ? [] : [`stream ${worker}`],
    );
    return waiting.join(", ");
  }
}
