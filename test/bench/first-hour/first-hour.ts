/**
 * The first hour with a GPU: every question in order, none of which stops the next.
 *
 *     first-hour.sh [--quick] [--out FOLDER] [--only STEP,...]          in an unpacked bundle
 *     npm run gpu:first-hour -- [--quick] [--out FOLDER] [--only STEP,...]   here
 *
 * FOLDER/first-hour.json (results unless given) is written after every step: what it printed last, its results, and
 * the profiles of models, which `top-compile profile import` takes one by one. The status is 1 when a step failed.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { runStep, type StepReport } from "./run-step.js";
import { firstHour } from "./steps.js";

process.chdir(resolve(import.meta.dirname, "../../.."));

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    out: { type: "string", default: "results" },
    only: { type: "string" },
  },
});
const out = resolve(values.out);
const wanted = values.only?.split(",");

process.exitCode = await main();

async function main(): Promise<number> {
  mkdirSync(out, { recursive: true });
  const all = firstHour({ out, isQuick: values.quick });
  const odd = wanted?.find((name) => all.every((step) => step.name !== name));
  if (odd !== undefined) {
    console.error(`no step ${odd}: ${all.map(({ name }) => name).join(", ")}`);
    return 2;
  }
  const reports: StepReport[] = [];
  for (const step of all.filter(({ name }) => wanted?.includes(name) ?? true)) {
    // What an earlier run left is no result of this one.
    for (const file of step.results) {
      rmSync(join(out, file), { force: true });
    }
    console.log(`\n== ${step.name}: ${step.settles}`);
    const report = await runStep(step, out);
    reports.push(report);
    console.log(`== ${step.name}: ${report.status}, ${report.seconds} s`);
    write(reports);
  }
  console.log(`\n${reports.map(({ name, status }) => `${name} ${status}`).join(", ")}`);
  console.log(join(out, "first-hour.json"));
  return reports.every(({ status }) => status === "done" || status === "skipped") ? 0 : 1;
}

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
  writeFileSync(join(out, "first-hour.json"), `${JSON.stringify(report, undefined, 1)}\n`);
}

/** The profiles that the benches of these steps left. Order: by step and name. */
function profilesOf(steps: readonly StepReport[]): readonly unknown[] {
  const folders = steps
    .flatMap(({ results }) => Object.keys(results))
    .filter((file) => file.endsWith("gpu-bench.json"))
    .map((file) => join(out, file, "../gpu-bench"))
    .filter((folder) => existsSync(folder));
  return folders.flatMap((folder) =>
    (readdirSync(folder, { recursive: true }) as string[])
      .filter((name) => name.endsWith(".gpu-profile.json"))
      .sort()
      .map((name): unknown => JSON.parse(readFileSync(join(folder, name), "utf8"))),
  );
}
