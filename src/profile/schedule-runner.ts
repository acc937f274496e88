import { ok, type Result } from "../core/result.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { createCpuExecutor, type SegmentTime } from "../runtime/cpu-executor.js";
import {
  bindSession,
  createSession,
  type OnnxRuntime,
  type SessionOptions,
} from "../runtime/onnx-runtime.js";
import type { TensorData } from "../runtime/tensor-data.js";
import type { OperatorSchedule } from "../schedule/operator-schedule.js";
import { modelOutputsOf, workerPlanOf } from "./worker-plan-of.js";

/** A model and its inputs, ready to be run in several ways. */
export interface RunnableModel {
  readonly runtime: OnnxRuntime;
  readonly lowered: LoweredModel;
  /** The whole model as an ONNX file. */
  readonly model: Uint8Array;
  readonly feeds: ReadonlyMap<string, TensorData>;
}

/** One inference. */
export interface ScheduleRun {
  /** From the caller's request to the outputs in the caller's hands. */
  readonly durationNs: number;
  /** By the names of the model's outputs. */
  readonly outputs: ReadonlyMap<string, TensorData>;
  readonly segments: readonly SegmentTime[];
}

/** Something that runs the model, with its sessions ready. */
export interface ScheduleRunner {
  run(): Promise<Result<ScheduleRun>>;
  /** Frees sessions and threads. */
  close(): Promise<void>;
  /** Sub-models that one inference runs. */
  readonly segments: number;
}

/**
 * A runner of the whole model on the calling thread, as ONNX Runtime does it by itself.
 *
 * Fails: `onnxruntime-refused-model`; when run, `onnxruntime-run-failed`.
 */
export async function openWholeModel(
  { runtime, lowered, model, feeds }: RunnableModel,
  options: SessionOptions,
): Promise<Result<ScheduleRunner>> {
  const { path } = lowered.model;
  const session = await createSession(runtime, model, options, path);
  if (!session.ok) {
    return session;
  }
  const bound = bindSession(runtime, session.value, feeds, path);
  return ok({
    segments: 1,
    close: bound.release,
    run: async () => {
      const start = process.hrtime.bigint();
      const outputs = await bound.run();
      const durationNs = Number(process.hrtime.bigint() - start);
      const segments = [{ worker: 0, segment: 0, startNs: 0, endNs: durationNs }];
      return outputs.ok ? ok({ durationNs, outputs: outputs.value, segments }) : outputs;
    },
  });
}

/**
 * A runner of a schedule: worker threads for several streams; a single stream is the whole model on
 * the calling thread, since another thread would only add a hand-over.
 *
 * Requires: a verified schedule of `model.lowered.graph`.
 * Fails: the failures of `openWholeModel`, `workerPlanOf` and `createCpuExecutor`.
 */
export async function openSchedule(
  model: RunnableModel,
  schedule: OperatorSchedule,
  signal?: AbortSignal,
): Promise<Result<ScheduleRunner>> {
  if (schedule.streams === 1) {
    return openWholeModel(model, {});
  }
  const plan = workerPlanOf(model.lowered, schedule);
  if (!plan.ok) {
    return plan;
  }
  const executor = await createCpuExecutor(plan.value, signal === undefined ? {} : { signal });
  if (!executor.ok) {
    return executor;
  }
  return ok({
    segments: plan.value.workers.reduce((sum, segments) => sum + segments.length, 0),
    close: () => executor.value.close(),
    run: async () => {
      const outcome = await executor.value.run(model.feeds);
      return outcome.ok
        ? ok({ ...outcome.value, outputs: modelOutputsOf(model.lowered, outcome.value.outputs) })
        : outcome;
    },
  });
}
