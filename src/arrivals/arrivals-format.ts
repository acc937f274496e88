/**
 * The file `top-compile/arrivals`: requests for one or several models. The reader returns it as it is;
 * traces are files of their own (`read-arrivals.ts`).
 */
import { list, object, optional } from "../core/json-containers.js";
import {
  type Accept,
  type DocumentKind,
  type DocumentWording,
  defineDocument,
  parseDocument,
} from "../core/json-document.js";
import { integer, type JsonProblem, number, oneOf, type Shape, text } from "../core/json-shape.js";
import { tagged } from "../core/json-tagged.js";
import type { Result } from "../core/result.js";
import { arrivalsInvalid, arrivalsNotJson } from "./failures.js";
import type { ShedSpec } from "./workload.js";

/** A process as the file has it: times in the units of its fields, which become nanoseconds in `read-arrivals.ts`. */
export type ProcessSpec =
  | { readonly kind: "constant"; readonly ratePerSecond: number }
  | { readonly kind: "poisson"; readonly ratePerSecond: number }
  | {
      readonly kind: "mmpp";
      readonly states: readonly { readonly ratePerSecond: number; readonly meanMs: number }[];
    }
  | {
      readonly kind: "diurnal";
      readonly ratePerSecond: number;
      readonly swing: number;
      readonly periodSeconds: number;
    }
  | { readonly kind: "trace"; readonly file: string };

/** The requests for a model as the file has them. */
export interface ModelSpec {
  readonly model: string;
  readonly objectiveMs?: number;
  readonly batches: readonly number[];
  readonly shed?: ShedSpec;
  readonly process: ProcessSpec;
}

/** An arrivals file as it is. */
export interface ArrivalsSpec {
  readonly durationSeconds: number;
  readonly seed?: number;
  readonly models: readonly ModelSpec[];
}

/** Longest arrivals file that is read. */
export const MAX_ARRIVALS_BYTES: number = 1 << 20;

/** More models than share one GPU. */
const MAX_MODELS = 64;

const MAX_STATES = 16;

/** Fewest requests per second of one process: one in 1,000 seconds. */
export const MIN_RATE = 1e-3;

/** Most requests per second of one process: a gap of one microsecond. */
export const MAX_RATE = 1e6;

/** Requests of one simulation: half a minute of work, and memory for their times. */
export const MAX_REQUESTS = 5_000_000;

/** Largest batch that a launcher may use. */
export const MAX_BATCH = 1024;

/** Batches that are tried where the file names none. */
export const USUAL_BATCHES: readonly number[] = [1, 2, 4, 8, 16, 32];

const RATE = number(MIN_RATE, MAX_RATE).describe("Requests per second.");

type SpecOf<Kind extends ProcessSpec["kind"]> = Extract<ProcessSpec, { readonly kind: Kind }>;

const PROCESS: Shape<ProcessSpec> = tagged<ProcessSpec>("kind", {
  constant: object<SpecOf<"constant">>({ kind: oneOf("constant"), ratePerSecond: RATE }),
  poisson: object<SpecOf<"poisson">>({ kind: oneOf("poisson"), ratePerSecond: RATE }),
  mmpp: object<SpecOf<"mmpp">>({
    kind: oneOf("mmpp"),
    states: list(
      object<SpecOf<"mmpp">["states"][number]>({
        ratePerSecond: number(0, MAX_RATE).describe(
          "Requests per second while it lasts; may be 0.",
        ),
        meanMs: number(1e-3, 1e8).describe("How long it lasts, on average."),
      }),
      MAX_STATES,
      2,
    ).describe("They follow each other in turn; each lasts for an exponential time."),
  }),
  diurnal: object<SpecOf<"diurnal">>({
    kind: oneOf("diurnal"),
    ratePerSecond: RATE.describe("Requests per second, the mean of a period."),
    swing: number(0, 1).describe("Largest difference from the mean, as a share of it."),
    periodSeconds: number(1e-3, 1e6),
  }),
  trace: object<SpecOf<"trace">>({
    kind: oneOf("trace"),
    file: text().describe(
      "A file with the microseconds from one request to the next on each line; from the folder of this file.",
    ),
  }),
});

type ShedOf<Kind extends ShedSpec["kind"]> = Extract<ShedSpec, { readonly kind: Kind }>;

const QUEUE = integer(1, 1e6).describe("Requests that may wait.");

/** The form of a rule by which requests are refused. */
export const shedShape: Shape<ShedSpec> = tagged<ShedSpec>("kind", {
  none: object<ShedOf<"none">>({ kind: oneOf("none") }),
  newest: object<ShedOf<"newest">>({ kind: oneOf("newest"), queue: QUEUE }),
  oldest: object<ShedOf<"oldest">>({ kind: oneOf("oldest"), queue: QUEUE }),
  deadline: object<ShedOf<"deadline">>({ kind: oneOf("deadline") }),
});

/** The file format `top-compile/arrivals`, version 1. */
export const ARRIVALS_KIND: DocumentKind<ArrivalsSpec> = defineDocument<ArrivalsSpec>(
  {
    format: "top-compile/arrivals",
    version: 1,
    description:
      "How requests for one or several models arrive, and how soon they are to be answered. What a schema cannot say is in docs/arrivals.md: names are unique, batches ascend from 1, some state of a burst has requests, and there are at most 5,000,000 requests and changes of state.",
  },
  {
    durationSeconds: number(1e-3, 1e6).describe("How long requests arrive in one simulation."),
    seed: optional(integer(0, 4_294_967_295).describe("Random seed; absent: that of the command.")),
    models: list(
      object<ModelSpec>({
        model: text().describe("The model's file name without folder and extension."),
        objectiveMs: optional(
          number(1e-3, 1e8).describe(
            "A request that takes longer, from arrival to answer, is late; absent: none is.",
          ),
        ),
        batches: optional(
          list(integer(1, MAX_BATCH), 32, 1).describe(
            "Batch sizes that may be used: ascending, the first is 1.",
          ),
          USUAL_BATCHES,
        ),
        shed: optional(
          shedShape.describe("Requests that are refused; absent: see docs/serving.md, Overload."),
        ),
        process: PROCESS,
      }),
      MAX_MODELS,
      1,
    ),
  },
);

/**
 * Reads an arrivals file, without the traces that it names.
 *
 * Fails: `arrivals-not-json`; `arrivals-invalid`, once per problem with its JSON pointer.
 */
export function parseArrivals(source: string, file: string = "arrivals"): Result<ArrivalsSpec> {
  const wording: DocumentWording = {
    notJson: (reason) => arrivalsNotJson(file, reason),
    invalid: (problem) => arrivalsInvalid(file, problem),
  };
  return parseDocument(source, ARRIVALS_KIND, accept, wording);
}

const accept: Accept<ArrivalsSpec, ArrivalsSpec> = (spec, problems) => {
  const seen = new Set<string>();
  for (const [at, { model, batches, process: source }] of spec.models.entries()) {
    const pointer = `/models/${at}`;
    if (seen.has(model)) {
      problems.push({ pointer: `${pointer}/model`, message: `"${model}" is there already` });
    }
    seen.add(model);
    checkBatches(batches, `${pointer}/batches`, problems);
    if (source.kind === "mmpp" && source.states.every((state) => state.ratePerSecond === 0)) {
      problems.push({
        pointer: `${pointer}/process/states`,
        message: "has no state with requests",
      });
    }
  }
  const events = spec.models.reduce((sum, { process: source }) => sum + mostPerSecond(source), 0);
  if (events * spec.durationSeconds > MAX_REQUESTS) {
    const total = Math.round(events * spec.durationSeconds);
    const message = `${spec.durationSeconds} seconds have up to ${total} requests or changes of rate, more than ${MAX_REQUESTS}`;
    problems.push({ pointer: "/durationSeconds", message });
  }
  return spec;
};

function checkBatches(batches: readonly number[], pointer: string, problems: JsonProblem[]): void {
  if (batches[0] !== 1) {
    problems.push({ pointer: `${pointer}/0`, message: "must be 1: a request may be alone" });
  }
  for (const [at, batch] of batches.entries()) {
    if (at > 0 && batch <= (batches[at - 1] ?? 0)) {
      problems.push({ pointer: `${pointer}/${at}`, message: "must be above the one before" });
    }
  }
}

/** Requests per second at the busiest, or changes of state; a trace is looked at once it is read. */
function mostPerSecond(source: ProcessSpec): number {
  switch (source.kind) {
    case "constant":
    case "poisson":
      return source.ratePerSecond;
    case "diurnal":
      return source.ratePerSecond * (1 + source.swing);
    case "mmpp": {
      const { states } = source;
      const round = states.reduce((sum, { meanMs }) => sum + meanMs, 0) / 1000;
      return Math.max(states.length / round, ...states.map((state) => state.ratePerSecond));
    }
    case "trace":
      return 0;
  }
}
