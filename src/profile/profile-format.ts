/**
 * The file format `top-compile/profile`, version 1 (docs/profile-format.md): reading with every
 * problem at its place, writing with one order of keys.
 */
import { type DocumentKind, ownDocument, parseDocument } from "../core/json-document.js";
import {
  boolean,
  integer,
  type JsonProblem,
  list,
  number,
  object,
  oneOf,
  optional,
  type Shape,
  text,
} from "../core/json-shape.js";
import type { Result } from "../core/result.js";
import { type Json, stableJson } from "../core/stable-json.js";
import type { WorkerCosts } from "../cost/operator-costs.js";
import { profileWording } from "./failures.js";
import type {
  BaselineTiming,
  OperatorMethod,
  OperatorTiming,
  OutputCheck,
  Profile,
  ProfileDevice,
  RelativeTime,
  ScheduleMeasurement,
  ScheduleTiming,
  Timing,
} from "./profile.js";
import type { ProfileKey } from "./profile-key.js";
import {
  MAX_BYTE_NS,
  MAX_NOISE,
  MAX_SAMPLES,
  MAX_THREADS,
  MOST_DIFFERENCE,
} from "./profile-limits.js";
import { profileProblems } from "./profile-problems.js";

/** Kind of file, as its first field says. */
const PROFILE_FORMAT = "top-compile/profile";
/** Version that this program reads and writes. */
const PROFILE_VERSION = 1;

/** Longest profile file that is read: 100,000 operators take about 20 MB. */
export const MAX_PROFILE_BYTES: number = 256 << 20;

/** A profile as it stands in a file. */
interface ProfileFile extends Profile {
  readonly format: typeof PROFILE_FORMAT;
  readonly version: typeof PROFILE_VERSION;
}

const count: Shape<number> = integer(0);
const ratio: Shape<number> = number(0);

const TIMING = {
  medianNs: count,
  p10Ns: count,
  p90Ns: count,
  samples: integer(1, MAX_SAMPLES),
} as const;

const timing: Shape<Timing> = object<Timing>(TIMING);

const relative: Shape<RelativeTime> = object<RelativeTime>({
  median: ratio,
  low: ratio,
  high: ratio,
});

const outputs: Shape<OutputCheck> = object<OutputCheck>({
  identical: boolean,
  maxAbsolute: number(0, MOST_DIFFERENCE),
  maxRelative: number(0, MOST_DIFFERENCE),
});

const key: Shape<ProfileKey> = object<ProfileKey>({
  method: integer(1),
  modelSha256: text(64),
  dims: list(text()),
  processor: text(),
  logicalCores: integer(1),
  architecture: text(),
  onnxruntime: text(),
});

const device: Shape<ProfileDevice> = object<ProfileDevice>({
  name: text(),
  source: oneOf("measured"),
  logicalCores: integer(1),
  architecture: text(),
  node: text(),
  onnxruntime: text(),
});

const method: Shape<OperatorMethod> = object<OperatorMethod>({
  level: oneOf("all"),
  intraThreads: oneOf(1),
  sessions: integer(1),
  warmUpRuns: count,
  keptRuns: integer(1),
  run: timing,
  profilerRatio: ratio,
  unattributedRatio: number(-1, 1),
  sharedRatio: ratio,
  runDriftRatio: ratio,
  operatorDriftRatio: ratio,
});

const operator: Shape<OperatorTiming> = object<OperatorTiming>({
  name: text(65_536),
  ...TIMING,
  kernels: count,
  shared: boolean,
  fusedWith: optional(text(65_536)),
});

const workers: Shape<WorkerCosts> = object<WorkerCosts>({
  workers: integer(1, 4096),
  segmentNs: count,
  signalNs: count,
  tensorNs: count,
  byteNs: number(0, MAX_BYTE_NS),
  slowdown: list(number(1), 4096),
});

const baseline: Shape<BaselineTiming> = object<BaselineTiming>({
  name: oneOf("sequential", "sequential-again", "all-cores", "parallel"),
  intraThreads: integer(1, MAX_THREADS),
  interThreads: integer(1, MAX_THREADS),
  latency: timing,
  relative,
  outputs,
});

const schedule: Shape<ScheduleTiming> = object<ScheduleTiming>({
  digest: text(64),
  algorithm: text(),
  streams: integer(1),
  segments: integer(1),
  latency: timing,
  relative,
  outputs,
});

const measurement: Shape<ScheduleMeasurement> = object<ScheduleMeasurement>({
  rounds: integer(1),
  warmUpRounds: count,
  seed: integer(),
  noiseRatio: number(0, MAX_NOISE),
  baselines: list(baseline),
  schedules: list(schedule),
});

const profileFile: Shape<ProfileFile> = object<ProfileFile>({
  format: oneOf(PROFILE_FORMAT),
  version: oneOf(PROFILE_VERSION),
  key,
  model: text(),
  device,
  method,
  operators: list(operator),
  workers,
  measurement: optional(measurement),
});

/**
 * Reads a profile; `where` is the file's name for messages.
 *
 * Fails: `profile-invalid`, one for each problem, at most fifty.
 */
export function parseProfile(source: string, where: string): Result<Profile> {
  return parseDocument(source, KIND, consistent, profileWording(where));
}

const KIND: DocumentKind<ProfileFile> = {
  format: PROFILE_FORMAT,
  version: PROFILE_VERSION,
  shape: profileFile,
};

/** What a shape cannot say: that the figures can have been measured together. */
function consistent(
  { format: _, version: __, ...profile }: ProfileFile,
  problems: JsonProblem[],
): Profile {
  problems.push(...profileProblems(profile));
  return profile;
}

/**
 * The file of a profile: the same bytes for the same profile, on every machine.
 *
 * Ensures: `parseProfile(encodeProfile(p))` is `p`, and encoding that again gives the same text.
 * Throws `InternalError` for a profile that `parseProfile` would refuse.
 */
export function encodeProfile(profile: Profile): string {
  const file: ProfileFile = {
    format: PROFILE_FORMAT,
    version: PROFILE_VERSION,
    key: profile.key,
    model: profile.model,
    device: profile.device,
    method: profile.method,
    operators: profile.operators,
    workers: profile.workers,
    ...(profile.measurement === undefined ? {} : { measurement: profile.measurement }),
  };
  // Read once through the shapes, which puts the keys of every record into the documented order.
  return stableJson(ownDocument(file, KIND, consistent) as unknown as Json);
}
