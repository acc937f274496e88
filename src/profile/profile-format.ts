/**
 * The file format `top-compile/profile`, version 1 (docs/profile-format.md): reading with every
 * problem at its place, writing with one order of keys.
 */
import { type Fields, list, object, optional, unless } from "../core/json-containers.js";
import {
  type DocumentKind,
  defineDocument,
  encodeDocument,
  parseDocument,
} from "../core/json-document.js";
import {
  boolean,
  integer,
  type JsonProblem,
  number,
  oneOf,
  type Shape,
  text,
} from "../core/json-shape.js";
import type { Result } from "../core/result.js";
import type { WorkerCosts } from "../cost/operator-costs.js";
import { profileWording } from "./failures.js";
import { importRecordShape } from "./import-record.js";
import type {
  BaselineTiming,
  OperatorMethod,
  OperatorTiming,
  OutputCheck,
  Profile,
  ProfileDevice,
  ScheduleMeasurement,
  ScheduleTiming,
} from "./profile.js";
import type { ProfileKey } from "./profile-key.js";
import { MAX_BYTE_NS, MAX_NOISE, MAX_THREADS, MOST_DIFFERENCE } from "./profile-limits.js";
import { profileProblems } from "./profile-problems.js";
import { COUNT, RATIO, relativeShape, TIMING, timingShape } from "./timing-shapes.js";

const POSITIVE = integer(1).named("positive");
const TEXT = text().named("text");
const SHA256 = text(64).named("sha256");
const OPERATOR = text(65_536).named("operatorName");
const THREADS = integer(1, MAX_THREADS).named("threads");
const DIFFERENCE = number(0, MOST_DIFFERENCE).named("difference");

const relative = relativeShape.named("relative");

const outputs: Shape<OutputCheck> = object<OutputCheck>({
  identical: boolean,
  maxAbsolute: DIFFERENCE,
  maxRelative: DIFFERENCE,
}).named("outputs");

/** The fields of a profile's key. */
export const KEY_FIELDS: Fields<ProfileKey> = {
  method: POSITIVE.describe("Version of the way of measuring."),
  modelSha256: SHA256.describe(
    "Digest of nodes, attributes, static shapes, and names and shapes of the weights.",
  ),
  dims: list(TEXT).describe(
    "Sizes given to dynamic dims, as name=size, then those that depend on data, as tensor=type[dims] of a run or tensor=at most type[dims].",
  ),
  processor: TEXT,
  logicalCores: POSITIVE,
  architecture: TEXT,
  onnxruntime: TEXT,
  inputs: optional(
    SHA256.describe("Digest of the inputs that were given; absent: all were drawn."),
  ),
};

const key: Shape<ProfileKey> = object<ProfileKey>(KEY_FIELDS)
  .describe("What the figures depend on: a profile is used again only if every part is the same.")
  .named("key");

/** The fields of a measured machine. */
export const DEVICE_FIELDS: Fields<ProfileDevice> = {
  name: TEXT,
  source: oneOf("measured", "imported"),
  logicalCores: POSITIVE,
  architecture: TEXT,
  node: TEXT,
  onnxruntime: TEXT,
};

const device: Shape<ProfileDevice> = object<ProfileDevice>(DEVICE_FIELDS).named("device");

const method: Shape<OperatorMethod> = object<OperatorMethod>({
  level: oneOf("all"),
  intraThreads: oneOf(1),
  sessions: POSITIVE,
  warmUpRuns: COUNT,
  keptRuns: POSITIVE,
  run: timingShape.describe("A run of the whole model without the profiler."),
  profilerRatio: RATIO,
  unattributedRatio: number(-1, 1),
  sharedRatio: RATIO,
  runDriftRatio: RATIO,
  operatorDriftRatio: RATIO,
})
  .describe("How the operators were measured, and how far the figures can be trusted.")
  .named("method");

const operator: Shape<OperatorTiming> = object<OperatorTiming>({
  name: OPERATOR,
  ...TIMING,
  kernels: COUNT.describe("Kernels whose time it was given: 0 when the optimizer removed it."),
  shared: boolean.describe("Whether it shares a kernel with others."),
  fusedWith: optional(
    OPERATOR.describe("The first operator, in the order of the graph, of those fused with it."),
  ),
}).named("operator");

const workers: Shape<WorkerCosts> = object<WorkerCosts>({
  workers: integer(1, 4096),
  segmentNs: COUNT,
  signalNs: COUNT.describe("To a worker that waits awake."),
  awakeNs: unless(0, COUNT.describe("Longest wait through which a worker stays awake; absent: 0.")),
  wakeNs: unless(
    0,
    COUNT.describe(
      "What a worker that has gone to sleep takes longer; absent: 0, part of signalNs.",
    ),
  ),
  requestNs: unless(
    0,
    COUNT.describe("From the caller's request to the first segments; absent: 0, not measured."),
  ),
  returnNs: unless(
    0,
    COUNT.describe("From the last segment to the caller's outputs; absent: 0, not measured."),
  ),
  callerByteNs: unless(
    0,
    number(0, MAX_BYTE_NS).describe(
      "Each byte of an input or output, which the caller copies; absent: 0.",
    ),
  ),
  tensorNs: COUNT,
  byteNs: number(0, MAX_BYTE_NS),
  slowdown: list(number(1), 4096, 1).describe(
    "Entry k - 1: how many times longer work takes while k workers are busy.",
  ),
})
  .describe("What it costs to run parts of the model on several worker threads at once.")
  .named("workers");

const baseline: Shape<BaselineTiming> = object<BaselineTiming>({
  name: oneOf("sequential", "sequential-again", "all-cores", "parallel"),
  intraThreads: THREADS,
  interThreads: THREADS,
  latency: timingShape,
  relative,
  outputs,
})
  .describe("ONNX Runtime alone.")
  .named("baseline");

const schedule: Shape<ScheduleTiming> = object<ScheduleTiming>({
  digest: SHA256,
  algorithm: TEXT,
  streams: POSITIVE,
  segments: POSITIVE,
  latency: timingShape,
  relative,
  outputs,
}).named("schedule");

const measurement: Shape<ScheduleMeasurement> = object<ScheduleMeasurement>({
  rounds: POSITIVE,
  warmUpRounds: COUNT,
  seed: integer(),
  noiseRatio: number(0, MAX_NOISE),
  baselines: list(baseline),
  schedules: list(schedule),
})
  .describe("Schedules and baselines, measured together in rotation; absent: none were.")
  .named("measurement");

/** The file format `top-compile/profile`, version 1. */
export const PROFILE_KIND: DocumentKind<Profile> = defineDocument<Profile>(
  {
    format: "top-compile/profile",
    version: 1,
    description: "Measured costs of one model on one machine. See docs/profile-format.md.",
  },
  {
    key,
    model: TEXT,
    device,
    imported: optional(importRecordShape),
    method: optional(method),
    operators: list(operator).describe("In the order of the graph."),
    workers,
    measurement: optional(measurement),
  },
);

/**
 * Reads a profile; `where` is the file's name for messages.
 *
 * Fails: `profile-invalid`, one for each problem, at most fifty.
 */
export function parseProfile(source: string, where: string): Result<Profile> {
  return parseDocument(source, PROFILE_KIND, consistent, profileWording(where));
}

/** What a shape cannot say: that the figures can have been measured together. */
function consistent(profile: Profile, problems: JsonProblem[]): Profile {
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
  return encodeDocument(profile, PROFILE_KIND, consistent);
}
