/**
 * Partitions of all fixture models by all methods, small made-up models against the optimum, and
 * what the weights of GPG are worth: `npm run bench:partition`. With an argument: these models
 * only, or only the made-up ones for "".
 */
import { seededRandom } from "../../dist/core/random.js";
import { contractGraph } from "../../dist/ir/contract-graph.js";
import { decodeParameters } from "../../dist/learn/fixed-point.js";
import { withKernelList } from "../../dist/onnx/fuse/fuse-operators.js";
import { anneal } from "../../dist/partition/annealing.js";
import { exhaustivePartition } from "../../dist/partition/exhaustive.js";
import { refineByPolicy } from "../../dist/partition/gpg/gpg.js";
import { PRETRAINED_WEIGHTS } from "../../dist/partition/gpg/pretrained-weights.js";
import { climbHill } from "../../dist/partition/hill-climbing.js";
import { partitionGraphOf } from "../../dist/partition/partition-graph.js";
import {
  equalDevices,
  type PartitionProblem,
  partitionProblemOf,
} from "../../dist/partition/partition-problem.js";
import { type PartitionMethod, searchPartition } from "../../dist/partition/search-partition.js";
import { estimatedCosts } from "../../dist/staging/model-costs.js";
import { deviceNamed, FIXTURE_MODELS, lowerFixture, unwrap } from "./fixture-models.js";
import { syntheticProblem } from "./gpg-training/synthetic-problems.js";
import { judgePolicy, lessonOf, syntheticLessons } from "./gpg-training/training.js";
import { timed } from "./processor-time.js";

const [, , given] = process.argv;
const models = given?.split(" ").filter((each) => each !== "") ?? FIXTURE_MODELS;
/** The methods beside `gpg`. */
const RIVALS: readonly PartitionMethod[] = ["greedy", "chain-dp", "hill-climbing", "annealing"];
const LINK = { latencyNs: 10_000, bytesPerSecond: 25e9 };
const device = deviceNamed("h100");
const trained = decodeParameters(PRETRAINED_WEIGHTS);
const untrained = new Float64Array(trained.length);

/** As `partition` cuts a model: what one launch computes stays together, and each kernel has its gap. */
async function problemsOf(name: string): Promise<readonly PartitionProblem[]> {
  const listed = withKernelList(await lowerFixture(name), "patterns");
  const { durationNs, groupOf } = estimatedCosts(listed, device, "tf32");
  const { graph, unitOf } = contractGraph(listed.graph, groupOf);
  const unitNs = new Float64Array(graph.operators.length);
  unitOf.forEach((unit, id) => {
    unitNs[unit] = (unitNs[unit] ?? 0) + (durationNs[id] ?? 0);
  });
  return [2, 4, 8].map((stages) =>
    partitionProblemOf(graph, unitNs, { devices: equalDevices(stages), link: LINK }),
  );
}

/** Periods over the lower bound, of every method. */
function tableRow(name: string, problem: PartitionProblem): { text: string; gain: number } {
  const { value: outcome, seconds } = timed(() => unwrap(searchPartition(problem)));
  const lesson = lessonOf(problem);
  const long = timed(() =>
    anneal(lesson.graph, lesson.start.partition, { steps: 1_000_000, random: seededRandom(1) }),
  );
  const isProved = outcome.status === "optimal";
  const tuned = isProved
    ? undefined
    : timed(() => unwrap(searchPartition(problem, { fineTune: 20 })));
  const ratio = (ns: number | undefined): string =>
    ns === undefined ? "" : (ns / outcome.lowerBoundNs).toFixed(3);
  const best = outcome.periodNs;
  const rivals = RIVALS.map(
    (method) => outcome.candidates.find((each) => each.method === method)?.periodNs,
  );
  const others = rivals.map((ns) => ns ?? Number.POSITIVE_INFINITY);
  const gain = Math.min(...others, long.value.periodNs) / best - 1;
  return {
    gain,
    text: `| ${name} | ${problem.graph.operators.length} | ${problem.devices.length} | ${(outcome.lowerBoundNs / 1000).toFixed(1)} | ${rivals.map(ratio).join(" | ")} | ${ratio(long.value.periodNs)} | ${ratio(best)}${isProved ? " (optimal)" : ""} | ${tuned === undefined ? "" : ratio(tuned.value.periodNs)} | ${long.seconds.toFixed(1)} | ${seconds.toFixed(1)} | ${tuned === undefined ? "" : tuned.seconds.toFixed(1)} |`,
  };
}

console.log(
  "| model | units | stages | bound, us | greedy | chain-dp | hill-climbing | annealing | annealing, 10x | gpg | gpg, 20 iterations | annealing 10x, s | gpg, s | tuned, s |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|",
);
const gains: number[] = [];
for (const name of models) {
  for (const problem of await problemsOf(name)) {
    const { text, gain } = tableRow(name, problem);
    gains.push(gain);
    console.log(text);
  }
}
const better = gains.filter((gain) => gain > 1e-9);
console.log(
  `\ngpg better than every other method in ${better.length} of ${gains.length} rows, by up to ${(100 * Math.max(0, ...gains)).toFixed(1)} %; never worse: ${gains.every((gain) => gain >= 0)}`,
);

if (given === undefined || given === "") {
  againstOptimum();
  compareWeights();
}

/** Small made-up models for which everything can be tried or ruled out. */
function againstOptimum(): void {
  const random = seededRandom(31);
  const names = ["chain-dp", "hill-climbing", "annealing", "gpg", "gpg, untrained"];
  const sums = names.map((name) => ({ name, excess: 0, optimal: 0, worst: 0 }));
  let count = 0;
  let operators = 0;
  while (count < 100) {
    const problem = syntheticProblem(random);
    const graph = partitionGraphOf(problem);
    const stages = problem.devices.length;
    const { start, cutter } = lessonOf(problem);
    const proof = exhaustivePartition(graph, stages, start.periodNs, 1_000_000);
    if (graph.operators > 80 || !proof.isComplete) {
      continue;
    }
    count++;
    operators += graph.operators;
    const best = proof.found?.periodNs ?? start.periodNs;
    const gpg = (parameters: Float64Array): number =>
      refineByPolicy(problem.graph, graph, cutter, [start], {
        parameters,
        rounds: 6,
        fineTune: 0,
        lowerBoundNs: 0,
        random: seededRandom(1),
      }).found.periodNs;
    const found = [
      start.periodNs,
      climbHill(graph, start.partition, seededRandom(1)).periodNs,
      anneal(graph, start.partition, { steps: 100_000, random: seededRandom(1) }).periodNs,
      gpg(trained),
      gpg(untrained),
    ];
    found.forEach((periodNs, i) => {
      const sum = sums[i]!;
      sum.excess += periodNs / best - 1;
      sum.worst = Math.max(sum.worst, periodNs / best - 1);
      sum.optimal += periodNs <= best * (1 + 1e-12) ? 1 : 0;
    });
  }
  console.log(
    `\n${count} made-up models of ${(operators / count).toFixed(0)} operators on average, against the proved optimum\n\n| method | optimal | mean above optimum | worst |\n|---|---|---|---|`,
  );
  for (const { name, excess, optimal, worst } of sums) {
    console.log(
      `| ${name} | ${((100 * optimal) / count).toFixed(0)} % | ${((100 * excess) / count).toFixed(2)} % | ${(100 * worst).toFixed(1)} % |`,
    );
  }
}

/** The same rounds with trained weights and with none. */
function compareWeights(): void {
  const lessons = syntheticLessons(100, 777);
  console.log("\n| rounds | no weights | trained weights |\n|---|---|---|");
  for (const rounds of [1, 4]) {
    const judge = (weights: Float64Array): string => {
      const values = [1, 2, 3].map((seed) => judgePolicy(lessons, weights, rounds, seed));
      return (values.reduce((sum, each) => sum + each, 0) / 3).toFixed(4);
    };
    console.log(`| ${rounds} | ${judge(untrained)} | ${judge(trained)} |`);
  }
}
