/**
 * The first hour with a GPU: every question in order, none of which stops the next.
 *
 *     first-hour.sh [--quick] [--minutes N] [--out FOLDER] [--report FILE] [--only STEP,...]   in an unpacked bundle
 *     npm run gpu:first-hour -- [the same]                                                   here
 *
 * FILE (FOLDER/first-hour.json unless given, and FOLDER results) is written after every step: what it printed last, its
 * results, and the profiles of models, which `top-compile profile import` takes one by one. All of it ends after N minutes (9 unless
 * given, none for a dry run): a step has what is left at most, and later ones are not started. The status is 1 when a step
 * failed or had no time, and 130 after an interruption, which keeps what there is.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { runStep, type StepReport } from "./run-step.js";
import { firstHour, type Step } from "./steps.js";

/** One command of ten minutes, with what comes before and after. */
const MINUTES = 9;
/** Nothing of use is done in less. */
const LEAST_S = 5;

process.chdir(resolve(import.meta.dirname, "../../.."));

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    out: { type: "string", default: "results" },
    only: { type: "string" },
    minutes: { type: "string" },
    report: { type: "string" },
  },
});
const out = resolve(values.out);
const file = resolve(values.report ?? join(out, "first-hour.json"));
const wanted = values.only?.split(",");
const minutes = Number(values.minutes ?? (values.quick ? Number.POSITIVE_INFINITY : MINUTES));
const interruption = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(name, () => interruption.abort());
}

process.exitCode = await main();

async function main(): Promise<number> {
  if (!(minutes > 0)) {
    console.error(`not a number of minutes: ${values.minutes}`);
    return 2;
  }
  const all = firstHour({ out, isQuick: values.quick });
  const odd = wanted?.find((name) => all.every((step) => step.name !== name));
  if (odd !== undefined) {
    console.error(`no step ${odd}: ${all.map(({ name }) => name).join(", ")}`);
    return 2;
  }
  try {
    for (const folder of [out, dirname(file)]) {
      mkdirSync(folder, { recursive: true });
    }
  } catch (problem) {
    console.error(`${problem}: --out names a folder that can be written`);
    return 4;
  }
  const reports = await runAll(all.filter(({ name }) => wanted?.includes(name) ?? true));
  console.log(`\n${reports.map(({ name, status }) => `${name} ${status}`).join(", ")}`);
  console.log(file);
  if (interruption.signal.aborted) {
    return 130;
  }
  return reports.every(({ status }) => status === "done" || status === "skipped") ? 0 : 1;
}

/** Runs steps in order, as long as there is time. */
async function runAll(steps: readonly Step[]): Promise<readonly StepReport[]> {
  const reports: StepReport[] = [];
  const leftS = (): number => minutes * 60 - performance.now() / 1000;
  for (const step of steps) {
    if (interruption.signal.aborted) {
      break;
    }
    // What an earlier run left is no result of this one.
    for (const result of step.results) {
      rmSync(join(out, result), { force: true });
    }
    console.log(`\n== ${step.name}: ${step.settles}`);
    const limitS = Math.min(step.limitS, leftS());
    const report =
      limitS < LEAST_S
        ? ({ name: step.name, status: "no-time", seconds: 0, tail: "", results: {} } as const)
        : await runStep({ ...step, limitS }, out, interruption.signal);
    reports.push(report);
    console.log(`== ${step.name}: ${report.status}, ${report.seconds} s`);
    write(reports);
  }
  return reports;
}

/** Writes the results so far; the file is whole at any time. */
function write(steps: readonly StepReport[]): void {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  const report = {
    format: "top-compile/first-hour",
    version: 1,
    tool: `top-compile ${version}`,
    isQuick: values.quick,
    node: process.version,
    steps,
    profiles: profilesOf(steps),
  };
  writeFileSync(`${file}.part`, `${JSON.stringify(report)}\n`);
  renameSync(`${file}.part`, file);
}

/** The profiles that the benches of these steps left. Order: by step and name. */
function profilesOf(steps: readonly StepReport[]): readonly unknown[] {
  const folders = steps
    .flatMap(({ results }) => Object.keys(results))
    .filter((result) => result.endsWith("gpu-bench.json"))
    .map((result) => join(out, result, "../gpu-bench"))
    .filter((folder) => existsSync(folder));
  return folders.flatMap((folder) =>
    (readdirSync(folder, { recursive: true }) as string[])
      .filter((name) => name.endsWith(".gpu-profile.json"))
      .sort()
      .map((name): unknown => JSON.parse(readFileSync(join(folder, name), "utf8"))),
  );
}
