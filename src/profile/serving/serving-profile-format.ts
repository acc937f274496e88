/** The file format `top-compile/serving-profile`, version 2: reading with every problem at its place. */
import { list, object } from "../../core/json-containers.js";
import {
  type DocumentKind,
  defineDocument,
  encodeDocument,
  parseDocument,
} from "../../core/json-document.js";
import { integer, type JsonProblem, type Shape, text } from "../../core/json-shape.js";
import type { Result } from "../../core/result.js";
import { brokenRecord, serviceRecordShape } from "../../schedule/serving/service-record-format.js";
import { profileWording } from "../failures.js";
import { DEVICE_FIELDS, KEY_FIELDS } from "../profile-format.js";
import { MAX_THREADS } from "../profile-limits.js";
import type { BusySessions, ServingKey, ServingProfile, ServingTiming } from "./serving-profile.js";

/** Longest service time: an hour. */
const MOST_NS = 3.6e12;

const TIME = integer(1, MOST_NS).named("time");
const MOST_BATCH = 4096;

const busy: Shape<BusySessions> = object<BusySessions>({
  sessions: integer(2, MAX_THREADS).describe("Sessions that are busy at the same time."),
  meanNs: TIME.describe("Mean time from one task of a session to the next."),
}).named("busy");

const timing: Shape<ServingTiming> = object<ServingTiming>({
  threads: integer(1, MAX_THREADS).describe("Threads inside an operator."),
  batch: integer(1, MOST_BATCH),
  samples: integer(1).describe("Tasks that were timed alone."),
  meanNs: TIME.describe(
    "Mean time from one task to the next in one busy session, without what disturbed a part of the run.",
  ),
  busy: list(busy, MAX_THREADS),
  records: list(serviceRecordShape, MAX_THREADS, 1).describe(
    "What tasks take while requests come at random times, for 1 session and each number of busy.",
  ),
})
  .describe("Tasks of one batch size in sessions of so many threads; integer nanoseconds.")
  .named("timing");

/** The kind of document that a serving profile is. */
export const SERVING_PROFILE_KIND: DocumentKind<ServingProfile> = defineDocument(
  {
    format: "top-compile/serving-profile",
    version: 2,
    description: "Measured times of serving requests for a model on a CPU.",
  },
  {
    key: object<ServingKey>({
      ...KEY_FIELDS,
      batches: list(integer(1, MOST_BATCH), 64, 1).describe("Batch sizes that were asked for."),
    })
      .describe("What the figures depend on.")
      .named("key"),
    model: text(),
    device: object<ServingProfile["device"]>({
      ...DEVICE_FIELDS,
      memoryBytes: integer(1).describe("Memory of the machine."),
    }),
    batches: list(
      object<ServingProfile["batches"][number]>({
        batch: integer(1, MOST_BATCH),
        sessionBytes: integer(0).describe("Weights and activations of a session, about."),
      }),
      64,
      1,
    ).describe("Batch sizes that the model has, ascending from 1."),
    timings: list(timing, 65_536, 1).describe("By threads, then by batch: one for each of both."),
  },
);

/** Reads a serving profile; `path` is for messages. Fails: `profile-invalid`. */
export function parseServingProfile(source: string, path: string): Result<ServingProfile> {
  return parseDocument(source, SERVING_PROFILE_KIND, consistent, profileWording(path));
}

/** The text of a serving profile: the same bytes for the same profile. */
export function encodeServingProfile(profile: ServingProfile): string {
  return encodeDocument(profile, SERVING_PROFILE_KIND, consistent);
}

function consistent(profile: ServingProfile, problems: JsonProblem[]): ServingProfile {
  problems.push(...problemsOf(profile));
  return profile;
}

function problemsOf({ batches, timings }: ServingProfile): readonly JsonProblem[] {
  const sizes = batches.map(({ batch }) => batch);
  const threads = [...new Set(timings.map((each) => each.threads))];
  const wanted = threads.flatMap((count) => sizes.map((batch) => `${count} ${batch}`));
  const found = timings.map((each) => `${each.threads} ${each.batch}`);
  return [
    ...(sizes[0] === 1 && isAscending(sizes)
      ? []
      : [{ pointer: "/batches", message: "must ascend from a batch of 1" }]),
    ...(isAscending(threads) && wanted.join() === found.join()
      ? []
      : [
          {
            pointer: "/timings",
            message: "must have every batch for each number of threads, in ascending order",
          },
        ]),
    ...timings.flatMap((each, at) => timingProblems(`/timings/${at}`, each)),
  ];
}

function timingProblems(pointer: string, { busy, records }: ServingTiming): JsonProblem[] {
  const counts = busy.map(({ sessions }) => sessions);
  const recorded = records.map(({ sessions }) => sessions);
  return [
    ...(isAscending(counts)
      ? []
      : [{ pointer: `${pointer}/busy`, message: "must be in ascending order of sessions" }]),
    ...([1, ...counts].join() === recorded.join()
      ? []
      : [{ pointer: `${pointer}/records`, message: "must be of 1 session and those of busy" }]),
    ...records.flatMap((record, at) =>
      brokenRecord(record).map((message) => ({ pointer: `${pointer}/records/${at}`, message })),
    ),
  ];
}

function isAscending(numbers: readonly number[]): boolean {
  return numbers.every((each, at) => at === 0 || each > (numbers[at - 1] ?? 0));
}
