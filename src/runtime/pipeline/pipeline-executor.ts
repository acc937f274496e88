/**
 * Runs an inference pipeline on the CPU by its schedule: one worker thread per device, each
 * with the sessions of its stages, each running its blocks in exactly the order of the schedule.
 *
 * Tensors go from thread to thread with their memory; only a tensor that several devices read is copied. A
 * device that is ready early waits for its readers (`PlanWindow`), so that no more micro-batches
 * pile up between devices than the schedule allows. Times are not enforced: a block starts as soon
 * as everything before it is done, which is what the schedule's times predict.
 *
 * The caller's thread stays free: results and failures arrive as events, outputs may be checked
 * while the devices work, and it can be interrupted. The first failure ends everything.
 */
import { present } from "../../core/invariant.js";
import { fail, ok, type Result } from "../../core/result.js";
import {
  executionStopped,
  executorClosed,
  executorTimedOut,
  runtimeMissing,
  unsupportedElementType,
  workerDied,
  workerOutOfMemory,
  wrongFeed,
} from "../failures.js";
import { disableTelemetry } from "../onnx-runtime.js";
import { crossesSessions, type TensorData, tensorBytes } from "../tensor-data.js";
import { ThreadCrew } from "../thread-crew.js";
import { portsBetween, STATE_CLOSED } from "../thread-life.js";
import { stageFailed, stageShapeWrong } from "./failures.js";
import { checkPlan, type PipelinePlan, type PlanBlock } from "./pipeline-plan.js";
import {
  type DeviceReport,
  FIRST_STAGE,
  RUN_NUMBER,
  RUN_STATE,
  type SentTensor,
} from "./pipeline-protocol.js";

/** Options of a pipeline executor. */
export interface PipelineOptions {
  /** Longest time for one run, and for making the sessions (default 10 minutes). */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** See `CrewOptions`. */
  readonly graceMs?: number;
  readonly heapLimitMb?: number;
  /** The program of the threads: another one takes the place of ours to show how it may fail. */
  readonly program?: URL;
}

/** The interval in which one block ran. */
export interface BlockTime extends PlanBlock {
  readonly device: number;
  /** Nanoseconds since the caller started the run, with all inputs of the block there. */
  readonly startNs: number;
  /** Its outputs are handed over. */
  readonly endNs: number;
}

/** One run of all micro-batches. */
export interface PipelineRun {
  /** By device, then in order of execution. */
  readonly blocks: readonly BlockTime[];
  /** From the caller's start to the end of the last block. */
  readonly makespanNs: number;
}

/** Hears of each output of the model, in the order in which they come; the memory is the caller's. */
export type OnOutput = (microBatch: number, name: string, data: TensorData) => void;

/** Threads with their sessions ready. */
export interface PipelineExecutor {
  /**
   * Runs all micro-batches; one run at a time.
   *
   * Fails: `stage-failed`, `stage-output-wrong-shape`, `worker-died`, `worker-out-of-memory`,
   * `executor-timed-out`, `stopped`, `executor-closed`; after any of them it is closed.
   */
  run(onOutput?: OnOutput): Promise<Result<PipelineRun>>;
  /** Ends the threads and frees the sessions. */
  close(): Promise<void>;
}

const DEFAULT_TIMEOUT_MS = 600_000;

/** The program of the threads. */
const WORKER_PROGRAM = new URL("./pipeline-worker.js", import.meta.url);

/**
 * Makes the threads of a plan and their sessions. Nothing is run yet: values that a stage gets from
 * another can only be made by it, and on invented ones (zeros) a division or a branch could fail. So
 * the first run is slower than others, by caches and what is allocated late.
 *
 * `feeds`: sets of inputs, at least one; micro-batch m takes set m modulo their number.
 * Requires: a sound plan (see `checkPlan`). Models and inputs are copied to the devices that need them.
 * Fails: `unsupported-element-type`, `wrong-input-tensor`, `onnxruntime-missing` and those of `run`.
 */
export async function createPipelineExecutor(
  plan: PipelinePlan,
  feeds: readonly ReadonlyMap<string, TensorData>[],
  options: PipelineOptions = {},
): Promise<Result<PipelineExecutor>> {
  checkPlan(plan);
  const odd = plan.tensors.find((tensor) => !crossesSessions(tensor.elementType));
  if (odd !== undefined) {
    return fail([unsupportedElementType(odd.name, odd.elementType)]);
  }
  for (const set of feeds) {
    for (const tensor of plan.inputs) {
      const spec = present(plan.tensors[tensor], "tensor");
      const given = set.get(spec.name);
      if (given?.elementType !== spec.elementType || given.bytes.length !== tensorBytes(spec)) {
        return fail([wrongFeed(spec.name, "the input is missing, or its type or size is another")]);
      }
    }
  }
  disableTelemetry();
  const executor = new Executor(plan, options);
  const ready = await executor.start(feeds);
  return ready.ok ? ok(executor) : ready;
}

class Executor implements PipelineExecutor {
  readonly #plan: PipelinePlan;
  readonly #options: PipelineOptions;
  readonly #crew: ThreadCrew;
  readonly #control: Int32Array;
  readonly #timelines: readonly BigInt64Array[];
  /** Devices that are ready, or that have finished the run in progress. */
  readonly #done: Set<number> = new Set();
  #resultsLeft = 0;
  #onOutput: OnOutput = () => {};
  #onChange: () => void = () => {};
  #isClosed = false;

  constructor(plan: PipelinePlan, options: PipelineOptions) {
    this.#plan = plan;
    this.#options = options;
    const words = FIRST_STAGE + plan.stages.length * (1 + plan.microBatches);
    this.#control = new Int32Array(new SharedArrayBuffer(4 * words));
    this.#timelines = plan.devices.map(
      ({ blocks }) => new BigInt64Array(new SharedArrayBuffer(16 * blocks.length)),
    );
    const device = (at: number): string => plan.devices[at]?.name ?? "";
    this.#crew = new ThreadCrew({
      program: options.program ?? WORKER_PROGRAM,
      heapLimitMb: options.heapLimitMb,
      graceMs: options.graceMs,
      died: (at, reason, cause) => workerDied(device(at), reason, cause),
      outOfMemory: (at, cause) => workerOutOfMemory(device(at), cause),
      onReport: (at, report) => this.#hear(at, report as DeviceReport),
      onFailure: () => this.#onChange(),
    });
  }

  async start(feeds: readonly ReadonlyMap<string, TensorData>[]): Promise<Result<void>> {
    const { tensors, stages, devices, microBatches, outputs, windows, session } = this.#plan;
    const ports = portsBetween(devices.length);
    for (const [device, { blocks }] of devices.entries()) {
      const isHere = (stage: { readonly device: number }): boolean => stage.device === device;
      const own = present(ports[device], "ports");
      const read = new Set(
        stages.filter(isHere).flatMap(({ inputs }) => inputs.map(({ tensor }) => tensor)),
      );
      this.#crew.start(
        {
          device,
          tensors,
          stages: stages.map(({ model: _model, ...stage }) => stage),
          models: stages.map((stage) => (isHere(stage) ? stage.model : undefined)),
          blocks,
          windows,
          microBatches,
          outputs,
          session,
          feeds: new Map(
            this.#plan.inputs
              .filter((tensor) => read.has(tensor))
              .map((tensor) => [tensor, feeds.map((set) => this.#feed(set, tensor))]),
          ),
          control: this.#control.buffer,
          timeline: this.#timelines[device]?.buffer,
          ports: own,
        },
        own.filter((port) => port !== undefined),
      );
    }
    return this.#untilDone("making the sessions");
  }

  #feed(set: ReadonlyMap<string, TensorData>, tensor: number): ArrayBuffer {
    const { name } = present(this.#plan.tensors[tensor], "tensor");
    return Uint8Array.from(present(set.get(name), `input ${name}`).bytes).buffer;
  }

  #hear(device: number, report: DeviceReport): void {
    switch (report.kind) {
      case "ready":
      case "finished":
        this.#done.add(device);
        this.#onChange();
        return;
      case "results":
        report.results.forEach((result) => {
          this.#take(result);
        });
        this.#onChange();
        return;
      case "runtime-missing":
        this.#crew.fail(runtimeMissing(report.message));
        return;
      case "failed":
        this.#crew.fail(stageFailed(this.#nameOf(report.stage), report.microBatch, report.message));
        return;
      case "wrong-shape": {
        const { stage, microBatch, tensor, found } = report;
        const spec = present(this.#plan.tensors[tensor], "tensor");
        this.#crew.fail(stageShapeWrong(this.#nameOf(stage), microBatch, spec, found));
      }
    }
  }

  #nameOf(stage: number): { readonly name: string; readonly device: string } {
    const { name, device } = present(this.#plan.stages[stage], "stage");
    return { name, device: this.#plan.devices[device]?.name ?? "" };
  }

  #take({ tensor, microBatch, buffer, dims }: SentTensor): void {
    const { name, elementType } = present(this.#plan.tensors[tensor], "tensor");
    const bytes = new Uint8Array(buffer, 0, tensorBytes({ elementType, dims }));
    this.#resultsLeft--;
    this.#onOutput(microBatch, name, { elementType, dims, bytes });
  }

  async run(onOutput: OnOutput = () => {}): Promise<Result<PipelineRun>> {
    if (this.#isClosed) {
      return fail([executorClosed()]);
    }
    this.#done.clear();
    this.#onOutput = onOutput;
    this.#resultsLeft = this.#plan.outputs.length * this.#plan.microBatches;
    for (const stage of this.#plan.stages.keys()) {
      Atomics.store(this.#control, FIRST_STAGE + stage, 0);
    }
    const start = process.hrtime.bigint();
    Atomics.add(this.#control, RUN_NUMBER, 1);
    Atomics.notify(this.#control, RUN_NUMBER);
    const done = await this.#untilDone("the pipeline");
    if (!done.ok) {
      return done;
    }
    const blocks = this.#blockTimes(start);
    return ok({ blocks, makespanNs: blocks.reduce((end, { endNs }) => Math.max(end, endNs), 0) });
  }

  #blockTimes(start: bigint): readonly BlockTime[] {
    return this.#plan.devices.flatMap(({ blocks }, device) => {
      const line = this.#timelines[device];
      const at = (slot: number): number => Number((line?.[slot] ?? start) - start);
      return blocks.map(
        (block, i): BlockTime => ({ ...block, device, startNs: at(2 * i), endNs: at(2 * i + 1) }),
      );
    });
  }

  /** Waits until every device is done and every result is here, or for what comes instead. */
  async #untilDone(what: string): Promise<Result<void>> {
    const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    await new Promise<void>((resolve) => {
      const late = setTimeout(() => {
        this.#crew.fail(executorTimedOut(what, timeoutMs, this.#waiting()));
      }, timeoutMs);
      const check = (): void => {
        const isDone = this.#done.size === this.#plan.devices.length && this.#resultsLeft === 0;
        if (signal?.aborted === true && this.#crew.failure === undefined) {
          this.#crew.fail(executionStopped());
        }
        if (this.#crew.failure !== undefined || isDone) {
          clearTimeout(late);
          signal?.removeEventListener("abort", check);
          this.#onChange = () => {};
          resolve();
        }
      };
      this.#onChange = check;
      signal?.addEventListener("abort", check);
      check();
    });
    const { failure } = this.#crew;
    if (failure === undefined) {
      return ok(undefined);
    }
    await this.close();
    return fail([failure]);
  }

  #waiting(): string {
    return this.#plan.devices
      .flatMap(({ name }, device) => (this.#done.has(device) ? [] : [name]))
      .join(", ");
  }

  async close(): Promise<void> {
    if (this.#isClosed) {
      return;
    }
    this.#isClosed = true;
    Atomics.store(this.#control, RUN_STATE, STATE_CLOSED);
    for (let word = 0; word < this.#control.length; word++) {
      Atomics.notify(this.#control, word);
    }
    await this.#crew.dismiss();
  }
}
