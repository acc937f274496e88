import type { ArtifactCandidate, OperatorsSection } from "../artifact/artifact.js";
import { present } from "../core/invariant.js";
import type { OperatorCosts, WorkerCosts } from "../cost/operator-costs.js";
import type { OperatorGraph, OperatorId } from "../ir/operator-graph.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import type { ScheduleMeasurement, ScheduleTiming } from "../profile/profile.js";
import type { OperatorSchedule } from "../schedule/operator-schedule.js";
import { simulateWorkers } from "../schedule/simulate-workers.js";
import type { Candidate, Candidates } from "../search/operator/candidates.js";
import type { Decision } from "./decide.js";

/** What a section is made of. */
export interface SectionParts {
  readonly lowered: LoweredModel;
  readonly costs: OperatorCosts;
  readonly workers: WorkerCosts;
  readonly candidates: Candidates;
  readonly decision: Decision;
  readonly measurement: ScheduleMeasurement | undefined;
  readonly timingOf: (candidate: Candidate) => ScheduleTiming | undefined;
}

/** The `operators` section of an artifact. */
export function operatorsSectionOf(parts: SectionParts): OperatorsSection {
  const { lowered, decision, candidates, measurement } = parts;
  const { candidate } = decision;
  const baseline = (name: string): number | undefined =>
    measurement?.baselines.find((timing) => timing.name === name)?.latency.medianNs;
  const sequentialMeasured = baseline("sequential");
  const allCoresMeasured = baseline("all-cores");
  const sequential = candidates.ranked.find(({ algorithm }) => algorithm === "sequential");
  const measured =
    decision.threadsPerStream > 1
      ? allCoresMeasured
      : candidate.algorithm === "sequential"
        ? sequentialMeasured
        : parts.timingOf(candidate)?.latency.medianNs;
  return {
    algorithm: candidate.algorithm,
    streams: candidate.schedule.streams,
    threadsPerStream: decision.threadsPerStream,
    decision: {
      reason: decision.reason,
      ...optionally("noise", rounded(measurement?.noiseRatio)),
    },
    status: candidate.status,
    lowerBoundNs: Math.floor(candidates.bounds.lowerBoundNs),
    latencyNs: {
      predicted: candidate.predictedNs,
      ...optionally("measured", measured),
      sequentialPredicted: present(sequential, "sequential candidate").predictedNs,
      ...optionally("sequentialMeasured", sequentialMeasured),
      ...optionally("allCoresMeasured", allCoresMeasured),
      ...optionally("parallelMeasured", baseline("parallel")),
    },
    dims: lowered.boundDims.map(({ name, size }) => ({ name, size })),
    launches: launchesOf(lowered.graph, candidate.schedule, parts),
    candidates: candidates.ranked.map((each) => candidateOf(each, parts)),
  };
}

function candidateOf(candidate: Candidate, parts: SectionParts): ArtifactCandidate {
  return {
    algorithm: candidate.algorithm,
    streams: candidate.schedule.streams,
    predictedNs: candidate.predictedNs,
    ...optionally("measuredNs", parts.timingOf(candidate)?.latency.medianNs),
    ...optionally("sameAs", candidate.sameAs),
  };
}

function launchesOf(
  graph: OperatorGraph,
  schedule: OperatorSchedule,
  { costs, workers }: SectionParts,
): OperatorsSection["launches"] {
  const line = simulateWorkers(graph, schedule, costs, workers);
  const name = (id: OperatorId): string => present(graph.operators[id], "operator").name;
  return schedule.launches.map(({ operator, stream, waits, record }) => ({
    operator: name(operator),
    stream,
    waits: waits.map(name),
    record,
    startNs: line.operatorStartNs[operator] ?? 0,
    endNs: line.operatorEndNs[operator] ?? 0,
  }));
}

/** Ratios are written with four decimals. */
function rounded(ratio: number | undefined): number | undefined {
  return ratio === undefined ? undefined : Math.round(ratio * 1e4) / 1e4;
}

/** `{ [key]: value }`, or nothing for an absent value. */
function optionally<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V });
}
