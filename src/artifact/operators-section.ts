import {
  boolean,
  type Fields,
  integer,
  list,
  number,
  object,
  oneOf,
  optional,
  type Shape,
  text,
} from "../core/json-shape.js";
import type { Json } from "../core/stable-json.js";
import type {
  ArtifactCandidate,
  ArtifactGpu,
  ArtifactLaunch,
  ArtifactMerge,
  ArtifactTask,
  ArtifactWay,
  ArtifactWorkers,
  DecisionReason,
  OperatorsSection,
} from "./artifact.js";

const NS = integer(0);
const NAME = text(65_536);
/**
 * More streams than any device runs, a bound on what readers draw and count. The rules of the papers
 * open a stream at every fork: tens of thousands in a model of a hundred thousand operators.
 */
const MAX_STREAMS = 131_072;
/** Most threads inside an operator, and most workers. */
const MAX_THREADS = 4096;
const STREAM = integer(0, MAX_STREAMS - 1);

const LAUNCH: Shape<ArtifactLaunch> = object<ArtifactLaunch>({
  operator: NAME,
  stream: STREAM,
  waits: list(NAME),
  record: boolean,
  startNs: optional(NS),
  endNs: optional(NS),
  aloneNs: optional(NS),
});

const PERCENTS = list(number(0, 101), 1000);

const GPU: Shape<ArtifactGpu> = object<ArtifactGpu>({
  launchGapNs: NS,
  eventNs: NS,
  boundsNs: object<ArtifactGpu["boundsNs"]>({
    criticalPath: NS,
    capacity: NS,
    arithmetic: NS,
    bandwidth: NS,
  }),
  usePercent: object<ArtifactGpu["usePercent"]>({
    capacity: PERCENTS,
    arithmetic: PERCENTS,
    bandwidth: PERCENTS,
  }),
});

const WORKERS: Shape<ArtifactWorkers> = object<ArtifactWorkers>({
  segmentNs: NS,
  signalNs: NS,
  tensorNs: NS,
  byteNs: number(0, 1000),
  slowdown: list(number(1), MAX_THREADS),
});

const WAY: Shape<ArtifactWay> = object<ArtifactWay>({
  name: text(100),
  threads: integer(1, MAX_THREADS),
  medianNs: NS,
  p10Ns: NS,
  p90Ns: NS,
  relative: object<ArtifactWay["relative"]>({
    median: number(0),
    low: number(0),
    high: number(0),
  }),
  outputDifference: number(0),
});

const CANDIDATE: Shape<ArtifactCandidate> = object<ArtifactCandidate>({
  algorithm: text(100),
  streams: integer(1, MAX_STREAMS),
  predictedNs: NS,
  measuredNs: optional(NS),
  sameAs: optional(text(100)),
});

/** More than any device has memory for. */
const MAX_BATCH = 1_000_000;
const MAX_TASKS = 1024;

const TASK: Shape<ArtifactTask> = object<ArtifactTask>({
  name: text(100),
  progress: number(0, 1),
  done: integer(0),
});

const REASON: Shape<DecisionReason> = oneOf(
  "fastest-measured",
  "fastest-predicted",
  "nothing-beats-sequential",
  "all-cores-fastest",
  "asked-for",
);

const FIELDS: Fields<OperatorsSection> = {
  algorithm: text(100),
  streams: integer(1, MAX_STREAMS),
  threadsPerStream: integer(1, MAX_THREADS),
  decision: object<OperatorsSection["decision"]>({
    reason: REASON,
    noise: optional(number(0, 1e6)),
  }),
  status: oneOf("optimal", "heuristic"),
  lowerBoundNs: optional(NS),
  latencyNs: object<OperatorsSection["latencyNs"]>({
    predicted: optional(NS),
    measured: optional(NS),
    sequentialPredicted: NS,
    sequentialMeasured: optional(NS),
    allCoresMeasured: optional(NS),
    parallelMeasured: optional(NS),
    eagerMeasured: optional(NS),
  }),
  dims: list(object<OperatorsSection["dims"][number]>({ name: NAME, size: integer(0) }), 100_000),
  batch: optional(integer(1, MAX_BATCH)),
  tasks: optional(list(TASK, MAX_TASKS)),
  merges: optional(list(object<ArtifactMerge>({ operators: list(NAME) }))),
  gpu: optional(GPU),
  longestPathNs: optional(NS),
  workers: optional(WORKERS),
  measurement: optional(list(WAY, 10_000)),
  launches: list(LAUNCH),
  candidates: list(CANDIDATE, 10_000),
};

/** Reads the `operators` section of an artifact. */
export const operatorsSectionShape: Shape<OperatorsSection> = object<OperatorsSection>(FIELDS);

/** The `operators` section with its keys in the order of the format. */
export function encodeOperatorsSection(section: OperatorsSection): Json {
  const { decision, latencyNs } = section;
  return {
    algorithm: section.algorithm,
    streams: section.streams,
    threadsPerStream: section.threadsPerStream,
    decision: { reason: decision.reason, noise: decision.noise },
    status: section.status,
    lowerBoundNs: section.lowerBoundNs,
    latencyNs: {
      predicted: latencyNs.predicted,
      measured: latencyNs.measured,
      sequentialPredicted: latencyNs.sequentialPredicted,
      sequentialMeasured: latencyNs.sequentialMeasured,
      allCoresMeasured: latencyNs.allCoresMeasured,
      parallelMeasured: latencyNs.parallelMeasured,
      eagerMeasured: latencyNs.eagerMeasured,
    },
    dims: section.dims.map(({ name, size }) => ({ name, size })),
    batch: section.batch,
    tasks: section.tasks?.map(({ name, progress, done }) => ({ name, progress, done })),
    merges: section.merges?.map(({ operators }) => ({ operators: [...operators] })),
    gpu: section.gpu === undefined ? undefined : encodeGpu(section.gpu),
    longestPathNs: section.longestPathNs,
    workers: section.workers === undefined ? undefined : encodeWorkers(section.workers),
    measurement: section.measurement?.map(encodeWay),
    launches: section.launches.map((launch) => ({
      operator: launch.operator,
      stream: launch.stream,
      waits: [...launch.waits],
      record: launch.record,
      startNs: launch.startNs,
      endNs: launch.endNs,
      aloneNs: launch.aloneNs,
    })),
    candidates: section.candidates.map((candidate) => ({
      algorithm: candidate.algorithm,
      streams: candidate.streams,
      predictedNs: candidate.predictedNs,
      measuredNs: candidate.measuredNs,
      sameAs: candidate.sameAs,
    })),
  };
}

function encodeWorkers(workers: ArtifactWorkers): Json {
  const { segmentNs, signalNs, tensorNs, byteNs, slowdown } = workers;
  return { segmentNs, signalNs, tensorNs, byteNs, slowdown: [...slowdown] };
}

function encodeWay(way: ArtifactWay): Json {
  const { name, threads, medianNs, p10Ns, p90Ns, relative, outputDifference } = way;
  const { median, low, high } = relative;
  return {
    name,
    threads,
    medianNs,
    p10Ns,
    p90Ns,
    relative: { median, low, high },
    outputDifference,
  };
}

function encodeGpu({ launchGapNs, eventNs, boundsNs, usePercent }: ArtifactGpu): Json {
  const { criticalPath, capacity, arithmetic, bandwidth } = boundsNs;
  return {
    launchGapNs,
    eventNs,
    boundsNs: { criticalPath, capacity, arithmetic, bandwidth },
    usePercent: {
      capacity: [...usePercent.capacity],
      arithmetic: [...usePercent.arithmetic],
      bandwidth: [...usePercent.bandwidth],
    },
  };
}
