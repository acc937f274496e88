/**
 * The serving simulator: how fast it is, and how near to kernels: `npm run bench:serving`. Argument: a device model.
 *
 * Times are processor time of this process; ratios are of simulated times, so neither depends on what else
 * the machine does.
 */
import { type ArrivalSample, drawArrivals } from "../../dist/arrivals/draw-arrivals.js";
import { estimatedProblem } from "../../dist/estimate/estimated-problem.js";
import { joinTasks } from "../../dist/ir/join-tasks.js";
import { capacityOf } from "../../dist/launcher/capacity.js";
import { type BatchedLowering, servingModelOf } from "../../dist/launcher/variant-library.js";
import { gpuProblemOf } from "../../dist/schedule/gpu-problem.js";
import type { OperatorSchedule } from "../../dist/schedule/operator-schedule.js";
import { capacityProblemOf } from "../../dist/schedule/serving/capacity-problem.js";
import type {
  ServingModel,
  ServingProblem,
  TaskProfile,
} from "../../dist/schedule/serving/serving-model.js";
import { simulateServing } from "../../dist/schedule/serving/simulate-serving.js";
import { foldProfile, taskProfileOf } from "../../dist/schedule/serving/task-profile.js";
import { gpuMakespan } from "../../dist/schedule/simulate-gpu.js";
import { sideBySide } from "../../dist/search/operator/gpu/side-by-side.js";
import { searchOpara } from "../../dist/search/operator/opara.js";
import { searchSequential } from "../../dist/search/operator/sequential.js";
import { deviceNamed, lowerFixture, usualMath } from "./fixture-models.js";

const device = deviceNamed(process.argv[2] ?? "h200");
const math = usualMath(device);
const MODELS = ["googlenet", "squeezenet", "resnet50", "bert-base"];
const SAMPLE: ArrivalSample = { seed: 1, purpose: "held-out", episode: 0 };

/** Stages of a task: all, or folded into so many. */
const DETAILS = [Number.POSITIVE_INFINITY, 64, 8];

/** Tasks of one simulation. */
const TASKS = 30_000;

console.log(`\nSimulated tasks a minute of processor time, ${device.product}, eight in flight\n`);
console.log("| model | stages of a task | load | tasks a minute | stages a second |");
console.log("|---|---|---|---|---|");
for (const name of MODELS) {
  const lowered: BatchedLowering = { batch: 1, lowered: await lowerFixture(name) };
  const model = servingModelOf(name, [lowered], { device, math, seed: 1 });
  const { interference } = estimatedProblem(lowered.lowered, device, math).work;
  const { atMost } = capacityOf(
    capacityProblemOf({ device: { kind: "gpu", interference }, models: [model] }, [1], [8]),
  );
  for (const most of DETAILS) {
    for (const load of [0.5, 0.8]) {
      console.log(speedRow(name, folded(model, most), { interference, load, rate: load * atMost }));
    }
  }
}

console.log(
  "\nLast end of tasks that begin together, to that of their kernels simulated as one graph\n",
);
console.log("| schedule | tasks | last end, us | all stages | 64 stages | 8 stages |");
console.log("|---|---|---|---|---|---|");
for (const [name, search] of [
  ["sequential", searchSequential],
  ["opara", searchOpara],
] as const) {
  for (const model of MODELS) {
    const { graph, ...lowered } = await lowerFixture(model);
    const problem = estimatedProblem({ graph, ...lowered }, device, math);
    for (const count of [1, 2, 4, 8]) {
      const schedule = search(problem);
      const joint = joinTasks(
        Array.from({ length: count }, (_, at) => ({ graph, prefix: `t${at}:`, done: 0 })),
      );
      const kernels = Array.from(joint.origin, (operator) => problem.kernels[operator] ?? []);
      const { work } = gpuProblemOf(joint.graph, kernels, device, "estimated");
      const together = sideBySide(
        joint,
        Array.from({ length: count }, (): OperatorSchedule => schedule),
      );
      const exact = gpuMakespan(work, together);
      const profile = taskProfileOf(problem.work, schedule);
      const ratios = DETAILS.map((most) =>
        (lastEnd(foldProfile(profile, most), count, work.interference) / exact).toFixed(3),
      );
      const cells = [name, `${count} of ${model}`, (exact / 1000).toFixed(0), ...ratios];
      console.log(`| ${cells.join(" | ")} |`);
    }
  }
}

function folded(model: ServingModel, most: number): ServingModel {
  const variant = model.variants.at(-1);
  const runs = (variant?.runs ?? []).map((run) => ({
    ...run,
    profile: foldProfile(run.profile, most),
  }));
  return { ...model, variants: [{ name: "top-compile", runs }] };
}

type Interference = Extract<ServingProblem["device"], { kind: "gpu" }>["interference"];

function speedRow(
  name: string,
  model: ServingModel,
  { interference, load, rate }: { interference: Interference; load: number; rate: number },
): string {
  const workload = {
    models: [
      {
        model: name,
        process: { kind: "poisson", ratePerSecond: rate } as const,
        objectiveNs: undefined,
        batches: [1],
      },
    ],
    durationNs: (TASKS / rate) * 1e9,
    seed: undefined,
  };
  const arrivals = drawArrivals(workload, SAMPLE);
  const policy = { models: [{ periodNs: 0, batch: 1, concurrency: 8, variant: 0 }] };
  const before = process.cpuUsage();
  const { events, launches } = simulateServing(
    { device: { kind: "gpu", interference }, models: [model] },
    arrivals,
    policy,
  );
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1e6;
  const perMinute = (60 * (launches[0] ?? 0)) / seconds;
  const stages = model.variants[0]?.runs[0]?.profile.ns.length;
  const cells = [name, stages, load, perMinute.toPrecision(2), (events / seconds).toPrecision(2)];
  return `| ${cells.map(grouped).join(" | ")} |`;
}

function grouped(cell: string | number | undefined): string {
  const number = Number(cell);
  return Number.isInteger(number)
    ? String(number).replace(/\B(?=(\d{3})+$)/g, ",")
    : Number(cell) > 1000
      ? grouped(Math.round(Number(cell)))
      : String(cell);
}

/** The last end of `count` tasks that are launched at once. */
function lastEnd(profile: TaskProfile, count: number, interference: Interference): number {
  const run = { batch: 1, profile, workspaceBytes: 0 };
  const { endNs } = simulateServing(
    {
      device: { kind: "gpu", interference },
      models: [{ name: "m", residentBytes: 0, variants: [{ name: "v", runs: [run] }] }],
    },
    [new Float64Array(count)],
    { models: [{ periodNs: 0, batch: 1, concurrency: count, variant: 0 }] },
  );
  return Math.max(...(endNs[0] ?? []));
}
