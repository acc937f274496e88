/** Comparisons of launcher policies for people. */
import type { ModelArrivals } from "../arrivals/workload.js";
import { counted, formatCell, formatName, formatNs } from "../core/format.js";
import type { Interval } from "../core/statistics.js";
import { textTable } from "../core/text-table.js";
import type { Capacity } from "../launcher/capacity.js";
import type { ComparedPolicy, PolicyComparison } from "../launcher/compare-policies.js";
import type { ServingJob } from "../launcher/serving-job.js";
import type { LauncherPolicy } from "../schedule/serving/serving-model.js";

/** Growth of a backlog that counts, as a share of what is answered. */
const LEAST_GROWTH = 0.01;

/** What the report is about. */
export interface LaunchedReport {
  readonly job: ServingJob;
  readonly rates: readonly number[];
  readonly capacity: Capacity;
  readonly comparison: PolicyComparison;
  readonly samples: number;
}

/** Requests, capacity, policies and how they do, as tables. */
export function renderLaunched(report: LaunchedReport, columns: number): string {
  const { comparison, samples, job } = report;
  const best = comparison.policies[comparison.best];
  const seconds = job.workload.durationNs / 1e9;
  return [
    requestsTable(report, columns),
    "",
    capacityLine(report.capacity),
    "",
    ...comparison.policies.flatMap((each) => [policyTable(job, each, columns), ""]),
    `Held-out: ${samples} sample${samples === 1 ? "" : "s"} of ${figure(seconds)} s each${samples === 1 ? "" : "; +- is a 95 % confidence interval"}.`,
    `Best on validation: ${best?.name ?? ""}.`,
    ...(best === undefined ? [] : sessionLines(job, best.policy)),
  ].join("\n");
}

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

function requestsTable({ job, rates }: LaunchedReport, columns: number): string {
  const rows = job.workload.models.map(
    ({ model, process: source, objectiveNs }: ModelArrivals, at) => [
      formatCell(model),
      source.kind,
      figure(rates[at] ?? 0),
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

function policyTable(job: ServingJob, compared: ComparedPolicy, columns: number): string {
  const { name, policy, heldOut } = compared;
  const limit =
    policy.inFlight === undefined ? "" : `, at most ${counted(policy.inFlight, "task")} in flight`;
  const rows = policy.models.map((each, at) => {
    const model = job.problem.models[at];
    const found = heldOut.models[at];
    return [
      formatCell(model?.name ?? ""),
      model?.variants[each.variant]?.name ?? "",
      `${each.batch}`,
      `${each.concurrency}`,
      each.periodNs === 0 ? "-" : formatNs(each.periodNs),
      plusMinus(found?.goodput),
      percent(found?.late),
      formatNs(found?.p99Ns.mean ?? 0),
    ];
  });
  const header = ["model", "variant", "batch", "tasks", "period", "in time/s", "late", "p99"];
  const right = header.slice(2).map(() => "right" as const);
  const table = textTable(header, rows, ["name", "left", ...right], columns);
  return [`${name}${limit}`, table, ...growingBacklogs(job, compared)].join("\n");
}

/** A line for each model whose backlog grows, beyond doubt and not just a little. */
function growingBacklogs({ problem }: ServingJob, { heldOut }: ComparedPolicy): readonly string[] {
  return heldOut.models.flatMap(({ slope, throughput }, at) =>
    slope.mean - slope.half > LEAST_GROWTH * throughput.mean
      ? [
          `the backlog of ${formatName(problem.models[at]?.name ?? "")} grows by ${plusMinus(slope)} requests a second`,
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

/** Three digits, or all of a larger whole number; what rounds to nothing is 0. */
function figure(value: number): string {
  const size = Math.abs(value);
  const text = value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
  return Number(text) === 0 ? "0" : text.replace(/\.0+$/, "");
}
