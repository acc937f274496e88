/**
 * Runs a pipeline for real and ONNX Runtime with the whole model in one session, in turns, so
 * that what slows the machine down slows all of them.
 */
import { ok, type Result } from "../core/result.js";
import { median } from "../core/statistics.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { randomParts } from "../onnx/random-nodes.js";
import { compareOutputs } from "../runtime/compare-outputs.js";
import { bindSession, createSession, type OnnxRuntime } from "../runtime/onnx-runtime.js";
import {
  type BlockTime,
  createPipelineExecutor,
  type PipelineRun,
} from "../runtime/pipeline/pipeline-executor.js";
import type { PipelinePlan } from "../runtime/pipeline/pipeline-plan.js";
import type { TensorData } from "../runtime/tensor-data.js";
import type { OutputCheck, Timing } from "./profile.js";
import type { OnProgress } from "./progress.js";
import type { PreparedStages } from "./stage-sessions.js";
import { timingOf } from "./timing.js";

/** Options of measuring a pipeline. */
export interface PipelineMeasureRequest {
  readonly runtime: OnnxRuntime;
  readonly lowered: LoweredModel;
  readonly plan: PipelinePlan;
  readonly prepared: PreparedStages;
  readonly feeds: readonly ReadonlyMap<string, TensorData>[];
  /** Threads of the second baseline; 1: no second baseline. */
  readonly cores: number;
  /** Rounds that count. */
  readonly rounds: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** Called with each output of the first micro-batch of the last round, in memory of its own. */
  readonly onOutput?: (name: string, data: TensorData) => void;
}

/** One session with the whole model. */
export interface WholeModelTiming {
  readonly threads: number;
  /** Of one inference. */
  readonly latency: Timing;
  /** Time of all processor cores for one inference: what it costs, however busy the machine is. */
  readonly cpuNs: number;
  /**
   * Throughput of the pipeline divided by this one's: median over rounds of the ratio in the round.
   */
  readonly pipelineSpeedUp: number;
}

/** The result of running a pipeline. */
export interface PipelineMeasurement {
  readonly rounds: number;
  /** Time per micro-batch in the steady state. */
  readonly period: Timing;
  readonly makespan: Timing;
  /** Time of all processor cores for one micro-batch, waiting and handing over included. */
  readonly cpuNs: number;
  /** Tasks of the round with the middle makespan. */
  readonly blocks: readonly BlockTime[];
  readonly outputs: OutputCheck & {
    /** Micro-batches whose outputs were compared. */
    readonly compared: number;
  };
  readonly wholeModel: readonly WholeModelTiming[];
}

/** Rounds that do not count. */
const WARM_UP_ROUNDS = 1;
/** Inferences of a baseline in a round: enough for a median. */
const BASELINE_RUNS = 8;

/**
 * Measures a pipeline.
 *
 * Fails: what the executor and the sessions fail with.
 * Ensures: whatever happens, no thread is left.
 */
export async function measurePipeline(
  request: PipelineMeasureRequest,
): Promise<Result<PipelineMeasurement>> {
  const { plan, feeds, signal } = request;
  const baselines = await openBaselines(request);
  if (!baselines.ok) {
    return baselines;
  }
  try {
    const executor = await createPipelineExecutor(
      plan,
      feeds,
      signal === undefined ? {} : { signal },
    );
    if (!executor.ok) {
      return executor;
    }
    try {
      return await runRounds(request, executor.value.run.bind(executor.value), baselines.value);
    } finally {
      await executor.value.close();
    }
  } finally {
    for (const baseline of baselines.value) {
      await baseline.release();
    }
  }
}

interface Baseline {
  readonly threads: number;
  run(): Promise<Result<number>>;
  release(): Promise<void>;
}

async function openBaselines(
  request: PipelineMeasureRequest,
): Promise<Result<readonly Baseline[]>> {
  const { runtime, lowered, prepared, feeds, cores } = request;
  const opened: Baseline[] = [];
  for (const threads of cores > 1 ? [1, cores] : [1]) {
    const where = lowered.model.path;
    const session = await createSession(runtime, prepared.whole, { intraThreads: threads }, where);
    if (!session.ok) {
      for (const each of opened) {
        await each.release();
      }
      return session;
    }
    const bound = bindSession(runtime, session.value, feeds[0] ?? new Map(), where);
    opened.push({
      threads,
      release: bound.release,
      run: async () => {
        const start = process.hrtime.bigint();
        const outputs = await bound.run();
        return outputs.ok ? ok(Number(process.hrtime.bigint() - start)) : outputs;
      },
    });
  }
  return ok(opened);
}

interface Round {
  readonly run: PipelineRun;
  /** Per micro-batch. */
  readonly cpuNs: number;
  /** Per inference of each baseline. */
  readonly baselineCpuNs: readonly number[];
  readonly periodNs: number;
  /** Median latency of each baseline. */
  readonly baselineNs: readonly number[];
  readonly samples: readonly (readonly number[])[];
}

async function runRounds(
  request: PipelineMeasureRequest,
  run: (
    onOutput: (microBatch: number, name: string, data: TensorData) => void,
  ) => Promise<Result<PipelineRun>>,
  baselines: readonly Baseline[],
): Promise<Result<PipelineMeasurement>> {
  const { plan, rounds: wanted, onProgress } = request;
  const check = new OutputChecker(request);
  const rounds: Round[] = [];
  const total = WARM_UP_ROUNDS + wanted;
  for (let done = 0; done < total; done++) {
    onProgress?.({ phase: "pipeline", done, total, label: "pipeline and whole model in turns" });
    const pipelineCpu = process.cpuUsage();
    const isLast = done === total - 1;
    const outcome = await run((microBatch, name, data) => {
      check.take(microBatch, name, data);
      if (isLast && microBatch === 0) {
        request.onOutput?.(name, { ...data, bytes: Uint8Array.from(data.bytes) });
      }
    });
    if (!outcome.ok) {
      return outcome;
    }
    const cpuNs = cpuNsSince(pipelineCpu) / plan.microBatches;
    const baselineCpuNs: number[] = [];
    const samples: number[][] = [];
    for (const baseline of baselines) {
      const own: number[] = [];
      const cpu = process.cpuUsage();
      for (let i = 0; i < BASELINE_RUNS; i++) {
        const latency = await baseline.run();
        if (!latency.ok) {
          return latency;
        }
        own.push(latency.value);
      }
      samples.push(own);
      baselineCpuNs.push(cpuNsSince(cpu) / BASELINE_RUNS);
    }
    if (done >= WARM_UP_ROUNDS) {
      const periodNs = periodOf(plan, outcome.value);
      rounds.push({
        run: outcome.value,
        periodNs,
        baselineNs: samples.map(median),
        samples,
        cpuNs,
        baselineCpuNs,
      });
    }
  }
  return ok(summarize(rounds, check.result(), baselines));
}

/** User and system time of all threads since then. */
function cpuNsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) * 1000;
}

/**
 * Time per micro-batch between the completion of the first and of the last one that meet neither an
 * empty nor a draining pipeline: as many are left out at the start as there are stages. A run too
 * short for that counts whole.
 */
function periodOf(plan: PipelinePlan, { blocks, makespanNs }: PipelineRun): number {
  const completion = new Float64Array(plan.microBatches);
  for (const { microBatch, endNs } of blocks) {
    completion[microBatch] = Math.max(completion[microBatch] ?? 0, endNs);
  }
  completion.sort();
  const first = plan.stages.length;
  const last = plan.microBatches - 1;
  return last - first < 2
    ? makespanNs / plan.microBatches
    : ((completion[last] ?? 0) - (completion[first] ?? 0)) / (last - first);
}

function summarize(
  rounds: readonly Round[],
  outputs: PipelineMeasurement["outputs"],
  baselines: readonly Baseline[],
): PipelineMeasurement {
  const sorted = [...rounds].sort((a, b) => a.run.makespanNs - b.run.makespanNs);
  return {
    rounds: rounds.length,
    period: timingOf(rounds.map(({ periodNs }) => periodNs)),
    makespan: timingOf(rounds.map(({ run }) => run.makespanNs)),
    cpuNs: Math.round(median(rounds.map(({ cpuNs }) => cpuNs))),
    blocks: sorted[Math.floor(sorted.length / 2)]?.run.blocks ?? [],
    outputs,
    wholeModel: baselines.map(({ threads }, at) => ({
      threads,
      latency: timingOf(rounds.flatMap(({ samples }) => samples[at] ?? [])),
      cpuNs: Math.round(median(rounds.map(({ baselineCpuNs }) => baselineCpuNs[at] ?? 0))),
      pipelineSpeedUp: median(
        rounds.map(({ periodNs, baselineNs }) => (baselineNs[at] ?? 0) / periodNs),
      ),
    })),
  };
}

/** Compares each output of each micro-batch with the whole model's for the same inputs. */
class OutputChecker {
  readonly #request: PipelineMeasureRequest;
  readonly #random: ReadonlySet<string>;
  /** Outputs that are compared. */
  readonly #steady: number;
  #identical = true;
  #maxAbsolute = 0;
  #maxRelative = 0;
  #compared = 0;

  constructor(request: PipelineMeasureRequest) {
    this.#request = request;
    this.#random = randomParts(request.lowered).values;
    const { outputs, tensors } = request.plan;
    this.#steady = outputs.filter((at) => !this.#random.has(tensors[at]?.name ?? "")).length;
  }

  take(microBatch: number, name: string, data: TensorData): void {
    if (this.#random.has(name)) {
      return;
    }
    const { reference } = this.#request.prepared;
    const wanted = reference[microBatch % reference.length]?.get(name);
    const expected = new Map(wanted === undefined ? [] : [[name, wanted]]);
    const compared = compareOutputs(expected, new Map([[name, data]]));
    this.#identical &&= compared.identical;
    this.#maxAbsolute = Math.max(this.#maxAbsolute, compared.maxAbsolute);
    this.#maxRelative = Math.max(this.#maxRelative, compared.maxRelative);
    this.#compared++;
  }

  result(): PipelineMeasurement["outputs"] {
    return {
      identical: this.#identical,
      maxAbsolute: this.#maxAbsolute,
      maxRelative: this.#maxRelative,
      compared: this.#steady === 0 ? 0 : this.#compared / this.#steady,
    };
  }
}
