/** Predicted and measured serving, side by side, for people. */
import { counted, formatCell, formatNs } from "../core/format.js";
import { textTable } from "../core/text-table.js";
import type { ServingMetrics } from "../schedule/serving/serving-metrics.js";

/** One model, as it was predicted and as it was measured. */
export interface ServedModelReport {
  readonly model: string;
  readonly variant: string;
  readonly policy: {
    readonly batch: number;
    readonly concurrency: number;
    readonly periodNs: number;
  };
  readonly predicted: ServingMetrics;
  readonly measured: ServingMetrics;
}

/** What was served. */
export interface ServedSummary {
  readonly policy: string;
  readonly inFlight: number | undefined;
  /** The regime of the policy's file: times the rates of its arrivals. */
  readonly scale?: number;
  readonly span: { readonly fromNs: number; readonly toNs: number };
  readonly models: readonly ServedModelReport[];
  readonly answers: { readonly compared: number; readonly largest: number };
  readonly cut: "stopped" | "late" | undefined;
  /** Files of the requests, as traces. */
  readonly traces?: readonly string[];
}

const ROWS: readonly (readonly [
  string,
  (metrics: ServingMetrics) => number,
  "rate" | "time" | "share",
])[] = [
  ["answered per second", ({ throughput }) => throughput, "rate"],
  ["mean latency", ({ latencyNs }) => latencyNs.mean, "time"],
  ["p50", ({ latencyNs }) => latencyNs.p50, "time"],
  ["p90", ({ latencyNs }) => latencyNs.p90, "time"],
  ["p95", ({ latencyNs }) => latencyNs.p95, "time"],
  ["p99", ({ latencyNs }) => latencyNs.p99, "time"],
  ["requests per task", ({ batch }) => batch, "rate"],
  ["late", ({ late }) => late, "share"],
  ["refused", ({ shed }) => shed, "share"],
];

/** Tables of predicted and measured figures, and what was compared. */
export function renderServed(report: ServedSummary, columns: number): string {
  const { policy, inFlight, scale, span, models, answers, cut, traces = [] } = report;
  const regime = scale === undefined ? "" : `, made for ${scale} times the rates of its file`;
  const limit = inFlight === undefined ? "" : `, at most ${counted(inFlight, "task")} in flight`;
  const seconds = (span.toNs - span.fromNs) / 1e9;
  return [
    `Policy: ${policy}${regime}${limit}.`,
    ...models.flatMap((each) => ["", headingOf(each), modelTable(each, columns)]),
    "",
    `Counted: ${counted(sumOf(models), "request")} of ${seconds.toFixed(2)} s.`,
    `Answers: ${answers.compared} compared with the whole model, largest difference ${answers.largest === 0 ? "0" : answers.largest.toExponential(1)} of the largest element.`,
    ...(cut === "stopped" ? ["Stopped before the end: figures are of what was answered."] : []),
    ...(cut === "late"
      ? ["Requests were left over: the server cannot keep up. Figures are of what was answered."]
      : []),
    ...traces.map((file) => `wrote   ${file}`),
  ].join("\n");
}

function sumOf(models: readonly ServedModelReport[]): number {
  return models.reduce((sum, { measured }) => sum + measured.requests, 0);
}

function headingOf({ model, variant, policy }: ServedModelReport): string {
  const { batch, concurrency, periodNs } = policy;
  const batches = batch === 1 ? "no batches" : `batches of up to ${batch}`;
  const period = periodNs === 0 ? "" : `, a launch every ${formatNs(periodNs)} at most`;
  const each = concurrency === 1 ? "" : " each";
  return `${formatCell(model)}: ${counted(concurrency, "session")} with ${variant}${each}, ${batches}${period}`;
}

function modelTable({ predicted, measured }: ServedModelReport, columns: number): string {
  const rows = ROWS.map(([name, of, kind]) => {
    const [before, now] = [of(predicted), of(measured)];
    const shown = (value: number): string => shownAs(kind, value);
    const ratio = now === 0 ? "-" : (before / now).toFixed(3);
    return [name, shown(before), shown(now), ratio];
  });
  const header = ["", "predicted", "measured", "ratio"];
  return textTable(header, rows, ["left", "right", "right", "right"], columns);
}

function shownAs(kind: (typeof ROWS)[number][2], value: number): string {
  switch (kind) {
    case "time":
      return formatNs(value);
    case "share":
      return `${(100 * value).toFixed(1)} %`;
    case "rate":
      return value.toFixed(value >= 100 ? 0 : 2);
  }
}
