/** The file format `top-compile/gpu-profile`, version 1: reading with every problem at its place. */
import { list, object, optional } from "../../core/json-containers.js";
import {
  type DocumentKind,
  defineDocument,
  encodeDocument,
  parseDocument,
} from "../../core/json-document.js";
import {
  boolean,
  integer,
  type JsonProblem,
  number,
  oneOf,
  Shape,
  text,
} from "../../core/json-shape.js";
import type { Result } from "../../core/result.js";
import { deviceModelShape } from "../../cost/device-model.js";
import { widthProblems } from "../../cost/width-costs.js";
import { TENSOR_LAYOUTS } from "../../kernels/operator-call.js";
import { PRECISIONS } from "../../kernels/precision.js";
import { FUSION_LISTS } from "../../onnx/kernel-groups.js";
import { profileWording } from "../failures.js";
import { importProblems, importRecordShape } from "../import-record.js";
import { MAX_NOISE, timeProblems } from "../profile-limits.js";
import { timingProblems } from "../profile-problems.js";
import { COUNT, RATIO, relativeShape, TIMING, timingShape } from "../timing-shapes.js";
import {
  GPU_BASELINES,
  type GpuBaselineTiming,
  type GpuForkCost,
  type GpuFrontCost,
  type GpuHopCost,
  type GpuKernelRecord,
  type GpuLaunchCosts,
  type GpuLayouts,
  type GpuMeasurement,
  type GpuNodeTiming,
  type GpuOperatorTiming,
  type GpuOutputCheck,
  type GpuPairTiming,
  type GpuProfile,
  type GpuProfileDevice,
  type GpuProfileKey,
  type GpuScheduleTiming,
  KERNEL_PARTS,
} from "./gpu-profile.js";

const layouts: Shape<GpuLayouts> = object<GpuLayouts>({
  taken: oneOf(...TENSOR_LAYOUTS).describe("The one that everything else was measured in."),
  rowsNs: COUNT.describe("The one-stream graph with tensors row by row, median."),
  channelsLastNs: COUNT.describe("The same with channels last."),
}).describe(
  "Layouts of convolutions' activations; absent: there is one, or the one that moves fewer bytes was taken unmeasured.",
);

const operatorName: Shape<string> = text(65_536);

const relative = relativeShape
  .describe("Time over that of the one-stream graph in the same rounds, with its 95 % interval.")
  .named("relative");

const key: Shape<GpuProfileKey> = object<GpuProfileKey>({
  method: integer(1).describe("Version of the way of measuring."),
  modelSha256: text(64).describe("Digest of the model's nodes, attributes and static shapes."),
  dims: list(text()).describe(
    "Sizes given to dynamic dims, as name=size, then those that depend on data, as tensor=type[dims] of a run or tensor=at most type[dims].",
  ),
  precision: oneOf(...PRECISIONS).describe("How floats are stored and multiplied."),
  isFused: boolean.describe("Whether some operators are computed together."),
  fuse: optional(
    oneOf(...FUSION_LISTS).describe(
      "Which operators are computed together: docs/fusion.md. Absent: element-wise chains if any.",
    ),
  ),
  gpu: text(),
  driver: text().describe("CUDA version that the driver supports."),
  libraries: list(text(), 16).describe(
    "Versions of NVIDIA's libraries, as `name version`: they decide the kernels.",
  ),
}).describe("What the figures depend on.");

const device: Shape<GpuProfileDevice> = object<GpuProfileDevice>({
  name: text(),
  source: oneOf("measured", "imported"),
  capability: text(),
  multiprocessors: integer(1),
  clockMhzBefore: COUNT,
  clockMhzAfter: COUNT,
  connections: optional(
    COUNT.describe("Hardware queues that the driver was asked for; absent: not known."),
  ),
}).describe("The GPU, as its driver describes it.");

/** A text that profiles of version 0.1.0 may have empty: read, and written, as absent. */
function emptyAsAbsent(shape: Shape<string>): Shape<string> {
  return new Shape({
    read: (value, pointer, problems) =>
      value === "" ? undefined : shape.read(value, pointer, problems),
    schema: (definitions) => {
      const { minLength: _, ...schema } = shape.schema(definitions);
      return schema;
    },
    ordered: (value) => (value === "" ? undefined : value),
  });
}

const threeDims = list(integer(1), 3, 3);

const kernel: Shape<GpuKernelRecord> = object<GpuKernelRecord>({
  name: optional(
    emptyAsAbsent(operatorName).describe(
      "Absent or empty when the driver does not say, as those before CUDA 12.3.",
    ),
  ),
  grid: threeDims,
  threadBlock: threeDims,
  registersPerThread: COUNT,
  sharedBytesPerBlock: COUNT.describe("Static and dynamic."),
  residentThreadBlocks: optional(
    COUNT.describe(
      "Thread blocks that fit a multiprocessor at once; absent when the driver does not say.",
    ),
  ),
  partNs: optional(
    COUNT.describe("Its part of the launch's time; absent: not measured, or the only kernel."),
  ),
  estimated: optional(
    list(oneOf(...KERNEL_PARTS), KERNEL_PARTS.length).describe(
      "What is the device model's, because the tool that measured does not say; absent: nothing.",
    ),
  ),
}).named("kernel");

const node: Shape<GpuNodeTiming> = object<GpuNodeTiming>({
  kind: oneOf("kernel", "gemm", "conv"),
  ...TIMING,
  warmNs: optional(
    COUNT.describe("Median with its weights in the cache, where the others are of cold weights."),
  ),
  kernels: list(kernel),
})
  .describe("One launch of an operator, measured alone.")
  .named("node");

const operator: Shape<GpuOperatorTiming> = object<GpuOperatorTiming>({
  name: operatorName,
  nodes: list(node),
  fusedWith: optional(
    operatorName.describe("Of an import: the first operator of those computed with this one."),
  ),
});

const pair: Shape<GpuPairTiming> = object<GpuPairTiming>({
  operators: list(operatorName, 2, 2),
  apart: timingShape,
  together: timingShape,
});

const OTHER_TIMES = {
  hostNs: optional(COUNT.describe("What the host takes to launch it, median.")),
  idleNs: optional(COUNT.describe("Launched on an idle device, launching included, median.")),
  backToBackNs: optional(COUNT.describe("One of ten that follow each other, median.")),
} as const;

const baseline: Shape<GpuBaselineTiming> = object<GpuBaselineTiming>({
  name: oneOf(...GPU_BASELINES),
  latency: timingShape,
  relative,
  ...OTHER_TIMES,
});

const schedule: Shape<GpuScheduleTiming> = object<GpuScheduleTiming>({
  digest: text(64),
  algorithm: text(),
  streams: integer(1),
  latency: timingShape,
  relative,
  ...OTHER_TIMES,
  outputs: object<GpuOutputCheck>({
    distance: RATIO,
    tolerance: RATIO,
    isReplayIdentical: boolean,
  }).describe("Against ONNX Runtime on the CPU, and against the one-stream replay."),
});

const measurement: Shape<GpuMeasurement> = object<GpuMeasurement>({
  rounds: integer(1),
  seed: integer(),
  noiseRatio: number(0, MAX_NOISE),
  baselines: list(baseline),
  schedules: list(schedule),
}).describe("Schedules and baselines, measured together in rotation; absent: none were.");

const SERIES = 64;

const launchCosts: Shape<GpuLaunchCosts> = object<GpuLaunchCosts>({
  chainNs: COUNT.describe("From one kernel to the next of a stream, the kernel included."),
  hopNs: COUNT.describe(
    "From a kernel to one on another stream that waits for it, the kernel included.",
  ),
  insideNs: optional(
    COUNT.describe("Inside of a kernel, by its own notes of when it started and ended."),
  ),
  gapNs: optional(
    COUNT.describe(
      "From the end of a kernel to the start of the next one in a chain, by the same notes.",
    ),
  ),
  timerStepNs: optional(COUNT.describe("Least step of the timer that the notes are taken from.")),
  pairNs: optional(
    COUNT.describe("What a fork and a join around two kernels take besides one of them."),
  ),
  dispatchNs: optional(COUNT.describe("Least time between the starts of two kernels.")),
  hops: optional(
    list(object<GpuHopCost>({ every: integer(1), ns: COUNT }), SERIES).describe(
      "Two chains of 32 kernels, every so many of which wait for the other chain too: time of all.",
    ),
  ),
  forks: optional(
    list(object<GpuForkCost>({ branches: integer(1), ns: COUNT }), SERIES).describe(
      "A kernel, so many that wait for it, one that waits for all of these: time of all.",
    ),
  ),
  fronts: optional(
    list(
      object<GpuFrontCost>({ branches: integer(1), kernels: integer(1), ns: COUNT }),
      SERIES,
    ).describe("So many chains of so many kernels: time of all."),
  ),
}).describe("Kernels that do nothing; what is absent was not measured.");

/** The file format `top-compile/gpu-profile`, version 1. */
export const GPU_PROFILE_KIND: DocumentKind<GpuProfile> = defineDocument<GpuProfile>(
  {
    format: "top-compile/gpu-profile",
    version: 1,
    description: "Measured costs of one model on one GPU. See docs/cuda.md.",
  },
  {
    key,
    model: text(),
    device,
    imported: optional(importRecordShape),
    isVerified: boolean.describe(
      "False when stand-ins took the place of operators without GPU code.",
    ),
    launchCosts,
    deviceModel: deviceModelShape.describe("The device for the simulator: see device-models.md."),
    layouts: optional(layouts),
    operators: list(operator).describe("In the order of the graph."),
    pairs: list(pair).describe("Independent operators on one stream, and on two."),
    measurement: optional(measurement),
  },
);

/**
 * Reads a GPU profile; `where` is the file's name for messages.
 *
 * Fails: `profile-invalid`, one for each problem, at most fifty.
 */
export function parseGpuProfile(source: string, where: string): Result<GpuProfile> {
  return parseDocument(source, GPU_PROFILE_KIND, consistent, profileWording(where));
}

/** What a shape cannot say: all times together stay in range, and who measured is said once. */
function consistent(profile: GpuProfile, problems: JsonProblem[]): GpuProfile {
  const { chainNs, hopNs } = profile.launchCosts;
  const times = profile.operators.flatMap(({ nodes }) =>
    nodes.map(({ medianNs }) => medianNs + chainNs + hopNs),
  );
  problems.push(
    ...timeProblems("/operators", times),
    ...measurementProblems(profile),
    ...widthProblems(profile.deviceModel.widths).map(({ pointer, message }) => ({
      pointer: `/deviceModel${pointer}`,
      message,
    })),
    ...importProblems(profile.device.source, profile.imported),
  );
  return profile;
}

/** Timings whose median is not between their quantiles: no measurement gives them. */
function measurementProblems({
  operators,
  pairs,
  measurement,
}: GpuProfile): readonly JsonProblem[] {
  const { baselines = [], schedules = [] } = measurement ?? {};
  return [
    ...operators.flatMap(({ nodes }, at) =>
      nodes.flatMap((node, n) => timingProblems(`/operators/${at}/nodes/${n}`, node)),
    ),
    ...pairs.flatMap(({ apart, together }, at) => [
      ...timingProblems(`/pairs/${at}/apart`, apart),
      ...timingProblems(`/pairs/${at}/together`, together),
    ]),
    ...baselines.flatMap(({ latency }, at) =>
      timingProblems(`/measurement/baselines/${at}/latency`, latency),
    ),
    ...schedules.flatMap(({ latency }, at) =>
      timingProblems(`/measurement/schedules/${at}/latency`, latency),
    ),
  ];
}

/**
 * The file of a GPU profile: the same bytes for the same profile.
 *
 * Ensures: `parseGpuProfile(encodeGpuProfile(p))` is `p`.
 * Throws `InternalError` for a profile that `parseGpuProfile` would refuse.
 */
export function encodeGpuProfile(profile: GpuProfile): string {
  return encodeDocument(profile, GPU_PROFILE_KIND, consistent);
}
