/**
 * The `operators` section of an artifact for a CPU: everything in it is of the run that was chosen.
 *
 * Predictions are of operators on one thread each. Where ONNX Runtime's own threads inside each
 * operator are chosen there is no prediction of that run, so latency, bound and timeline are absent;
 * its measurement is there.
 */

import { present } from "../core/invariant.js";
import type { OperatorCosts, WorkerCosts } from "../cost/operator-costs.js";
import { criticalPath } from "../ir/critical-path.js";
import type { OperatorId } from "../ir/operator-graph.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import type { BaselineTiming, ScheduleMeasurement, ScheduleTiming } from "../profile/profile.js";
import { simulateWorkers } from "../schedule/simulate-workers.js";
import type { Candidate, Candidates } from "../search/operator/candidates.js";
import type {
  ArtifactCandidate,
  ArtifactLaunch,
  ArtifactWay,
  ArtifactWorkers,
  OperatorsSection,
} from "./artifact.js";
import type { Decision } from "./decide.js";
import { isRefuted } from "./measurement-problems.js";

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
  const { lowered, decision, candidates, measurement, costs } = parts;
  const { candidate, threadsPerStream } = decision;
  const isPredicted = threadsPerStream === 1;
  const ways = measurement === undefined ? undefined : waysOf(measurement, parts);
  const { lowerBoundNs } = candidates.bounds;
  const isBounded = isPredicted && !isRefuted(lowerBoundNs, ways);
  return {
    algorithm: candidate.algorithm,
    streams: candidate.schedule.streams,
    threadsPerStream,
    decision: {
      reason: decision.reason,
      ...optionally("noise", measurement?.noiseRatio),
    },
    status: isBounded ? candidate.status : "heuristic",
    ...(isBounded ? { lowerBoundNs } : {}),
    latencyNs: latenciesOf(parts, isPredicted),
    dims: lowered.boundDims.map(({ name, size }) => ({ name, size })),
    longestPathNs: Math.round(
      criticalPath(lowered.graph, ({ id }) => costs.durationNs[id]!).length,
    ),
    ...(isPredicted ? { workers: workersOf(parts.workers) } : {}),
    ...optionally("measurement", ways),
    launches: isPredicted ? timedLaunchesOf(parts) : launchesOf(parts),
    candidates: candidates.ranked.map((each) => candidateOf(each, parts)),
  };
}

function latenciesOf(
  { candidates, decision, measurement, timingOf }: SectionParts,
  isPredicted: boolean,
): OperatorsSection["latencyNs"] {
  const baseline = (name: string): number | undefined =>
    measurement?.baselines.find((timing) => timing.name === name)?.latency.medianNs;
  const { candidate } = decision;
  const sequential = candidates.ranked.find(({ algorithm }) => algorithm === "sequential");
  const ofOneStream = isPredicted ? baseline("sequential") : baseline("all-cores");
  const measured =
    candidate.algorithm === "sequential" ? ofOneStream : timingOf(candidate)?.latency.medianNs;
  return {
    ...(isPredicted ? { predicted: candidate.predictedNs } : {}),
    ...optionally("measured", measured),
    sequentialPredicted: present(sequential, "sequential candidate").predictedNs,
    ...optionally("sequentialMeasured", baseline("sequential")),
    ...optionally("allCoresMeasured", baseline("all-cores")),
    ...optionally("parallelMeasured", baseline("parallel")),
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

function workersOf({ workers: _, ...costs }: WorkerCosts): ArtifactWorkers {
  return costs;
}

/** ONNX Runtime's own ways in the order of the profile, then the candidates that were measured. */
function waysOf(
  { baselines }: ScheduleMeasurement,
  { candidates, timingOf }: SectionParts,
): readonly ArtifactWay[] {
  return [
    ...baselines.map((each) => wayOf(each.name, each.intraThreads, each)),
    ...candidates.ranked.flatMap((candidate) => {
      const timing = candidate.sameAs === undefined ? timingOf(candidate) : undefined;
      return timing === undefined ? [] : [wayOf(candidate.algorithm, 1, timing)];
    }),
  ];
}

function wayOf(
  name: string,
  threads: number,
  { latency, relative, outputs }: Pick<BaselineTiming, "latency" | "relative" | "outputs">,
): ArtifactWay {
  const { medianNs, p10Ns, p90Ns } = latency;
  const outputDifference = outputs.maxRelative;
  return { name, threads, medianNs, p10Ns, p90Ns, relative, outputDifference };
}

function launchesOf({ lowered: { graph }, decision }: SectionParts): readonly ArtifactLaunch[] {
  const name = (id: OperatorId): string => present(graph.operators[id], "operator").name;
  return decision.candidate.schedule.launches.map(({ operator, stream, waits, record }) => ({
    operator: name(operator),
    stream,
    waits: waits.map(name),
    record,
  }));
}

function timedLaunchesOf(parts: SectionParts): readonly ArtifactLaunch[] {
  const { lowered, costs, workers, decision } = parts;
  const { schedule } = decision.candidate;
  const line = simulateWorkers(lowered.graph, schedule, costs, workers);
  return launchesOf(parts).map((launch, at) => {
    const { operator } = present(schedule.launches[at], "launch");
    return {
      ...launch,
      startNs: line.operatorStartNs[operator]!,
      endNs: line.operatorEndNs[operator]!,
      aloneNs: costs.durationNs[operator]!,
    };
  });
}

/** `{ [key]: value }`, or nothing for an absent value. */
function optionally<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V });
}
