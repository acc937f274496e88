import { join } from "node:path";
import type { Ended } from "./command.js";

/** One command on a model, and what is kept of what it prints. */
export interface Step {
  readonly name: StepName;
  /** Arguments of `top-compile`, for the model and the folder of its schedules. */
  readonly args: (model: string, folder: string) => readonly string[];
  /** The step whose file it needs. */
  readonly needs?: StepName;
  readonly figures?: (printed: unknown) => Figures;
}

/** The steps, in their order. */
export const STEP_NAMES = [
  "inspect",
  "compile",
  "explain",
  "verify",
  "run",
  "h200",
  "explain h200",
  "verify h200",
  "pipeline",
  "explain pipeline",
  "verify pipeline",
  "run pipeline",
] as const;

/** The name of a step. */
export type StepName = (typeof STEP_NAMES)[number];

/** Numbers and words that the page shows. */
export type Figures = Readonly<Record<string, number | string>>;

/** The fields of what the commands print as JSON that are kept. */
interface Inspection {
  readonly nodes: { readonly total: number; readonly operators: number };
  readonly opsets: readonly { readonly version: number }[];
}

interface Outputs {
  readonly identical: boolean;
  readonly maxRelative: number;
}

interface Latency {
  readonly medianNs: number;
}

interface Run {
  readonly algorithm: string;
  readonly schedule: { readonly latency: Latency; readonly outputs: Outputs };
  readonly baselines: readonly { readonly latency: Latency }[];
}

interface PipelineRun {
  readonly period: { readonly measured: Latency };
  readonly outputs: Outputs;
}

const RUN = ["--json", "--rounds", "5"];

/** Every step. */
export const STEPS: readonly Step[] = [
  {
    name: "inspect",
    args: (model) => ["inspect", model, "--json"],
    figures: inspectFigures,
  },
  ...around("compile", "cpu", [], "run"),
  ...around("h200", "h200", ["--device", "h200"]),
  ...around("pipeline", "pipeline", ["--devices", "2"], "run pipeline"),
];

/** A compile with explain, verify and, where it can be, run of its file. */
function around(
  name: "compile" | "h200" | "pipeline",
  file: string,
  options: readonly string[],
  run?: "run" | "run pipeline",
): readonly Step[] {
  const path = (folder: string) => join(folder, `${file}.schedule.json`);
  const suffix = name === "compile" ? "" : (` ${name}` as const);
  const steps: Step[] = [
    {
      name,
      args: (model, folder) => [model, "-o", path(folder), "--force", "--json", ...options],
    },
    { name: `explain${suffix}`, needs: name, args: (_, folder) => ["explain", path(folder)] },
    {
      name: `verify${suffix}`,
      needs: name,
      args: (model, folder) => ["verify", path(folder), "--model", model],
    },
  ];
  if (run !== undefined) {
    const args = (model: string, folder: string) => ["run", path(folder), "--model", model, ...RUN];
    steps.push({ name: run, needs: name, args, figures: run === "run" ? runFigures : pipeFigures });
  }
  return steps;
}

function inspectFigures(printed: unknown): Figures {
  const { nodes, opsets } = printed as Inspection;
  return { nodes: nodes.total, operators: nodes.operators, opset: opsets[0]?.version ?? "" };
}

function runFigures(printed: unknown): Figures {
  const { schedule, baselines, algorithm } = printed as Run;
  return {
    algorithm,
    measuredNs: schedule.latency.medianNs,
    sequentialNs: baselines[0]?.latency.medianNs ?? 0,
    ...differences(schedule.outputs),
  };
}

function pipeFigures(printed: unknown): Figures {
  const { period, outputs } = printed as PipelineRun;
  return { periodNs: period.measured.medianNs, ...differences(outputs) };
}

function differences({ identical, maxRelative }: Outputs): Figures {
  return { difference: maxRelative, isIdentical: String(identical) };
}

/** How a step ended: done, refused with a code, or a fault of the program. */
export type StepStatus = "done" | "refused" | "crash" | "time limit" | "memory limit" | "skipped";

/** The record of one step. */
export interface StepResult {
  readonly step: StepName;
  readonly status: StepStatus;
  readonly exit?: number;
  readonly code?: string;
  readonly message?: string;
  readonly seconds?: number;
  readonly peakBytes?: number;
  readonly figures?: Figures;
}

/** Statuses that mean "refused": 70 and others are faults. */
const REFUSALS: ReadonlySet<number | undefined> = new Set([1, 2, 3, 4]);

/** The record of a command that ended. A refusal is one with a coded failure. */
export function resultOf(step: Step, ended: Ended): StepResult {
  const { status, seconds } = ended;
  const exit = status === undefined ? {} : { exit: status };
  const base = {
    step: step.name,
    seconds: Math.round(seconds * 100) / 100,
    peakBytes: ended.peakBytes,
    ...exit,
  };
  if (ended.passed !== undefined) {
    return { ...base, status: ended.passed };
  }
  if (status === 0) {
    const figures = step.figures?.(JSON.parse(ended.stdout));
    return { ...base, status: "done", ...(figures === undefined ? {} : { figures }) };
  }
  const failure = failureIn(ended);
  const isRefused = REFUSALS.has(status) && failure !== undefined;
  return {
    ...base,
    status: isRefused ? "refused" : "crash",
    ...(failure ?? { message: ended.stderr.slice(-2000) }),
  };
}

/** The first failure that the command reported, as JSON or as text. */
function failureIn({ stdout, stderr }: Ended) {
  const json = stderr.indexOf('{\n  "failures"') >= 0 ? stderr : stdout;
  const at = json.indexOf('{\n  "failures"');
  if (at >= 0) {
    const { failures } = JSON.parse(json.slice(at)) as {
      failures: { code: string; message: string }[];
    };
    return { code: failures[0]?.code ?? "", message: failures[0]?.message ?? "" };
  }
  const [, code, message] = /^error\[([\w-]+)\] (.*(?:\n {2}.*)*)/m.exec(stderr) ?? [];
  return code === undefined ? undefined : { code, message: (message ?? "").replace(/\n +/g, " ") };
}
