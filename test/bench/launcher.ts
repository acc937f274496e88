/**
 * Launchers on all scenarios: `npm run bench:launcher`. Arguments: numbers of scenarios, default all.
 *
 * All figures are of the simulator, the same on every machine. `cost`, `in time` and `p99` are of held-out
 * samples; p99 is in objectives, mean over models.
 */
import type { Interval } from "../../dist/core/statistics.js";
import { intervalOf } from "../../dist/core/statistics.js";
import { compareLearned } from "../../dist/launcher/compare-learned.js";
import { evaluatePolicy, type PolicyEvaluation } from "../../dist/launcher/evaluate-policy.js";
import type { ServingJob } from "../../dist/launcher/serving-job.js";
import {
  fifoPolicy,
  greedyPolicy,
  searchStaticPolicy,
} from "../../dist/launcher/static-policies.js";
import { jobOf, SCENARIOS, type Scenario } from "./launcher-scenarios.js";

const SEED = 1;
const HELD_OUT = 5;
const STEPS = 3000;

const [, , ...numbers] = process.argv;
const chosen = numbers.length === 0 ? [...SCENARIOS.keys()] : numbers.map(Number);

if (numbers.length === 0) {
  console.log("| # | models | requests | load | policy | cost | in time | p99 | ships |");
  console.log("|---|---|---|---|---|---|---|---|---|");
}
for (const number of chosen) {
  const scenario = SCENARIOS[number];
  if (scenario !== undefined) {
    await tryScenario(number, scenario);
  }
}

async function tryScenario(number: number, scenario: Scenario): Promise<void> {
  const before = process.cpuUsage();
  const job = await jobOf(scenario);
  const policy = searchStaticPolicy(job, SEED);
  const greedy = greedyPolicy(job.problem);
  const heldOut = { seed: SEED, purpose: "held-out", count: HELD_OUT } as const;
  const usual = [
    ["fifo", fifoPolicy(job.problem)],
    ...(greedy === undefined ? [] : [["greedy", greedy] as const]),
    ["opara", searchStaticPolicy(onlyVariant(job, "opara"), SEED)],
    ["static", policy],
  ] as const;
  const opara = onlyVariant(job, "opara");
  const rows = usual.map(([name, each]) => ({
    name: name as string,
    found: evaluatePolicy(name === "opara" ? opara : job, each, heldOut),
  }));
  const { launchers, best } = compareLearned(job, policy, {
    seed: SEED,
    steps: STEPS,
    samples: HELD_OUT,
  });
  for (const { name, launcher, heldOut: found } of launchers) {
    const form = launcher.kind === "regimes" ? ` (${launcher.regimes.length} regimes)` : "";
    rows.push({ name: `${name}${form}`, found });
  }
  const ships = best < 0 ? "static" : (launchers[best]?.name ?? "");
  for (const { name, found } of rows) {
    const cells = [
      number,
      scenario.models.join(", "),
      scenario.kind,
      scenario.load,
      name,
      plusMinus(found.cost),
      plusMinus(inTime(found)),
      plusMinus(p99Of(job, found)),
      name.split(" ")[0] === ships ? "ships" : "",
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
  const { user, system } = process.cpuUsage(before);
  console.error(`scenario ${number}: ${((user + system) / 1e6).toFixed(0)} s of processor time`);
}

/** The job with one variant of each model: that of a name, or the last where it is the same as another. */
function onlyVariant(job: ServingJob, name: string): ServingJob {
  const models = job.problem.models.map((model) => ({
    ...model,
    variants: [model.variants.find((each) => each.name === name) ?? model.variants.at(-1)!],
  }));
  return { ...job, problem: { ...job.problem, models } };
}

/** Requests answered in time, per second, all models together; of the widths the root of their squares. */
function inTime({ models }: PolicyEvaluation): Interval {
  const mean = models.reduce((sum, { goodput }) => sum + goodput.mean, 0);
  const square = models.reduce((sum, { goodput }) => sum + goodput.half ** 2, 0);
  return { mean, half: Math.sqrt(square) };
}

/** The 99th percentile in objectives, mean over models. */
function p99Of({ objectives }: ServingJob, { models }: PolicyEvaluation): Interval {
  const each = models.map(({ p99Ns }, at) => ({
    mean: p99Ns.mean / objectives[at]!,
    half: p99Ns.half / objectives[at]!,
  }));
  return {
    mean: intervalOf(each.map(({ mean }) => mean)).mean,
    half: intervalOf(each.map(({ half }) => half)).mean,
  };
}

function plusMinus({ mean, half }: Interval): string {
  const digits = mean >= 1000 ? 0 : 2;
  return `${mean.toFixed(digits)} ± ${half.toFixed(digits)}`;
}
