import type { ModelFile } from "./model-files.js";
import type { StepName, StepResult } from "./steps.js";

/** A model with what became of it. */
export interface TriedModel {
  readonly model: ModelFile;
  readonly results: readonly StepResult[];
}

/** A package with the licenses that are known. */
export interface TriedPackage {
  readonly name: string;
  readonly version: string;
  readonly subject: string;
  readonly license: string;
  readonly modelLicense?: string;
}

/** `docs/tried-models.md`. */
export function triedDocument(
  tried: readonly TriedModel[],
  found: number,
  packages: readonly TriedPackage[],
): string {
  const lines = [
    "# Models of packages, tried",
    "",
    "`npm run try:models` takes every ONNX file of some packages through `inspect`, `compile` for the CPU,",
    "for `--device h200` and for `--devices 2`, `explain` and `verify` of all three schedules, and `run` of the two",
    "that a CPU can run. Packages are fetched into a cache folder; no model is part of this repository. The program",
    "writes this page.",
    "",
    "## Outcomes",
    "",
    "Processor time of the command in seconds; *explain* and *verify* are of all schedules that there are. A code",
    "is the [failure](failures.md) with which the model was refused; `-`: nothing to do it with. *Peak*: most memory",
    "that a command on the model held, in GB.",
    "",
    ...outcomeTable(tried),
    "",
    ...countLines(tried, found),
    "",
    "## Times and differences",
    "",
    "Of five rounds on a machine that was not quiet: an order of magnitude, no benchmark. *Schedule* is the chosen",
    "operator schedule, *sequential* ONNX Runtime with one thread, *period* the time between two micro-batches of",
    "the pipeline. *Differences* are of the outputs of the schedule and of the pipeline from those of ONNX Runtime,",
    "relative to the largest element.",
    "",
    ...timeTable(tried),
    ...refusalLines(tried),
    "",
    "## Packages",
    "",
    "| package | version | models | license |",
    "|---|---|---|---|",
    ...packages.map(
      ({ name, version, subject, license, modelLicense }) =>
        `| ${name} | ${version} | ${subject} | ${license}${modelLicense === undefined ? "" : `; models ${modelLicense}`} |`,
    ),
  ];
  return `${lines.join("\n")}\n`;
}

const COLUMNS: readonly (readonly [string, readonly StepName[]])[] = [
  ["inspect", ["inspect"]],
  ["compile", ["compile"]],
  ["run", ["run"]],
  ["h200", ["h200"]],
  ["2 devices", ["pipeline"]],
  ["run", ["run pipeline"]],
  ["explain", ["explain", "explain h200", "explain pipeline"]],
  ["verify", ["verify", "verify h200", "verify pipeline"]],
];

function outcomeTable(tried: readonly TriedModel[]): readonly string[] {
  return [
    `| model | package | MB | opset | nodes | ${COLUMNS.map(([name]) => name).join(" | ")} | peak |`,
    `|---|---|---|---|---|${COLUMNS.map(() => "---|").join("")}---|`,
    ...tried.map(({ model, results }) => {
      const figures = results.find(({ step }) => step === "inspect")?.figures;
      const size = (model.bytes / 1e6).toFixed(2);
      const cells = COLUMNS.map(([, steps]) => cell(results, steps));
      const known = [figures?.["opset"] ?? "-", figures?.["nodes"] ?? "-"];
      const peak = Math.max(...results.map(({ peakBytes }) => peakBytes ?? 0)) / 1e9;
      const row = [nameOf(model), packageOf(model), size, ...known, ...cells, peak.toFixed(1)];
      return `| ${row.join(" | ")} |`;
    }),
  ];
}

function nameOf({ name }: ModelFile): string {
  return `\`${name}\``;
}

function packageOf({ packages }: ModelFile): string {
  return packages.length > 1 ? `${packages[0]} and ${packages.length - 1} more` : `${packages[0]}`;
}

/** What became of the steps: the worst of them, or their processor time together. */
function cell(results: readonly StepResult[], steps: readonly StepName[]): string {
  const of = results.filter(({ step, status }) => steps.includes(step) && status !== "skipped");
  const bad = of.find(({ status }) => status !== "done");
  if (bad !== undefined) {
    return bad.status === "refused" ? `\`${bad.code}\`` : `**${bad.status}**`;
  }
  const seconds = of.reduce((sum, result) => sum + (result.seconds ?? 0), 0);
  return of.length === 0 ? "-" : seconds.toFixed(1);
}

function countLines(tried: readonly TriedModel[], found: number): readonly string[] {
  const all = tried.flatMap(({ results }) => results);
  const shown = ["done", "refused", "crash", "time limit", "memory limit"].map(
    (status) => `${all.filter((result) => result.status === status).length} ${status}`,
  );
  return [
    `${tried.length} of ${found} models; commands: ${shown.join(", ")}. A time limit is on all commands of a`,
    "model together, by the clock, on a machine that other work may share.",
  ];
}

function timeTable(tried: readonly TriedModel[]): readonly string[] {
  const rows = tried.flatMap(({ model, results }) => {
    const run = results.find(({ step }) => step === "run")?.figures;
    const pipeline = results.find(({ step }) => step === "run pipeline")?.figures;
    return run === undefined && pipeline === undefined
      ? []
      : [
          [
            nameOf(model),
            milliseconds(run?.["sequentialNs"]),
            milliseconds(run?.["measuredNs"]),
            run?.["algorithm"] ?? "-",
            milliseconds(pipeline?.["periodNs"]),
            difference(run),
            difference(pipeline),
          ],
        ];
  });
  return [
    "| model | sequential, ms | schedule, ms | algorithm | period, ms | difference | of the pipeline |",
    "|---|---|---|---|---|---|---|",
    ...rows.map((row) => `| ${row.join(" | ")} |`),
  ];
}

function milliseconds(ns: number | string | undefined): string {
  return ns === undefined ? "-" : (Number(ns) / 1e6).toPrecision(3);
}

function difference(figures: StepResult["figures"]): string {
  if (figures === undefined) {
    return "-";
  }
  return figures["isIdentical"] === "true"
    ? "none"
    : Number(figures["difference"]).toExponential(1);
}

/** The messages of refusals, each once, with the models it is about. */
function refusalLines(tried: readonly TriedModel[]): readonly string[] {
  const byMessage = new Map<string, string[]>();
  for (const { model, results } of tried) {
    for (const { status, code, message = "" } of results) {
      if (status === "refused" && code !== undefined) {
        const plain = message.replaceAll(/\(\d+ more\)/g, "").replaceAll("|", "\\|");
        const key = `\`${code}\`: ${plain}`;
        byMessage.set(key, [...new Set([...(byMessage.get(key) ?? []), nameOf(model)])]);
      }
    }
  }
  return byMessage.size === 0
    ? []
    : [
        "",
        "## Refusals",
        "",
        ...[...byMessage].map(([message, models]) => `- ${message} (${models.join(", ")})`),
      ];
}
