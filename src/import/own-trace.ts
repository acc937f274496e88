/**
 * Traces that `export --to chrome-trace` wrote, as the schedules that they were: what viewers do not show is in
 * `otherData`, and launches and block instances are the slices of the first process.
 */
import { fieldSpans, listItems, spanValue } from "../core/json-items.js";
import {
  type JsonRecord,
  MAX_EVENTS,
  recordOf,
  type SourceFile,
  SourceProblem,
} from "./read-problem.js";

/** A schedule file made of a trace. */
export interface OwnTrace {
  readonly format: "top-compile-trace";
  /** A `top-compile/schedule` document, as JSON. */
  readonly document: string;
  /** Sentences about what is left out. */
  readonly notes: readonly string[];
}

const FORMAT = "top-compile/trace";
const VERSION = 1;

/** The process of what was predicted, and that of what was measured. */
const PREDICTED = 1;
const MEASURED = 2;

/** Whether a trace is one of ours. */
export function isOwnTrace(text: string): boolean {
  return /"format"\s*:\s*"top-compile\/trace"/.test(text);
}

/** The schedule of a trace. Throws `SourceProblem`, `JsonTextError`. */
export function ownTraceIn(file: SourceFile): OwnTrace {
  const fields = fieldSpans(file.text);
  const [other, events] = [fields.get("otherData"), fields.get("traceEvents")];
  const about = other === undefined ? undefined : recordOf(spanValue(file.text, other));
  const schedule = recordOf(about?.["schedule"]);
  if (about?.["format"] !== FORMAT || schedule === undefined) {
    throw new SourceProblem(file, "otherData", "has no schedule of top-compile");
  }
  if (about["version"] !== VERSION) {
    throw new SourceProblem(file, "otherData/version", `must be ${VERSION}`, UPDATE);
  }
  if (events === undefined || file.text[events.start] !== "[") {
    throw new SourceProblem(file, "traceEvents", "must be a list");
  }
  const slices: Slice[] = [];
  let isMeasured = false;
  let at = 0;
  for (const item of listItems(file.text, events)) {
    const fields = recordOf(item) ?? {};
    if (fields["ph"] === "X" && fields["pid"] === PREDICTED) {
      slices.push({ at, fields });
    }
    isMeasured ||= fields["ph"] === "X" && fields["pid"] === MEASURED;
    if (slices.length > MAX_EVENTS) {
      throw new SourceProblem(file, `event ${at}`, `is one of more than ${MAX_EVENTS} slices`);
    }
    at++;
  }
  const isInSteps = about["microsecond"] === "step";
  const document = withSlices(schedule, slices, (slice) => timesOf(file, slice, isInSteps));
  return {
    format: "top-compile-trace",
    document: JSON.stringify(document),
    notes: isMeasured
      ? ["left out: the times that were measured, which schedules do not hold"]
      : [],
  };
}

const UPDATE = "import it with the version of top-compile that wrote it, or a later one";

interface Slice {
  /** Number of the event. */
  readonly at: number;
  readonly fields: JsonRecord;
}

interface Times {
  readonly start: number;
  readonly end: number;
}

function timesOf(file: SourceFile, slice: Slice, isInSteps: boolean): Times {
  const { at, fields } = slice;
  const { ts, dur } = fields;
  if (typeof ts !== "number" || typeof dur !== "number") {
    throw new SourceProblem(file, `event ${at}`, "has no ts and dur that are times");
  }
  const unit = isInSteps ? 1 : 1000;
  const start = Math.round(ts * unit);
  const isInstant = argumentsOf(slice)["isInstant"] === true;
  return { start, end: isInstant ? start : start + Math.round(dur * unit) };
}

/** The schedule with what the slices say; its reader judges the values. */
function withSlices(
  schedule: JsonRecord,
  slices: readonly Slice[],
  timesIn: (slice: Slice) => Times,
): JsonRecord {
  const pipeline = recordOf(schedule["pipeline"]);
  const operators = recordOf(schedule["operators"]);
  if (pipeline !== undefined) {
    return {
      ...schedule,
      pipeline: { ...pipeline, instances: instancesOf(pipeline, slices, timesIn) },
    };
  }
  const launches = slices.map((slice) => {
    const { name, tid } = slice.fields;
    const { start, end } = timesIn(slice);
    const { waits, record, aloneNs } = argumentsOf(slice);
    const stream = typeof tid === "number" ? tid - 1 : tid;
    return { operator: name, stream, waits, record, startNs: start, endNs: end, aloneNs };
  });
  return operators === undefined
    ? schedule
    : { ...schedule, operators: { ...operators, launches } };
}

function argumentsOf({ fields }: Slice): JsonRecord {
  return recordOf(fields["args"]) ?? {};
}

/** Every instance once, though one on several devices has a slice on each; in the order of the format. */
function instancesOf(
  { placement }: JsonRecord,
  slices: readonly Slice[],
  timesIn: (slice: Slice) => Times,
): readonly JsonRecord[] {
  const blocks = recordOf(placement)?.["blocks"];
  const ids = Array.isArray(blocks) ? blocks.map((block) => recordOf(block)?.["id"]) : [];
  const positions = new Map(ids.map((id, at) => [id, at]));
  const seen = new Set<string>();
  const instances = slices.flatMap((slice) => {
    const { block, microBatch, phase } = argumentsOf(slice);
    const key = JSON.stringify([block, microBatch]);
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew ? [{ block, microBatch, ...timesIn(slice), phase }] : [];
  });
  const placeOf = (block: unknown): number => positions.get(block) ?? 0;
  return instances.sort(
    (a, b) =>
      a.start - b.start ||
      placeOf(a.block) - placeOf(b.block) ||
      Number(a.microBatch) - Number(b.microBatch),
  );
}
