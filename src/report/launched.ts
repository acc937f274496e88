/** Comparisons of launcher policies for people. */
import type { ModelArrivals } from "../arrivals/workload.js";
import { adaptivePolicyOf } from "../artifact/adaptive-policy-of.js";
import { MERGED_VARIANT } from "../artifact/launcher-policies.js";
import { counted, formatCell, formatName, formatNs } from "../core/format.js";
import type { Interval } from "../core/statistics.js";
import { textTable } from "../core/text-table.js";
import type { Capacity } from "../launcher/capacity.js";
import type { ComparedPolicy, PolicyComparison } from "../launcher/compare-policies.js";
import type { ServingJob } from "../launcher/serving-job.js";
import { fallsBehind } from "../launcher/shedding.js";
import type { LauncherPolicy, ShedRule } from "../schedule/serving/serving-model.js";
import { absentLines } from "./absent-policies.js";
import { adaptiveLines } from "./adaptive-lines.js";
import { figure, givenFigure } from "./figure.js";
import { windowLines } from "./window-lines.js";

/** What the report is about. */
export interface LaunchedReport {
  readonly job: ServingJob;
  readonly samples: number;
  readonly regimes: readonly ReportedRegime[];
}

/** What was found out about the given rates times `scale`. */
export interface ReportedRegime {
  readonly scale: number;
  readonly rates: readonly number[];
  readonly capacity: Capacity;
  readonly comparison: PolicyComparison;
}

/** Requests, capacity, policies and how they do, as tables. */
export function renderLaunched(report: LaunchedReport, columns: number): string {
  const { samples, job, regimes } = report;
  const seconds = job.workload.durationNs / 1e9;
  return [
    ...regimes.flatMap((regime) => [...regimeLines(job, regime, columns), ""]),
    `Held-out: ${samples} sample${samples === 1 ? "" : "s"} of ${givenFigure(seconds)} s each${samples === 1 ? "" : "; +- is a 95 % confidence interval"}.`,
    ...regimes.flatMap(({ scale, comparison: { policies, best } }) => {
      const where = regimes.length === 1 ? "" : ` at ${givenFigure(scale)} times the rates`;
      const chosen = policies[best];
      return [
        `Best on validation${where}: ${chosen?.name ?? ""}.`,
        ...doubtfulLines(policies, best),
        ...(chosen === undefined ? [] : sessionLines(job, chosen.policy)),
      ];
    }),
  ].join("\n");
}

/** Policies that cost less than the best one, but not beyond doubt, on the samples that both were tried on. */
function doubtfulLines(policies: readonly ComparedPolicy[], best: number): readonly string[] {
  const held = policies[best]?.validation.samples ?? [];
  return policies.flatMap(({ name, validation: { samples } }, at) => {
    const both = Math.min(samples.length, held.length);
    const [own, other] = [samples, held].map((each) =>
      each.slice(0, both).reduce((sum, { cost }) => sum + cost, 0),
    );
    const less = 1 - (own ?? 0) / (other ?? 1);
    return at !== best && less >= LEAST_TOLD
      ? [`${name} costs ${(100 * less).toFixed(1)} % less on ${both} samples, not beyond doubt.`]
      : [];
  });
}

/** Shares of the cost below this one are not worth a line. */
const LEAST_TOLD = 0.001;

/** On a CPU: how many sessions with how many threads a server should have for each model. */
function sessionLines({ problem }: ServingJob, policy: LauncherPolicy): readonly string[] {
  return problem.device.kind === "gpu"
    ? []
    : policy.models.map(({ variant, concurrency, batch }, at) => {
        const model = problem.models[at];
        const threads = model?.variants[variant]?.name ?? "";
        const each = concurrency === 1 ? "" : " each";
        return `${formatName(model?.name ?? "")}: ${counted(concurrency, "session")} with ${threads}${each}, ${batch === 1 ? "no batches" : `batches of up to ${batch}`}.`;
      });
}

function regimeLines(
  job: ServingJob,
  { scale, rates, capacity, comparison }: ReportedRegime,
  columns: number,
): readonly string[] {
  const absent = absentLines(comparison.absent);
  const tables = comparison.policies.map((each) => policyTable(job, each, rates, columns));
  return [
    ...(scale === 1 ? [] : [`${givenFigure(scale)} times the given rates`, ""]),
    requestsTable(job, rates, columns),
    "",
    capacityLine(capacity),
    ...sheddingLines(comparison.job),
    ...tables.flatMap((table) => ["", table]),
    ...(absent.length === 0 ? [] : ["", ...absent]),
  ];
}

/** Which requests are refused, where any may be. */
function sheddingLines({ shed = [], problem }: ServingJob): readonly string[] {
  const rules = shed.map(ruleText);
  const [first] = rules;
  if (first !== undefined && rules.every((rule) => rule === first)) {
    return [`Refused: requests ${first}.`];
  }
  return rules.flatMap((rule, at) =>
    rule === undefined
      ? []
      : [`Refused: requests for ${formatName(problem.models[at]?.name ?? "")} ${rule}.`],
  );
}

function ruleText(rule: ShedRule | undefined): string | undefined {
  switch (rule?.kind) {
    case "deadline":
      return "that cannot be answered within their objective";
    case "newest":
      return `that arrive while ${counted(rule.queue, "other")} wait`;
    case "oldest":
      return `that have waited longest, once ${counted(rule.queue, "request")} wait`;
    default:
      return undefined;
  }
}

function requestsTable(job: ServingJob, rates: readonly number[], columns: number): string {
  const rows = job.workload.models.map(
    ({ model, process: source, objectiveNs }: ModelArrivals, at) => [
      formatCell(model),
      source.kind,
      givenFigure(rates[at] ?? 0),
      `${formatNs(job.objectives[at] ?? 0)}${objectiveNs === undefined ? " (usual)" : ""}`,
    ],
  );
  const header = ["model", "requests", "per second", "objective"];
  return textTable(header, rows, ["name", "left", "right", "right"], columns);
}

function capacityLine({ atMost }: Capacity): string {
  return atMost < 1
    ? `Capacity: these rates are too high for any policy; at most ${figure(atMost)} times as much can be sustained.`
    : `Capacity: no policy sustains more than ${figure(atMost)} times these rates.`;
}

function policyTable(
  job: ServingJob,
  compared: ComparedPolicy,
  rates: readonly number[],
  columns: number,
): string {
  const { name, policy, heldOut } = compared;
  const limit =
    policy.inFlight === undefined ? "" : `, at most ${counted(policy.inFlight, "task")} in flight`;
  const isShedding = heldOut.models.some(({ shed }) => shed.mean > 0);
  const rows = policy.models.map((each, at) => {
    const model = job.problem.models[at];
    const found = heldOut.models[at];
    return [
      formatCell(model?.name ?? ""),
      policy.window === undefined ? (model?.variants[each.variant]?.name ?? "") : MERGED_VARIANT,
      `${each.batch}`,
      `${each.concurrency}`,
      each.periodNs === 0 ? "-" : formatNs(each.periodNs),
      plusMinus(found?.goodput),
      percent(found?.late),
      ...(isShedding ? [percent(found?.shed)] : []),
      formatNs(found?.p99Ns.mean ?? 0),
    ];
  });
  const figures = ["in time/s", "late", ...(isShedding ? ["refused"] : []), "p99"];
  const header = ["model", "variant", "batch", "tasks", "period", ...figures];
  const right = header.slice(2).map(() => "right" as const);
  const table = textTable(header, rows, ["name", "left", ...right], columns);
  const more = [
    ...windowOf(policy, rates),
    ...changesOf(job, compared, columns),
    ...growingBacklogs(job, compared),
  ];
  return [`${name}${limit}`, table, ...more].join("\n");
}

/** What is known of the window of a policy, if it has one. */
function windowOf({ window, models }: LauncherPolicy, rates: readonly number[]): readonly string[] {
  if (window === undefined) {
    return [];
  }
  const { tasks, ...figures } = window.window;
  const counts = tasks.map(({ model, batch, parts }) => ({ model, batch, parts: parts.length }));
  return windowLines({ ...figures, tasks: counts }, models[0]?.periodNs ?? 0, rates);
}

/** What changes a policy, if anything does. */
function changesOf(
  { problem }: ServingJob,
  { adaptive }: ComparedPolicy,
  columns: number,
): readonly string[] {
  const recorded = adaptive && adaptivePolicyOf(problem, adaptive);
  const names = problem.models.map(({ name }) => name);
  return adaptiveLines(recorded, names, columns);
}

/** A line for each model whose backlog grows, beyond doubt and not just a little. */
function growingBacklogs({ problem }: ServingJob, { heldOut }: ComparedPolicy): readonly string[] {
  return heldOut.models.flatMap((figures, at) =>
    fallsBehind(figures)
      ? [
          `the backlog of ${formatName(problem.models[at]?.name ?? "")} grows by ${plusMinus(figures.slope)} requests a second`,
        ]
      : [],
  );
}

function plusMinus(interval: Interval | undefined): string {
  const { mean = 0, half = 0 } = interval ?? {};
  return half === 0 ? figure(mean) : `${figure(mean)} +- ${figure(half)}`;
}

function percent(interval: Interval | undefined): string {
  return `${(100 * (interval?.mean ?? 0)).toFixed(1)} %`;
}
