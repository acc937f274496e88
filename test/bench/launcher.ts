/**
 * Launchers on all scenarios: `npm run bench:launcher`. Arguments: numbers of scenarios, default all.
 *
 * All figures are of the simulator, the same on every machine. `cost`, `in time` and `p99` are of held-out
 * samples; p99 is in objectives, mean over models. `static, as many tries` is what the search for reactions finds where
 * policies may not react.
 *
 * After each scenario comes, on standard error, what ships (the best on validation samples) against the best policy that
 * stays the same: differences on the same held-out samples.
 */
import type { Interval } from "../../dist/core/statistics.js";
import { intervalOf } from "../../dist/core/statistics.js";
import { capacityOf } from "../../dist/launcher/capacity.js";
import {
  type ComparedPolicy,
  comparePolicies,
  evaluated,
} from "../../dist/launcher/compare-policies.js";
import type { PolicyEvaluation } from "../../dist/launcher/evaluate-policy.js";
import { learnBeside } from "../../dist/launcher/marl/learn-beside.js";
import { LOOKS_PER_SIMULATION } from "../../dist/launcher/marl/learn-launchers.js";
import { searchReactions } from "../../dist/launcher/marl/search-reactions.js";
import { ratesOf, type ServingJob } from "../../dist/launcher/serving-job.js";
import { withLearned } from "../../dist/launcher/with-learned.js";
import { capacityProblemOf } from "../../dist/schedule/serving/capacity-problem.js";
import { jobOf, SCENARIOS, type Scenario } from "./launcher-scenarios.js";

const SEED = 1;
const HELD_OUT = 5;
const STEPS = 3000;

/** What the search finds where policies may not react. */
const MORE_TRIES = "static, as many tries";

const HEADER = [
  "#",
  "on",
  "models",
  "requests",
  "load",
  "policy",
  "cost",
  "share in time",
  "in time/s",
  "p99",
  "best",
];

const [, , ...numbers] = process.argv;
const chosen = numbers.length === 0 ? [...SCENARIOS.keys()] : numbers.map(Number);

if (numbers.length === 0) {
  console.log(`| ${HEADER.join(" | ")} |`);
  console.log(`|${HEADER.map(() => "---").join("|")}|`);
}
for (const number of chosen) {
  const scenario = SCENARIOS[number];
  if (scenario !== undefined) {
    await tryScenario(number, scenario);
  }
}

async function tryScenario(number: number, scenario: Scenario): Promise<void> {
  const before = process.cpuUsage();
  const given = await jobOf(scenario);
  const { atMost } = capacityOf(capacityProblemOf(given.problem, ratesOf(given)));
  const comparison = comparePolicies(given, {
    seed: SEED,
    samples: HELD_OUT,
    isOverloaded: atMost < 1,
  });
  const { job, policies } = comparison;
  const start = policies.find(({ name }) => name === "static")!;
  const learned = await learnBeside(job, start.policy, { seed: SEED, steps: STEPS });
  const whole = withLearned(comparison, learned, { seed: SEED, samples: HELD_OUT });
  const rows = whole.policies.map((each): Row => ({ ...each, name: nameOf(each) }));
  const best = rows[whole.best]!;
  rows.splice(policies.length, 0, withMoreTries(job, start));
  for (const each of rows) {
    const { heldOut } = each;
    const cells = [
      number,
      scenario.device,
      scenario.models.join(", "),
      scenario.kind,
      scenario.load,
      each.name,
      plusMinus(heldOut.cost),
      plusMinus(shareOf(heldOut)),
      plusMinus(inTime(heldOut)),
      plusMinus(p99Of(job, heldOut)),
      each === best ? "best" : "",
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
  const { user, system } = process.cpuUsage(before);
  console.error(`scenario ${number}: ${((user + system) / 1e6).toFixed(0)} s of processor time`);
  console.error(against(number, job, rows, best));
}

type Row = Omit<ComparedPolicy, "name"> & { readonly name: string };

/** The policy that the search for reactions finds if it may not react. */
function withMoreTries(job: ServingJob, { policy }: ComparedPolicy): Row {
  const steps = Math.ceil(STEPS / LOOKS_PER_SIMULATION);
  const found = searchReactions(job, policy, { seed: SEED, steps }, "never");
  const kept = found?.launcher.policy ?? policy;
  const options = { seed: SEED, samples: HELD_OUT };
  return { ...evaluated(job, { name: "static", policy: kept }, options), name: MORE_TRIES };
}

/** What ships against the best policy that stays the same, both chosen on validation samples: a row of a table. */
function against(number: number, job: ServingJob, rows: readonly Row[], ships: Row): string {
  const still = rows.filter(({ adaptive }) => adaptive === undefined);
  const costs = still.map(({ validation }) => validation.cost.mean);
  const rival = still[costs.indexOf(Math.min(...costs))]!;
  const cells = [
    number,
    ships.name,
    rival.name,
    plusMinus(differenceOf(ships, rival, shareOfSample)),
    plusMinus(differenceOf(ships, rival, (sample) => p99OfSample(job, sample))),
  ];
  return `| ${cells.join(" | ")} |`;
}

function differenceOf(
  one: Row,
  other: Row,
  figure: (sample: PolicyEvaluation["samples"][number]) => number,
): Interval {
  const others = other.heldOut.samples.map(figure);
  return intervalOf(one.heldOut.samples.map((sample, at) => figure(sample) - others[at]!));
}

/** Mean over models, in objectives. */
function p99OfSample(
  { objectives }: ServingJob,
  { models }: PolicyEvaluation["samples"][number],
): number {
  const each = models.map(({ latencyNs }, at) => latencyNs.p99 / objectives[at]!);
  return each.reduce((sum, one) => sum + one, 0) / each.length;
}

function nameOf({ name, adaptive }: ComparedPolicy): string {
  return adaptive?.kind === "regimes" ? `${name} (${adaptive.regimes.length} rows)` : name;
}

/** The share of requests that are answered in time, mean over models. */
function shareOf({ samples }: PolicyEvaluation): Interval {
  return intervalOf(samples.map(shareOfSample));
}

function shareOfSample({ models }: PolicyEvaluation["samples"][number]): number {
  const shares = models.map(({ late, shed }) => 1 - late - shed);
  return shares.reduce((sum, each) => sum + each, 0) / shares.length;
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
  const digits = Math.abs(mean) >= 1000 ? 0 : Math.abs(mean) >= 10 ? 2 : 4;
  return `${mean.toFixed(digits)} ± ${half.toFixed(digits)}`;
}
