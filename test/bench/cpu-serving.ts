/**
 * Serving on this machine's CPU, predicted and measured: `npm run bench:cpu-serving -- MODEL...` measures models and
 * adds them to `fixtures/measured/cpu-serving.json`; without arguments it prints the tables of that record.
 *
 * For every model: its serving profile; the policy that `static` chooses at three loads, served for real with the same
 * requests three times; and a full grid of threads, sessions and batches at one load, each served for real. The machine
 * must be quiet: what other programs take meanwhile is recorded, and runs that they disturb are made again.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { resolve } from "node:path";
import { drawArrivals } from "../../dist/arrivals/draw-arrivals.js";
import type { Workload } from "../../dist/arrivals/workload.js";
import { formatNs } from "../../dist/core/format.js";
import { median } from "../../dist/core/statistics.js";
import { capacityOf } from "../../dist/launcher/capacity.js";
import { cpuProblemOf, threadsOfVariant } from "../../dist/launcher/cpu-problem.js";
import { countedSpan } from "../../dist/launcher/evaluate-policy.js";
import { type ServingJob, servingJobOf } from "../../dist/launcher/serving-job.js";
import { searchStaticPolicy } from "../../dist/launcher/static-policies.js";
import { measureServing } from "../../dist/profile/serving/measure-serving.js";
import {
  type BatchLowering,
  type ServableModel,
  servableModelOf,
} from "../../dist/profile/serving/served-model.js";
import type { ServingProfile } from "../../dist/profile/serving/serving-profile.js";
import { loadModel, loadModelForBatch } from "../../dist/runtime/load-model.js";
import { openServer, type Server } from "../../dist/runtime/serving/server.js";
import { capacityProblemOf } from "../../dist/schedule/serving/capacity-problem.js";
import { meanOfRecord } from "../../dist/schedule/serving/service-record.js";
import { servingCost } from "../../dist/schedule/serving/serving-cost.js";
import { servingMetrics } from "../../dist/schedule/serving/serving-metrics.js";
import type { LauncherPolicy, ModelPolicy } from "../../dist/schedule/serving/serving-model.js";
import type { ServingRun } from "../../dist/schedule/serving/serving-run.js";
import { simulateServing } from "../../dist/schedule/serving/simulate-serving.js";
import { unwrap as certain } from "./fixture-models.js";

const RECORD = resolve("fixtures/measured/cpu-serving.json");
const BATCHES = [1, 4];
const SEED = 1;
const LOADS = [0.4, 0.6, 0.8];
const GRID_LOAD = 0.7;
const POLICY: ModelPolicy = { periodNs: 0, batch: 1, concurrency: 1, variant: 0 };
/** Time of requests at each load, and for each point of the grid. */
const RUN_NS = 4e9;
const GRID_NS = 2e9;
/** Times that a run at a load is measured. */
const REPEATS = 3;
/** Share of one core that other programs may take meanwhile, and how often it is tried. Runs that they disturb do not count. */
const MOST_OTHERS = 0.06;
const TRIES = 6;
/** Requests of the longest run of small models: more say nothing new. */
const MOST_REQUESTS = 50_000;

/** What is kept of a run. */
interface Figures {
  readonly throughput: number;
  readonly meanNs: number;
  readonly p50Ns: number;
  readonly p99Ns: number;
  /** As policies are compared by. */
  readonly cost: number;
}

/** One configuration, predicted and measured. */
interface RecordedRun {
  readonly load: number;
  readonly ratePerSecond: number;
  readonly threads: number;
  readonly policy: Omit<ModelPolicy, "variant">;
  readonly requests: number;
  readonly predicted: Figures;
  /** Of runs with the same requests, one after the other. */
  readonly measured: readonly MeasuredFigures[];
}

interface MeasuredFigures extends Figures {
  /** Of one core. */
  readonly othersShare: number;
}

interface RecordedModel {
  readonly name: string;
  readonly ratePerSecondAtCapacity: number;
  readonly profile: Pick<ServingProfile, "batches"> & {
    readonly timings: readonly object[];
  };
  readonly runs: readonly RecordedRun[];
  /** The policy that was chosen at the load of the grid, served twice; then all others. */
  readonly chosen: readonly RecordedRun[];
  readonly grid: readonly RecordedRun[];
}

interface ServingRecord {
  readonly machine: ServingProfile["device"];
  readonly models: readonly RecordedModel[];
}

const names = process.argv.slice(2);
for (const name of names) {
  const { machine, model } = await measured(name);
  const before = recorded();
  const models = [...(before?.models ?? []).filter((each) => each.name !== name), model];
  writeFileSync(RECORD, `${JSON.stringify({ machine, models }, undefined, 1)}\n`);
}
const record = recorded();
if (record !== undefined) {
  printTables(record);
}

function recorded(): ServingRecord | undefined {
  return existsSync(RECORD)
    ? (JSON.parse(readFileSync(RECORD, "utf8")) as ServingRecord)
    : undefined;
}

async function measured(name: string) {
  const batches = await loaded(name);
  const measuring = await undisturbed(() => measureServing(batches, { seed: SEED }));
  const profile = certain(measuring.result);
  if (measuring.othersShare > MOST_OTHERS) {
    throw new Error(`other programs took ${measuring.othersShare.toFixed(2)} of a core meanwhile`);
  }
  const sizes = profile.batches.map(({ batch }) => batch);
  const problem = cpuProblemOf([{ name, profile, batches: sizes }]);
  const { attained } = capacityOf(capacityProblemOf(problem, [1]));
  const servable = certain(servableModelOf(name, batches, SEED));
  const jobAt = (load: number, durationNs: number): ServingJob =>
    servingJobOf(problem, workloadOf(name, sizes, load * attained, durationNs));
  const variants = problem.models[0]?.variants ?? [];
  const all: {
    readonly at: number;
    readonly list: "runs" | "chosen" | "grid";
    run: RecordedRun;
  }[] = [];
  const plan = planOf();
  for (const [variant, { name: variantName }] of variants.entries()) {
    const threads = threadsOfVariant(variantName);
    const server = await opened(servable, threads);
    await served(server, [new Float64Array(300)], only({ ...POLICY, variant }));
    for (const [at, { list, load, job, policy }] of plan.entries()) {
      if (policy.models[0]?.variant === variant) {
        const repeats = list === "runs" ? REPEATS : 1;
        const run = await compared(server, { job, load, policy, threads, repeats });
        all.push({ at, list, run });
        console.error(
          JSON.stringify({
            list,
            ...run,
            predicted: run.predicted.p99Ns,
            measured: run.measured.map(({ p99Ns, othersShare }) => [p99Ns, othersShare]),
          }),
        );
      }
    }
    await server.close();
  }
  const listOf = (list: string): readonly RecordedRun[] =>
    all
      .filter((each) => each.list === list)
      .sort((a, b) => a.at - b.at)
      .map(({ run }) => run);
  const { batches: kept, timings } = profile;
  const model: RecordedModel = {
    name,
    ratePerSecondAtCapacity: attained,
    profile: {
      batches: kept,
      timings: timings.map(({ records, ...rest }) => ({
        ...rest,
        records: records.map((record) => {
          const { slowAt: _, slowNs, ...rest } = record;
          return { ...rest, slow: slowNs.length, meanNs: meanOfRecord(record) };
        }),
      })),
    },
    runs: listOf("runs"),
    chosen: listOf("chosen"),
    grid: listOf("grid"),
  };
  return { machine: profile.device, model };

  function planOf() {
    const durationAt = (load: number, most: number): number =>
      Math.min(most, (MOST_REQUESTS / (load * attained)) * 1e9);
    const runs = LOADS.map((load) => {
      const job = jobAt(load, durationAt(load, RUN_NS));
      return { list: "runs" as const, load, job, policy: searchStaticPolicy(job, SEED) };
    });
    const job = jobAt(GRID_LOAD, durationAt(GRID_LOAD, GRID_NS));
    const best = searchStaticPolicy(job, SEED);
    const chosen = [0, 1].map(() => ({
      list: "chosen" as const,
      load: GRID_LOAD,
      job,
      policy: best,
    }));
    const points = variants.flatMap((_, variant) =>
      sizes.flatMap((batch) =>
        Array.from({ length: 2 * availableParallelism() }, (__, at) =>
          only({ periodNs: 0, batch, concurrency: at + 1, variant }),
        ),
      ),
    );
    const grid = points.map((policy) => ({ list: "grid" as const, load: GRID_LOAD, job, policy }));
    return [...runs, ...chosen, ...grid];
  }
}

function only(policy: ModelPolicy): LauncherPolicy {
  return { models: [policy] };
}

async function loaded(name: string): Promise<readonly BatchLowering[]> {
  const small = `fixtures/models/small/${name}.onnx`;
  const path = existsSync(small) ? small : `fixtures/models/${name}.onnx`;
  const options = { dims: new Map<string, number>() };
  const list: BatchLowering[] = [{ batch: 1, lowered: certain(await loadModel(path, options)) }];
  for (const batch of BATCHES.slice(1)) {
    const lowered = await loadModelForBatch(path, options, { batch, mayRewrite: true });
    if (lowered.ok) {
      list.push({ batch, lowered: lowered.value });
    }
  }
  return list;
}

function workloadOf(
  model: string,
  batches: readonly number[],
  ratePerSecond: number,
  durationNs: number,
): Workload {
  const process = { kind: "poisson", ratePerSecond } as const;
  return {
    models: [{ model, process, objectiveNs: undefined, batches }],
    durationNs,
    seed: undefined,
  };
}

async function opened(model: ServableModel, threads: number): Promise<Server> {
  const workers = 2 * availableParallelism();
  return certain(await openServer([{ ...model, threads, workers }]));
}

async function served(
  server: Server,
  arrivals: readonly Float64Array[],
  policy: LauncherPolicy,
): Promise<ServingRun> {
  const run = certain(await server.serve(arrivals, policy, { graceMs: 60_000 }));
  if (run.cut !== undefined) {
    throw new Error(`requests were left over: ${run.cut}`);
  }
  return { ...run, doneNs: { share: 0, arithmetic: 0, bandwidth: 0 }, events: 0 };
}

interface ComparedRun {
  readonly job: ServingJob;
  readonly load: number;
  readonly policy: LauncherPolicy;
  readonly threads: number;
  readonly repeats: number;
}

async function compared(
  server: Server,
  { job, load, policy, threads, repeats }: ComparedRun,
): Promise<RecordedRun> {
  const { problem, workload, objectives } = job;
  const arrivals = drawArrivals(workload, { seed: SEED, purpose: "held-out", episode: 0 });
  const span = countedSpan(workload.durationNs);
  const figuresOf = (run: ServingRun): Figures => {
    const { throughput, latencyNs } = servingMetrics(run, 0, objectives[0], span);
    const { mean, p50, p99 } = latencyNs;
    const cost = servingCost(run, objectives, span);
    return { throughput, meanNs: mean, p50Ns: p50, p99Ns: p99, cost };
  };
  const predicted = figuresOf(simulateServing(problem, arrivals, policy, { seed: SEED }));
  const now: MeasuredFigures[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const { result, othersShare } = await undisturbed(() => served(server, arrivals, policy));
    now.push({ ...figuresOf(result), othersShare });
  }
  const [{ variant: _, ...own }] = policy.models as readonly [ModelPolicy];
  const [{ process: source }] = workload.models as unknown as readonly [
    { readonly process: { readonly ratePerSecond: number } },
  ];
  return {
    load,
    ratePerSecond: source.ratePerSecond,
    threads,
    policy: own,
    requests: arrivals[0]?.length ?? 0,
    predicted,
    measured: now,
  };
}

/** What is measured while other programs take little; of several tries that they disturb the one that they disturb least. */
async function undisturbed<T>(measure: () => Promise<T>) {
  let best: { readonly result: T; readonly othersShare: number } | undefined;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const [before, own, startMs] = [busyMs(), process.cpuUsage(), performance.now()];
    const result = await measure();
    const { user, system } = process.cpuUsage(own);
    const others = busyMs() - before - (user + system) / 1000;
    const othersShare = Math.max(0, others / (performance.now() - startMs));
    if (best === undefined || othersShare < best.othersShare) {
      best = { result, othersShare };
    }
    if (othersShare <= MOST_OTHERS) {
      break;
    }
  }
  return best as NonNullable<typeof best>;
}

/** The runs that other programs did not disturb; of runs that they all disturbed the least disturbed one. */
function undisturbedOf(runs: readonly MeasuredFigures[]): readonly MeasuredFigures[] {
  const steady = runs.filter(({ othersShare }) => othersShare <= MOST_OTHERS);
  const least = Math.min(...runs.map(({ othersShare }) => othersShare));
  return steady.length > 0 ? steady : runs.filter(({ othersShare }) => othersShare === least);
}

/** Time for which the cores were busy so far. */
function busyMs(): number {
  return cpus().reduce(
    (sum, { times }) => sum + times.user + times.nice + times.sys + times.irq,
    0,
  );
}

function printTables({ machine, models }: ServingRecord): void {
  const { name, logicalCores, node, onnxruntime } = machine;
  console.log(`\n${name}, ${logicalCores} cores, Node ${node}, ONNX Runtime ${onnxruntime}\n`);
  console.log(
    "| model | load | sessions x threads, batch | requests/s | answered/s: predicted, measured | p50 | p99: predicted, measured |",
  );
  console.log("|---|---|---|---|---|---|---|");
  const counts = { runs: 0, throughput: 0, tail: 0, within: 0, repeats: 0, steady: 0 };
  for (const { name: model, runs } of models) {
    for (const { load, ratePerSecond, threads, policy, predicted, measured: all } of runs) {
      const now = undisturbedOf(all);
      const tails = now.map(({ p99Ns }) => p99Ns).sort((a, b) => a - b);
      const [least, middle, most] = [tails[0] ?? 0, median(tails), tails.at(-1) ?? 0];
      const rate = median(now.map(({ throughput }) => throughput));
      counts.runs++;
      counts.throughput += Math.abs(predicted.throughput / rate - 1) <= 0.1 ? 1 : 0;
      counts.tail += isNear(predicted.p99Ns, middle) ? 1 : 0;
      counts.within += predicted.p99Ns >= 0.75 * least && predicted.p99Ns <= 1.25 * most ? 1 : 0;
      counts.repeats += tails.length;
      counts.steady += tails.filter((each) => isNear(each, middle)).length;
      console.log(
        `| ${model} | ${load} | ${policy.concurrency} x ${threads}, ${policy.batch} | ${ratePerSecond.toFixed(0)} | ${predicted.throughput.toFixed(0)}, ${rate.toFixed(0)} | ${formatNs(predicted.p50Ns)}, ${formatNs(median(now.map(({ p50Ns }) => p50Ns)))} | ${formatNs(predicted.p99Ns)}, ${tails.map(formatNs).join(" / ")} |`,
      );
    }
  }
  console.log(`
Throughput within 10 %: ${counts.throughput} of ${counts.runs} runs.
p99 within 25 % of the middle measured run: ${counts.tail} of ${counts.runs}; of 0.75 times the least to 1.25 times the
largest: ${counts.within}. Measured runs whose own p99 is within 25 % of their middle one: ${counts.steady} of ${counts.repeats}.
`);
  console.log("| model | chosen | its cost | best of the grid | its cost | worst |");
  console.log("|---|---|---|---|---|---|");
  for (const { name: model, chosen, grid } of models) {
    const words = ({ policy, threads }: RecordedRun): string =>
      `${policy.concurrency} x ${threads}, ${policy.batch}`;
    const costOf = ({ measured: now }: RecordedRun): number => now[0]?.cost ?? 0;
    const sorted = [...grid].sort((a, b) => costOf(a) - costOf(b));
    const [first] = sorted as [RecordedRun];
    const costs = undisturbedOf(chosen.flatMap(({ measured: now }) => now)).map(({ cost }) =>
      cost.toFixed(3),
    );
    const worst = sorted.map(costOf).at(-1)?.toFixed(3);
    console.log(
      `| ${model} | ${words(chosen[0] as RecordedRun)} | ${costs.join(", ")} | ${words(first)} | ${costOf(first).toFixed(3)} | ${worst} |`,
    );
  }
}

function isNear(ns: number, wantedNs: number): boolean {
  return Math.abs(ns / wantedNs - 1) <= 0.25;
}
