/**
 * Which assumption of the model the predicted speed-ups rest on: `npm run bench:assumptions`.
 *
 * Each row changes one assumption and searches again; the columns are models and GPUs for which
 * speed-ups were published. Nothing is measured. Argument: how many of the columns, from the left.
 */

import type { DeviceModel } from "../../dist/cost/device-model.js";
import type { Kernel } from "../../dist/cost/kernel.js";
import { estimatedProblem } from "../../dist/estimate/estimated-problem.js";
import type { Operator } from "../../dist/ir/operator-graph.js";
import { loadModelForBatch } from "../../dist/runtime/load-model.js";
import type { GpuAlgorithm } from "../../dist/schedule/algorithm-names.js";
import { type GpuProblem, gpuProblemOf } from "../../dist/schedule/gpu-problem.js";
import type { OperatorSchedule } from "../../dist/schedule/operator-schedule.js";
import { simulateGpu } from "../../dist/schedule/simulate-gpu.js";
import { searchGpuSchedules } from "../../dist/search/operator/gpu/gpu-candidates.js";
import { candidateOf, deviceNamed, fixturePath, unwrap, usualMath } from "./fixture-models.js";
import { withoutEpilogues } from "./without-epilogues.js";

/** A speed-up over one stream that was published (docs/benchmarks.md). */
interface Case {
  readonly algorithm: GpuAlgorithm;
  readonly model: string;
  readonly gpu: string;
  readonly published: number;
  readonly batch: number;
}

const CASES: readonly Case[] = [
  { algorithm: "opara", model: "googlenet", gpu: "rtx-2080-super", published: 1.69, batch: 1 },
  { algorithm: "opara", model: "nasnet-a-large", gpu: "a100-pcie-40gb", published: 1.65, batch: 1 },
  { algorithm: "ios", model: "inception-v3", gpu: "v100", published: 1.58, batch: 1 },
  { algorithm: "ios", model: "randwire-1", gpu: "v100", published: 1.41, batch: 1 },
  { algorithm: "ios", model: "nasnet-a-large", gpu: "v100", published: 1.43, batch: 1 },
];

/** A problem as far as assumptions change it. */
type Assumed = Pick<GpuProblem, "graph" | "kernels" | "device"> & {
  readonly interference?: Parameters<typeof gpuProblemOf>[4];
};

type ChosenOperators = (operator: Operator, kernels: readonly Kernel[]) => boolean;
type KernelChange = (kernel: Kernel, device: DeviceModel) => Kernel;

const MATRIX = new Set(["Conv", "ConvTranspose", "MatMul", "Gemm"]);
const EPILOGUES = new Set(["Relu", "Clip", "Sigmoid", "BatchNormalization"]);

/** Depthwise convolutions run without tiles, as one kernel that holds no shared memory. */
function isDepthwise({ type }: Operator, kernels: readonly Kernel[]): boolean {
  return type === "Conv" && kernels.length === 1 && kernels[0]?.sharedBytesPerBlock === 0;
}

function isProduct(operator: Operator, kernels: readonly Kernel[]): boolean {
  return MATRIX.has(operator.type) && !isDepthwise(operator, kernels);
}

/** The problem with changed kernels of the operators that are chosen. */
function changed(problem: Assumed, isChosen: ChosenOperators, change: KernelChange): Assumed {
  const { operators } = problem.graph;
  const kernels = problem.kernels.map((list, id) =>
    isChosen(operators[id]!, list) ? list.map((kernel) => change(kernel, problem.device)) : list,
  );
  return { ...problem, kernels };
}

const longer =
  (factor: number): KernelChange =>
  (kernel) => ({ ...kernel, durationNs: Math.round(kernel.durationNs * factor) });

const ASSUMPTIONS: readonly (readonly [words: string, change: (problem: Assumed) => Assumed])[] = [
  ["as it is", (problem) => problem],
  [
    "activations and normalisations run inside what they follow",
    (problem) => withoutEpilogues(problem, EPILOGUES),
  ],
  ["matrix products take twice as long", (problem) => changed(problem, isProduct, longer(2))],
  [
    "launch gaps and events cost nothing",
    (problem) => ({ ...problem, device: { ...problem.device, launchGapNs: 0, eventNs: 0 } }),
  ],
  [
    "events take 5 us longer",
    (problem) => ({
      ...problem,
      device: { ...problem.device, eventNs: problem.device.eventNs + 5000 },
    }),
  ],
  [
    "each neighbour costs 10 % instead of 2 %",
    (problem) => ({ ...problem, interference: { arithmetic: 0.1, mixed: 0.1, bandwidth: 0.1 } }),
  ],
  [
    "thread blocks of several kernels share an SM",
    (problem) => ({ ...problem, device: { ...problem.device, sharing: "shared" } }),
  ],
  [
    "depthwise convolutions take a quarter of the time",
    (problem) => changed(problem, isDepthwise, longer(1 / 4)),
  ],
  [
    "both",
    (problem) =>
      changed(
        { ...problem, device: { ...problem.device, sharing: "shared" } },
        isDepthwise,
        longer(1 / 4),
      ),
  ],
];

async function problemOf({ model, gpu, batch }: Case): Promise<GpuProblem> {
  const device = deviceNamed(gpu);
  const options = { batch, mayRewrite: true };
  const loaded = await loadModelForBatch(fixturePath(model), { dims: new Map() }, options);
  return estimatedProblem(unwrap(loaded), device, usualMath(device));
}

/** Most operators that run at a time. */
function mostAtOnce(problem: GpuProblem, schedule: OperatorSchedule): number {
  const { operatorStartNs, operatorEndNs } = simulateGpu(problem.work, schedule);
  const moments = [
    ...Array.from(operatorStartNs, (ns) => ({ ns, change: 1 })),
    ...Array.from(operatorEndNs, (ns) => ({ ns, change: -1 })),
  ].sort((a, b) => a.ns - b.ns || a.change - b.change);
  let running = 0;
  let most = 0;
  for (const { change } of moments) {
    running += change;
    most = Math.max(most, running);
  }
  return most;
}

/** The speed-up of an algorithm under an assumption, and how far its schedule goes. */
function speedUpOf(algorithm: GpuAlgorithm, { graph, kernels, device, interference }: Assumed) {
  const problem = gpuProblemOf(graph, kernels, device, "estimated", interference);
  const { ranked } = searchGpuSchedules(problem, { algorithms: [algorithm] });
  const { predictedNs, schedule } = candidateOf(ranked, algorithm);
  const ratio = candidateOf(ranked, "sequential").predictedNs / predictedNs;
  const atOnce = `${schedule.streams} streams, at most ${mostAtOnce(problem, schedule)} at once`;
  return { text: `${ratio.toFixed(2)}x`, atOnce };
}

const cases = CASES.slice(0, Number(process.argv[2] ?? CASES.length));
const heads = cases.map(
  ({ algorithm, model, gpu, batch }) => `${algorithm}, ${model}, ${gpu}, batch ${batch}`,
);
console.log(`| assumption | ${heads.join(" | ")} |`);
console.log(`|---|${cases.map(() => "---|").join("")}`);
console.log(
  `| published | ${cases.map(({ published }) => `${published.toFixed(2)}x`).join(" | ")} |`,
);
const problems = await Promise.all(cases.map(problemOf));
let atOnce: readonly string[] | undefined;
for (const [words, change] of ASSUMPTIONS) {
  const found = cases.map(({ algorithm }, at) => speedUpOf(algorithm, change(problems[at]!)));
  console.log(`| ${words} | ${found.map(({ text }) => text).join(" | ")} |`);
  atOnce ??= found.map((each) => each.atOnce);
}
console.log(`| (streams, operators running) | ${(atOnce ?? []).join(" | ")} |`);
