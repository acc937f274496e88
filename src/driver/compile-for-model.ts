/**
 * Compiling for a GPU that is known by its data sheet only: nothing is measured, everything is
 * estimated and marked so.
 */
import { basename } from "node:path";
import type { OperatorsSection, ScheduleArtifact } from "../artifact/artifact.js";
import { encodeArtifact } from "../artifact/artifact-format.js";
import { sha256OfFile } from "../core/digest.js";
import { present } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import type { DeviceModel } from "../cost/device-model.js";
import { isCapturable, kernelsOf, type MathMode } from "../cost/kernels/operator-kernels.js";
import type { OperatorId } from "../ir/operator-graph.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { simulateGpu } from "../schedule/simulate-gpu.js";
import {
  type GpuAlgorithm,
  type GpuCandidate,
  type GpuCandidates,
  searchGpuSchedules,
} from "../search/operator/gpu/gpu-candidates.js";
import { type GpuProblem, gpuProblemOf } from "../search/operator/gpu/gpu-problem.js";
import type { DriverContext } from "./context.js";
import { algorithmRefused, operatorsNotCapturable } from "./failures.js";
import { type ModelJob, runModelJob } from "./model-job.js";

/** What to compile, and for which GPU. */
export interface ModelCompileRequest extends ModelJob {
  readonly seed: number;
  readonly algorithm: GpuAlgorithm | undefined;
  readonly device: DeviceModel;
  readonly math: MathMode;
}

/** Predictions closer than this to sequential execution do not count as faster. */
const LEAST_GAIN = 0.01;

/**
 * Compiles a model for a device model and writes its artifact.
 *
 * Fails: what reading, lowering and writing fail with; `operators-not-capturable`.
 */
export async function compileForModel(
  request: ModelCompileRequest,
  context: DriverContext,
): Promise<Result<ScheduleArtifact>> {
  return runModelJob(request, "top-compile/schedule", context, async (lowered) => {
    const artifact = artifactFor(request, lowered, context.tool);
    return artifact.ok
      ? ok({ value: artifact.value, text: encodeArtifact(artifact.value) })
      : artifact;
  });
}

function artifactFor(
  request: ModelCompileRequest,
  lowered: LoweredModel,
  tool: string,
): Result<ScheduleArtifact> {
  const { device, algorithm, seed, math, dims } = request;
  const { operators } = lowered.graph;
  const refused = operators.filter((operator) => !isCapturable(operator));
  if (refused.length > 0) {
    return fail([
      operatorsNotCapturable(
        request.model,
        refused.map(({ type, name }) => ({ type, name })),
      ),
    ]);
  }
  const kernels = operators.map((operator) => kernelsOf(operator, lowered, device, math));
  const problem = gpuProblemOf(lowered.graph, kernels, device, "estimated");
  const candidates = searchGpuSchedules(problem, {
    seed,
    ...(algorithm === undefined ? {} : { algorithms: [algorithm] }),
  });
  const reason = candidates.refused.find((each) => each.algorithm === algorithm)?.reason;
  if (algorithm !== undefined && reason !== undefined) {
    return fail([algorithmRefused(algorithm, reason)]);
  }
  const model = basename(request.model);
  return ok({
    provenance: {
      tool,
      inputs: [{ role: "model", name: model, sha256: sha256OfFile(request.model) }],
      seed,
      options: {
        device: device.name,
        math,
        ...(algorithm === undefined ? {} : { algorithm }),
        ...(dims.size === 0 ? {} : { dim: [...dims].map(([name, size]) => `${name}=${size}`) }),
      },
    },
    device: { name: device.product, source: "estimated" },
    operators: sectionOf(lowered, problem, candidates, algorithm),
  });
}

function sectionOf(
  lowered: LoweredModel,
  problem: GpuProblem,
  candidates: GpuCandidates,
  algorithm: GpuAlgorithm | undefined,
): OperatorsSection {
  const find = (name: GpuAlgorithm): GpuCandidate =>
    present(
      candidates.ranked.find((each) => each.algorithm === name),
      `candidate of ${name}`,
    );
  const sequential = find("sequential");
  const best = present(candidates.ranked[0], "candidate");
  const isFaster = best.predictedNs < sequential.predictedNs * (1 - LEAST_GAIN);
  const chosen = algorithm === undefined ? (isFaster ? best : sequential) : find(algorithm);
  const line = simulateGpu(problem.work, chosen.schedule);
  const name = (id: OperatorId): string => present(lowered.graph.operators[id], "operator").name;
  return {
    algorithm: chosen.algorithm,
    streams: chosen.schedule.streams,
    threadsPerStream: 1,
    decision: {
      reason:
        algorithm !== undefined
          ? "asked-for"
          : isFaster
            ? "fastest-predicted"
            : "nothing-beats-sequential",
    },
    status: chosen.status,
    lowerBoundNs: candidates.bounds.lowerBoundNs,
    latencyNs: { predicted: chosen.predictedNs, sequentialPredicted: sequential.predictedNs },
    dims: lowered.boundDims.map(({ name: dim, size }) => ({ name: dim, size })),
    launches: chosen.schedule.launches.map(({ operator, stream, waits, record }) => ({
      operator: name(operator),
      stream,
      waits: waits.map(name),
      record,
      startNs: line.operatorStartNs[operator] ?? 0,
      endNs: line.operatorEndNs[operator] ?? 0,
    })),
    candidates: candidates.ranked.map((each) => ({
      algorithm: each.algorithm,
      streams: each.schedule.streams,
      predictedNs: each.predictedNs,
    })),
  };
}
