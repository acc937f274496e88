/**
 * What a trace of PyTorch's profiler (Kineto) recorded of a pipeline on one rank: an event `PP:2F0` around
 * each action.
 *
 * On the host such an event also holds the time in which the rank waits for what it receives: the action
 * begins with the first operator inside. On a GPU the event is from the first kernel to the last.
 */
import { fieldSpans, listItems, type Span, spanValue } from "../../core/json-items.js";
import {
  type JsonRecord,
  MAX_EVENTS,
  recordOf,
  type SourceFile,
  SourceProblem,
  timeIn,
} from "../read-problem.js";
import { actionsIn, isCompute } from "./action.js";
import type { RowCell } from "./schedule-row.js";

/** An action that ran. Times in nanoseconds from the first of the trace. */
export interface TraceEvent extends RowCell {
  readonly startNs: number;
  readonly endNs: number;
}

/** The actions of one rank. */
export interface RankTrace {
  readonly file: SourceFile;
  /** As the trace says; absent: it does not. */
  readonly rank?: number;
  /** By start. */
  readonly events: readonly TraceEvent[];
  /** Of the time that the events count from, in nanoseconds since any moment that is the same for all ranks. */
  readonly originNs: bigint;
  readonly kind: "host" | "gpu";
  /** Whether operators were recorded, so that waiting does not count. */
  readonly hasOperators: boolean;
  /** Names of events that look like actions and are none that is known. */
  readonly unknown: readonly string[];
}

const US = 1000;
const PREFIX = "PP:";

/** Longest name of an action that is read. */
const MOST_NAME = 1000;

interface RawEvent {
  readonly at: number;
  readonly name: string;
  readonly isGpu: boolean;
  /** Thread or stream. */
  readonly lane: string;
  readonly startUs: number;
  readonly durNs: number;
}

interface RawTrace {
  readonly actions: RawEvent[];
  /** Starts of operators by thread, in microseconds. */
  readonly operators: Map<string, number[]>;
}

/** Reads the actions of a trace. Throws `SourceProblem`, `JsonTextError`. */
export function rankTraceIn(file: SourceFile): RankTrace {
  const fields = fieldSpans(file.text);
  const span = fields.get("traceEvents");
  if (span === undefined) {
    throw new SourceProblem(file, "", "has no traceEvents");
  }
  const { actions, operators } = rawTraceIn(file, span);
  const isGpu = actions.some((each) => each.isGpu && isComputeName(each.name));
  const lane = isGpu ? busiestLane(actions) : undefined;
  const used = actions
    .filter((each) => each.isGpu === isGpu && (lane === undefined || each.lane === lane))
    .sort((a, b) => a.startUs - b.startUs || a.at - b.at);
  const originUs = used[0]?.startUs ?? 0;
  const beginOf = isGpu || operators.size === 0 ? beginOfEvent : beginOfWork(operators);
  const unknown: string[] = [];
  const events = used.flatMap((raw): TraceEvent[] => {
    const found = actionsIn(raw.name.slice(PREFIX.length));
    if (typeof found === "string" || found.length === 0) {
      unknown.push(raw.name);
      return [];
    }
    const endNs = Math.round((raw.startUs - originUs) * US) + raw.durNs;
    const beginUs = beginOf(raw);
    const beginNs = beginUs === undefined ? endNs : Math.round((beginUs - originUs) * US);
    return [{ actions: found, at: raw.at, startNs: Math.min(beginNs, endNs), endNs }];
  });
  events.sort((a, b) => a.startNs - b.startNs || a.at - b.at);
  const rank = rankIn(file.text, fields.get("distributedInfo"));
  return {
    file,
    ...(rank === undefined ? {} : { rank }),
    events,
    originNs:
      baseIn(file.text, fields.get("baseTimeNanoseconds")) + BigInt(Math.round(originUs * US)),
    kind: isGpu ? "gpu" : "host",
    hasOperators: operators.size > 0,
    unknown,
  };
}

function rawTraceIn(file: SourceFile, span: Span): RawTrace {
  if (file.text[span.start] !== "[") {
    throw new SourceProblem(file, "traceEvents", "must be a list");
  }
  const trace: RawTrace = { actions: [], operators: new Map() };
  let at = 0;
  let kept = 0;
  for (const item of listItems(file.text, span)) {
    const fields = recordOf(item);
    kept += fields !== undefined && keepEvent(file, fields, { at, trace }) ? 1 : 0;
    if (kept > MAX_EVENTS) {
      throw new SourceProblem(file, `event ${at}`, `is one of more than ${MAX_EVENTS} events`);
    }
    at++;
  }
  return trace;
}

/** Keeps an event that is an action or an operator; says whether. */
function keepEvent(
  file: SourceFile,
  { cat, ph, name, pid, tid, ts, dur }: JsonRecord,
  { at, trace }: { readonly at: number; readonly trace: RawTrace },
): boolean {
  const isAction =
    typeof name === "string" && name.startsWith(PREFIX) && String(cat).endsWith("user_annotation");
  const isOperator = cat === "cpu_op";
  if (ph !== "X" || (!isAction && !isOperator)) {
    return false;
  }
  if (typeof ts !== "number" || !(Math.abs(ts) <= Number.MAX_SAFE_INTEGER)) {
    throw new SourceProblem(file, `event ${at}`, "has no ts that is a time");
  }
  const lane = `${pid} ${tid}`;
  if (isAction) {
    if (name.length > MOST_NAME) {
      throw new SourceProblem(
        file,
        `event ${at}`,
        `has a name of more than ${MOST_NAME} characters`,
      );
    }
    const isGpu = cat === "gpu_user_annotation";
    const durNs = timeIn(file, `event ${at}`, dur, US);
    trace.actions.push({ at, name, isGpu, lane, startUs: ts, durNs });
  } else {
    const starts = trace.operators.get(lane) ?? [];
    starts.push(ts);
    trace.operators.set(lane, starts);
  }
  return true;
}

function isComputeName(name: string): boolean {
  const actions = actionsIn(name.slice(PREFIX.length));
  return typeof actions !== "string" && actions.some(isCompute);
}

/** The stream of a GPU with most actions: transfers have streams of their own. */
function busiestLane(actions: readonly RawEvent[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { isGpu, lane, name } of actions) {
    if (isGpu && isComputeName(name)) {
      counts.set(lane, (counts.get(lane) ?? 0) + 1);
    }
  }
  const [best] = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  return best?.[0];
}

function beginOfEvent({ startUs }: RawEvent): number {
  return startUs;
}

/**
 * The start of the first operator inside an event, in microseconds: of its thread, else of another one, which
 * computes gradients; `undefined` where no operator ran, as nothing was computed.
 */
function beginOfWork(operators: RawTrace["operators"]): (event: RawEvent) => number | undefined {
  const sorted = ([lane, starts]: [string, number[]]) =>
    [lane, Float64Array.from(starts).sort()] as const;
  const byLane = new Map([...operators].map(sorted));
  const [, all] = sorted(["", [...operators.values()].flat()]);
  return (event) => firstWithin(byLane.get(event.lane) ?? NONE, event) ?? firstWithin(all, event);
}

const NONE = new Float64Array();

/** The first of sorted starts inside an event; `undefined`: there is none. */
function firstWithin(starts: Float64Array, { startUs, durNs }: RawEvent): number | undefined {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) < startUs) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  const first = starts[low];
  return first !== undefined && first <= startUs + durNs / US ? first : undefined;
}

function rankIn(text: string, span: Span | undefined): number | undefined {
  const rank = span === undefined ? undefined : recordOf(spanValue(text, span))?.["rank"];
  return Number.isSafeInteger(rank) && Number(rank) >= 0 ? Number(rank) : undefined;
}

/** More digits than a number keeps. */
function baseIn(text: string, span: Span | undefined): bigint {
  const digits = span === undefined ? "" : text.slice(span.start, span.end).trim();
  return /^\d{1,30}$/.test(digits) ? BigInt(digits) : 0n;
}
