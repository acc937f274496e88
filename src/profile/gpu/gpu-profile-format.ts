/** The file format `top-compile/gpu-profile`, version 1: reading with every problem at its place. */
import { type DocumentKind, ownDocument, parseDocument } from "../../core/json-document.js";
import {
  boolean,
  integer,
  type JsonProblem,
  list,
  number,
  object,
  oneOf,
  optional,
  problem,
  type Shape,
  text,
} from "../../core/json-shape.js";
import type { Result } from "../../core/result.js";
import { type Json, stableJson } from "../../core/stable-json.js";
import { deviceModelShape } from "../../cost/device-model.js";
import { profileWording } from "../failures.js";
import type { RelativeTime, Timing } from "../profile.js";
import { MAX_NOISE, timeProblems } from "../profile-limits.js";
import { timingProblems } from "../profile-problems.js";
import {
  GPU_BASELINES,
  type GpuBaselineTiming,
  type GpuKernelRecord,
  type GpuLaunchCosts,
  type GpuMeasurement,
  type GpuNodeTiming,
  type GpuOperatorTiming,
  type GpuOutputCheck,
  type GpuPairTiming,
  type GpuProfile,
  type GpuProfileDevice,
  type GpuProfileKey,
  type GpuScheduleTiming,
} from "./gpu-profile.js";

/** Kind of file, as its first field says. */
const GPU_PROFILE_FORMAT = "top-compile/gpu-profile";
/** Version that this program reads and writes. */
const GPU_PROFILE_VERSION = 1;

interface GpuProfileFile extends GpuProfile {
  readonly format: typeof GPU_PROFILE_FORMAT;
  readonly version: typeof GPU_PROFILE_VERSION;
}

const count: Shape<number> = integer(0);
const ratio: Shape<number> = number(0);
const TIMING = { medianNs: count, p10Ns: count, p90Ns: count, samples: integer(1) } as const;
/** A list of so many. */
function exactly<T>(length: number, shape: Shape<T>): Shape<readonly T[]> {
  const items = list(shape, length);
  return (value, pointer, problems) =>
    Array.isArray(value) && value.length < length
      ? problem(problems, pointer, `must have ${length} items, has ${value.length}`)
      : items(value, pointer, problems);
}

const timing: Shape<Timing> = object<Timing>(TIMING);
const relative: Shape<RelativeTime> = object<RelativeTime>({
  median: ratio,
  low: ratio,
  high: ratio,
});

const key: Shape<GpuProfileKey> = object<GpuProfileKey>({
  method: integer(1),
  modelSha256: text(64),
  dims: list(text()),
  precision: text(),
  isFused: boolean,
  gpu: text(),
  driver: text(),
  libraries: list(text(), 16),
});

const device: Shape<GpuProfileDevice> = object<GpuProfileDevice>({
  name: text(),
  source: oneOf("measured"),
  capability: text(),
  multiprocessors: integer(1),
  clockMhzBefore: count,
  clockMhzAfter: count,
});

const namedKernel: Shape<GpuKernelRecord> = object<GpuKernelRecord>({
  name: optional(text(65_536)),
  grid: exactly(3, integer(1)),
  threadBlock: exactly(3, integer(1)),
  registersPerThread: count,
  sharedBytesPerBlock: count,
  residentThreadBlocks: optional(count),
});

/** Reads an empty name, as profiles of version 0.1.0 may have, as none. */
const kernel: Shape<GpuKernelRecord> = (value, pointer, problems) => {
  const { name, ...others } = (value ?? {}) as { readonly name?: unknown };
  return namedKernel(name === "" ? others : value, pointer, problems);
};

const operator: Shape<GpuOperatorTiming> = object<GpuOperatorTiming>({
  name: text(65_536),
  nodes: list(
    object<GpuNodeTiming>({
      kind: oneOf("kernel", "gemm", "conv"),
      ...TIMING,
      kernels: list(kernel),
    }),
  ),
});

const schedule: Shape<GpuScheduleTiming> = object<GpuScheduleTiming>({
  digest: text(64),
  algorithm: text(),
  streams: integer(1),
  latency: timing,
  relative,
  outputs: object<GpuOutputCheck>({
    distance: ratio,
    tolerance: ratio,
    isReplayIdentical: boolean,
  }),
});

const gpuProfileFile: Shape<GpuProfileFile> = object<GpuProfileFile>({
  format: oneOf(GPU_PROFILE_FORMAT),
  version: oneOf(GPU_PROFILE_VERSION),
  key,
  model: text(),
  device,
  isVerified: boolean,
  launchCosts: object<GpuLaunchCosts>({ chainNs: count, hopNs: count }),
  deviceModel: deviceModelShape,
  operators: list(operator),
  pairs: list(
    object<GpuPairTiming>({
      operators: exactly(2, text(65_536)),
      apart: timing,
      together: timing,
    }),
  ),
  measurement: optional(
    object<GpuMeasurement>({
      rounds: integer(1),
      seed: integer(),
      noiseRatio: number(0, MAX_NOISE),
      baselines: list(
        object<GpuBaselineTiming>({ name: oneOf(...GPU_BASELINES), latency: timing, relative }),
      ),
      schedules: list(schedule),
    }),
  ),
});

/**
 * Reads a GPU profile; `where` is the file's name for messages.
 *
 * Fails: `profile-invalid`, one for each problem, at most fifty.
 */
export function parseGpuProfile(source: string, where: string): Result<GpuProfile> {
  return parseDocument(source, KIND, consistent, profileWording(where));
}

/** What a shape cannot say: all times together stay in range. */
function consistent(
  { format: _, version: __, ...profile }: GpuProfileFile,
  problems: JsonProblem[],
): GpuProfile {
  const { chainNs, hopNs } = profile.launchCosts;
  const times = profile.operators.flatMap(({ nodes }) =>
    nodes.map(({ medianNs }) => medianNs + chainNs + hopNs),
  );
  problems.push(...timeProblems("/operators", times), ...measurementProblems(profile));
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

const KIND: DocumentKind<GpuProfileFile> = {
  format: GPU_PROFILE_FORMAT,
  version: GPU_PROFILE_VERSION,
  shape: gpuProfileFile,
};

/**
 * The file of a GPU profile: the same bytes for the same profile.
 *
 * Ensures: `parseGpuProfile(encodeGpuProfile(p))` is `p`.
 * Throws `InternalError` for a profile that `parseGpuProfile` would refuse.
 */
export function encodeGpuProfile(profile: GpuProfile): string {
  const file: GpuProfileFile = {
    format: GPU_PROFILE_FORMAT,
    version: GPU_PROFILE_VERSION,
    ...profile,
  };
  // Read once through the shapes, which puts the keys of every record into the documented order.
  return stableJson(ownDocument(file, KIND, consistent) as unknown as Json);
}
