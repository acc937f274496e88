import { list, object, optional, unless } from "../core/json-containers.js";
import { boolean, integer, number, oneOf, type Shape, text } from "../core/json-shape.js";
import type {
  ArtifactCandidate,
  ArtifactGpu,
  ArtifactLaunch,
  ArtifactMerge,
  ArtifactTask,
  ArtifactWay,
  ArtifactWorkers,
  OperatorsSection,
} from "./artifact.js";
import { NANOSECONDS } from "./nanoseconds.js";
import { OPERATOR_NAME } from "./operator-name.js";
import { artifactRangeShape, speedUpRangeShape } from "./range-section.js";

const NS = NANOSECONDS;
const NAME = OPERATOR_NAME;
/**
 * More streams than any device runs, a bound on what readers draw and count. The rules of the papers
 * open a stream at every fork: tens of thousands in a model of a hundred thousand operators.
 */
const MAX_STREAMS = 131_072;
const STREAMS = integer(1, MAX_STREAMS).named("streams");
/** Most threads inside an operator, and most workers. */
const MAX_THREADS = 4096;
const THREADS = integer(1, MAX_THREADS);
const ALGORITHM = text(100);

const START = NS.describe(
  "Predicted, from the start of the inference; absent with several threads inside each operator.",
);

const LAUNCH: Shape<ArtifactLaunch> = object<ArtifactLaunch>({
  operator: NAME,
  stream: integer(0, MAX_STREAMS - 1),
  waits: list(NAME).describe("Operators on other streams that must have finished first."),
  record: boolean.describe("Whether an operator on another stream waits for this one."),
  startNs: optional(START),
  endNs: optional(START),
  aloneNs: optional(
    NS.describe(
      "How long it takes with the device to itself, on a CPU on one thread; absent where nothing is predicted.",
    ),
  ),
});

const PERCENTS = list(number(0, 101), 1000).named("percents");

const GPU: Shape<ArtifactGpu> = object<ArtifactGpu>({
  launchGapNs: NS,
  eventNs: NS,
  boundsNs: object<ArtifactGpu["boundsNs"]>({
    criticalPath: NS,
    capacity: NS,
    arithmetic: NS,
    bandwidth: NS,
  }).describe("Lower bounds on the latency of any schedule."),
  usePercent: object<ArtifactGpu["usePercent"]>({
    capacity: PERCENTS,
    arithmetic: PERCENTS,
    bandwidth: PERCENTS,
  }).describe("Use of the device in equal slices of the latency."),
}).describe("What keeps a schedule on a GPU from being shorter; absent on a CPU.");

const WORKERS: Shape<ArtifactWorkers> = object<ArtifactWorkers>({
  segmentNs: NS,
  signalNs: NS.describe("To a worker that waits awake."),
  awakeNs: unless(0, NS.describe("Longest wait through which a worker stays awake; absent: 0.")),
  wakeNs: unless(0, NS.describe("What a worker that has gone to sleep takes longer; absent: 0.")),
  requestNs: unless(0, NS.describe("From the caller's request to the first segments; absent: 0.")),
  returnNs: unless(0, NS.describe("From the last segment to the caller's outputs; absent: 0.")),
  callerByteNs: unless(
    0,
    number(0, 1000).describe(
      "Each byte of an input or output, which the caller copies; absent: 0.",
    ),
  ),
  tensorNs: NS,
  byteNs: number(0, 1000),
  slowdown: list(number(1), MAX_THREADS).describe(
    "Entry k - 1: how many times longer work takes while k workers are busy.",
  ),
}).describe(
  "On a CPU: what predictions rest on beside the operators' times; absent without predictions.",
);

const WAY: Shape<ArtifactWay> = object<ArtifactWay>({
  name: ALGORITHM.describe(
    "sequential, sequential-again, all-cores or parallel: ONNX Runtime alone; else the algorithm of a candidate.",
  ),
  threads: THREADS.describe("Threads inside each operator."),
  medianNs: NS,
  p10Ns: NS,
  p90Ns: NS,
  relative: object<ArtifactWay["relative"]>({
    median: number(0),
    low: number(0),
    high: number(0),
  }).describe("Its time divided by that of sequential in the same round, with a 95 % interval."),
  outputDifference: number(0).describe(
    "Largest relative difference of its outputs from those of sequential.",
  ),
});

const CANDIDATE: Shape<ArtifactCandidate> = object<ArtifactCandidate>({
  algorithm: ALGORITHM,
  streams: STREAMS,
  predictedNs: NS,
  measuredNs: optional(NS.describe("Median; absent: not measured.")),
  sameAs: optional(
    ALGORITHM.describe("The algorithm with the same launches, whose measurement counts for both."),
  ),
  speedUp: optional(speedUpRangeShape),
});

/** More than any device has memory for. */
const MAX_BATCH = 1_000_000;
const MAX_TASKS = 1024;

const TASK: Shape<ArtifactTask> = object<ArtifactTask>({
  name: text(100),
  progress: number(0, 1).describe("Share of its sequential time that is over."),
  done: integer(0).describe("Operators, first in the order of the model, that have run."),
});

const MERGE: Shape<ArtifactMerge> = object<ArtifactMerge>({
  operators: list(NAME).describe(
    "In the order of the model, which is that of the parts of the result.",
  ),
});

const DECISION: Shape<OperatorsSection["decision"]> = object<OperatorsSection["decision"]>({
  reason: oneOf(
    "fastest-measured",
    "fastest-predicted",
    "best-worst-case",
    "nothing-beats-sequential",
    "all-cores-fastest",
    "asked-for",
  ),
  noise: optional(
    number(0, 1e6).describe(
      "Relative difference below which measurements mean nothing; absent: nothing was measured.",
    ),
  ),
}).describe("Why this schedule was chosen.");

const LATENCY: Shape<OperatorsSection["latencyNs"]> = object<OperatorsSection["latencyNs"]>({
  predicted: optional(
    NS.describe("Of the run that was chosen; absent with several threads inside each operator."),
  ),
  measured: optional(NS),
  sequentialPredicted: NS,
  sequentialMeasured: optional(NS),
  allCoresMeasured: optional(
    NS.describe("ONNX Runtime alone, the whole model with a thread per core."),
  ),
  parallelMeasured: optional(NS.describe("ONNX Runtime alone in its parallel mode.")),
  eagerMeasured: optional(NS.describe("On a GPU: one stream, without a CUDA graph.")),
}).describe("One inference from start to end; measured figures are medians.");

/** The form of the `operators` section of an artifact. */
export const operatorsSectionShape: Shape<OperatorsSection> = object<OperatorsSection>({
  algorithm: ALGORITHM,
  streams: STREAMS,
  threadsPerStream: THREADS.describe(
    "Threads inside each operator; more than one only where there is one stream.",
  ),
  decision: DECISION,
  status: oneOf("optimal", "heuristic").describe("optimal: the prediction meets the lower bound."),
  lowerBoundNs: optional(
    NS.describe(
      "No schedule of this kind is predicted faster than this; absent with several threads inside each operator, and where a measurement is below it.",
    ),
  ),
  latencyNs: LATENCY,
  dims: list(
    object<OperatorsSection["dims"][number]>({ name: NAME, size: integer(0) }),
    100_000,
  ).describe("Sizes given to dynamic dims."),
  batch: optional(
    integer(1, MAX_BATCH).describe("Inputs in a batch; absent where --batch was not given."),
  ),
  tasks: optional(
    list(TASK, MAX_TASKS).describe(
      "Tasks in flight that are scheduled together; absent for one inference from its start. The operators of a task are named NAME:OPERATOR.",
    ),
  ),
  merges: optional(
    list(MERGE).describe(
      "Operators that one launch computes together; absent: none. The launch has the name of the first.",
    ),
  ),
  gpu: optional(GPU),
  range: optional(artifactRangeShape),
  longestPathNs: optional(
    NS.describe("On a CPU: operators along the longest path, one after the other on one thread."),
  ),
  workers: optional(WORKERS),
  measurement: optional(
    list(WAY, 10_000).describe(
      "On a CPU: ways to run the model, measured in rotation; absent: nothing was measured.",
    ),
  ),
  launches: list(LAUNCH).describe(
    "Every operator once, in launch order; with tasks, every operator that is left of each.",
  ),
  candidates: list(CANDIDATE, 10_000).describe(
    "The schedules that were considered: largest least speed-up first, where there is a range; then fastest prediction first.",
  ),
})
  .describe("The operator schedule of one inference, and how it was found.")
  .named("operators");
