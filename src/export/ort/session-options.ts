/**
 * Options of an ONNX Runtime session as a file: the object that `InferenceSession.create` of
 * onnxruntime-node takes. In other languages the entries of `extra.session` are configuration entries with
 * `session.` before their names.
 */
import { type Json, stableJson } from "../../core/stable-json.js";

/** How these files begin. */
export const SESSION_MARK: RegExp =
  /^\{\s*("executionProviders": \[[^\]]*\],\s*)?"graphOptimizationLevel": "/;

/** The way to run a model by a partition file. */
export interface SessionPlan {
  readonly partitionFile: string;
  /** Threads inside each operator. */
  readonly threads: number;
  /** Streams that run side by side; absent: one node after the other. */
  readonly streams?: number;
  /** The execution provider; absent: the CPU. */
  readonly provider?: "cuda";
}

/**
 * The session options of a plan.
 *
 * The model is optimized already, so nothing is optimized again: the names in the partition file are those
 * of its nodes. In parallel mode ONNX Runtime starts one thread less than it is told, and the calling
 * thread only waits: hence one more than streams.
 */
export function sessionOptionsFile({
  partitionFile,
  threads,
  streams,
  provider,
}: SessionPlan): string {
  const options: Json = {
    ...(provider === undefined ? {} : { executionProviders: [provider, "cpu"] }),
    graphOptimizationLevel: "disabled",
    executionMode: streams === undefined ? "sequential" : "parallel",
    intraOpNumThreads: threads,
    interOpNumThreads: streams === undefined ? 1 : streams + 1,
    extra: { session: { node_partition_config_file: partitionFile } },
  };
  return stableJson(options);
}

/**
 * The session options of a stage of a pipeline, which has a thread of its own; `gpu`: the number of its GPU, absent
 * for a CPU.
 */
export function stageSessionFile(gpu?: number): string {
  return stableJson({
    ...(gpu === undefined ? {} : { executionProviders: [{ name: "cuda", deviceId: gpu }, "cpu"] }),
    graphOptimizationLevel: "extended",
    executionMode: "sequential",
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
}
