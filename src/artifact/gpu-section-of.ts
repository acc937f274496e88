import { present } from "../core/invariant.js";
import type { OperatorGraph, OperatorId } from "../ir/operator-graph.js";
import type { BoundDim } from "../onnx/lowered-model.js";
import type { GpuAlgorithm } from "../schedule/algorithm-names.js";
import { type GpuBounds, gpuBounds } from "../schedule/gpu-bounds.js";
import type { GpuCandidate, GpuCandidates } from "../schedule/gpu-candidate.js";
import type { GpuProblem } from "../schedule/gpu-problem.js";
import type { OperatorSchedule } from "../schedule/operator-schedule.js";
import { type GpuTimeline, type GpuUse, simulateGpu } from "../schedule/simulate-gpu.js";
import {
  type ArtifactCandidate,
  type ArtifactGpu,
  type ArtifactTask,
  type DecisionReason,
  isPredictedFaster,
  type OperatorsSection,
} from "./artifact.js";
import { artifactRangeOf } from "./range-section.js";

/** What a section is made of. */
export interface GpuSectionParts {
  /** The model as it is: operators that merges name. */
  readonly graph: OperatorGraph;
  readonly candidates: GpuCandidates;
  /** What the user asked for; `undefined`: the best. */
  readonly algorithm: GpuAlgorithm | undefined;
  readonly boundDims: readonly BoundDim[];
  readonly batch: number | undefined;
  /** The tasks that a candidate is a schedule of. */
  readonly tasksOf: (candidate: GpuCandidate) => readonly ArtifactTask[] | undefined;
}

/** Slices of the latency for which the use of the device is written down. */
const SLICES = 96;

/** What the simulator says of one schedule, as a section states it. */
export type GpuFigures = Pick<OperatorsSection, "launches"> & {
  readonly lowerBoundNs: number;
  readonly predictedNs: number;
  readonly gpu: ArtifactGpu;
};

/** The figures of a schedule on a GPU. Requires: a right schedule. Cost: a simulation. */
export function gpuFiguresOf(problem: GpuProblem, schedule: OperatorSchedule): GpuFigures {
  const bounds = gpuBounds(problem);
  const line = simulateGpu(problem.work, schedule, SLICES);
  const name = (id: OperatorId): string => present(problem.graph.operators[id], "operator").name;
  return {
    predictedNs: line.makespanNs,
    lowerBoundNs: bounds.lowerBoundNs,
    gpu: gpuOf(problem, bounds, line),
    launches: schedule.launches.map(({ operator, stream, waits, record }) => ({
      operator: name(operator),
      stream,
      waits: waits.map(name),
      record,
      startNs: line.operatorStartNs[operator] ?? 0,
      endNs: line.operatorEndNs[operator] ?? 0,
      aloneNs: Math.max(0, Math.round(problem.costs.durationNs[operator] ?? 0)),
    })),
  };
}

/** The `operators` section of an artifact for a GPU. */
export function gpuSectionOf(parts: GpuSectionParts): OperatorsSection {
  const { graph, candidates, boundDims, batch } = parts;
  const { chosen, reason, sequential } = choiceOf(parts);
  const { problem, merges } = chosen;
  const tasks = parts.tasksOf(chosen);
  const { lowerBoundNs, gpu, launches } = gpuFiguresOf(problem, chosen.schedule);
  const range = artifactRangeOf(candidates.cases, chosen.timesNs ?? []);
  const member = (id: OperatorId): string => present(graph.operators[id], "operator").name;
  return {
    algorithm: chosen.algorithm,
    streams: chosen.schedule.streams,
    threadsPerStream: 1,
    decision: { reason },
    status: chosen.status,
    lowerBoundNs,
    latencyNs: { predicted: chosen.predictedNs, sequentialPredicted: sequential.predictedNs },
    dims: boundDims.map(({ name: dim, size }) => ({ name: dim, size })),
    ...(batch === undefined ? {} : { batch }),
    ...(tasks === undefined ? {} : { tasks }),
    ...(merges.length === 0
      ? {}
      : { merges: merges.map((merge) => ({ operators: merge.map(member) })) }),
    gpu,
    ...(range === undefined ? {} : { range }),
    launches,
    candidates: candidates.ranked.map(artifactCandidateOf),
  };
}

/** A candidate as a section states it. */
export function artifactCandidateOf({
  algorithm,
  schedule,
  predictedNs,
  speedUp,
}: GpuCandidate): ArtifactCandidate {
  const { streams } = schedule;
  const range = speedUp === undefined ? {} : { speedUp };
  return { algorithm, streams, predictedNs, ...range };
}

function gpuOf({ work }: GpuProblem, bounds: GpuBounds, line: GpuTimeline): ArtifactGpu {
  const { criticalPathNs, capacityNs, arithmeticNs, bandwidthNs } = bounds;
  const percents = (resource: keyof GpuUse): number[] =>
    line.slices.map((use) => Math.round(use[resource] * 1000) / 10);
  return {
    launchGapNs: work.launchGapNs,
    eventNs: work.eventNs,
    boundsNs: {
      criticalPath: criticalPathNs,
      capacity: capacityNs,
      arithmetic: arithmeticNs,
      bandwidth: bandwidthNs,
    },
    usePercent: {
      capacity: percents("capacity"),
      arithmetic: percents("arithmetic"),
      bandwidth: percents("bandwidth"),
    },
  };
}

interface Choice {
  readonly chosen: GpuCandidate;
  readonly reason: OperatorsSection["decision"]["reason"];
  readonly sequential: GpuCandidate;
}

function choiceOf({ candidates, algorithm }: GpuSectionParts): Choice {
  const find = (name: GpuAlgorithm): GpuCandidate =>
    present(
      candidates.ranked.find((each) => each.algorithm === name),
      `candidate of ${name}`,
    );
  const sequential = find("sequential");
  if (algorithm !== undefined) {
    return { chosen: find(algorithm), reason: "asked-for", sequential };
  }
  const { candidate, reason } = predictedChoice(candidates);
  return { chosen: candidate, reason, sequential };
}

/** The candidate to take where nothing was measured, and why: the first in rank, if it is predicted faster at all. */
export function predictedChoice({ ranked }: GpuCandidates): {
  readonly candidate: GpuCandidate;
  readonly reason: DecisionReason;
} {
  const best = present(ranked[0], "candidate");
  const sequential = present(
    ranked.find(({ algorithm }) => algorithm === "sequential"),
    "sequential candidate",
  );
  if (!isPredictedFaster(best, sequential.predictedNs)) {
    return { candidate: sequential, reason: "nothing-beats-sequential" };
  }
  return {
    candidate: best,
    reason: best.speedUp === undefined ? "fastest-predicted" : "best-worst-case",
  };
}
