// Which assumption of the model the predicted speed-ups rest on: `npm run bench:assumptions`.
//
// Each row changes one assumption and searches again; the columns are models and GPUs for which
// speed-ups were published. Nothing is measured.
import { DEVICE_MODELS } from "../../dist/cost/device-models/catalogue.js";
import { kernelsOf } from "../../dist/cost/kernels/operator-kernels.js";
import { residentBlocksPerSm } from "../../dist/cost/occupancy.js";
import { loadModelForBatch } from "../../dist/runtime/load-model.js";
import { gpuProblemOf } from "../../dist/schedule/gpu-problem.js";
import { simulateGpu } from "../../dist/schedule/simulate-gpu.js";
import { searchGpuSchedules } from "../../dist/search/operator/gpu/gpu-candidates.js";

/** Algorithm, model, GPU, published speed-up over one stream (docs/benchmarks.md), batch if not 1. */
const CASES = [
  ["opara", "googlenet", "rtx-2080-super", 1.69],
  ["opara", "inception-v3", "rtx-2080-super", 1.41],
  ["opara", "inception-v3", "rtx-2080-super", 1.09, 32],
  ["opara", "nasnet-a-large", "a100-pcie-40gb", 1.64],
  ["ios", "inception-v3", "v100", 1.64],
  ["ios", "randwire-1", "v100", 1.41],
  ["ios", "nasnet-a-large", "v100", 1.43],
];

const MATRIX = new Set(["Conv", "ConvTranspose", "MatMul", "Gemm"]);
const EPILOGUES = new Set(["Relu", "Clip", "Sigmoid", "BatchNormalization"]);

/** Depthwise convolutions run without tiles, as one kernel that holds no shared memory. */
function isDepthwise({ type }, kernels) {
  return type === "Conv" && kernels.length === 1 && kernels[0].sharedBytesPerBlock === 0;
}

function isProduct({ type }, kernels) {
  return MATRIX.has(type) && !isDepthwise({ type }, kernels);
}

/** The problem with changed kernels of the operators that are chosen. */
function changed(problem, isChosen, change) {
  const { operators } = problem.graph;
  const kernels = problem.kernels.map((list, id) =>
    isChosen(operators[id], list) ? list.map((kernel) => change(kernel, problem.device)) : list,
  );
  return { ...problem, kernels };
}

const every = () => true;
const longer = (factor) => (kernel) => ({
  ...kernel,
  durationNs: Math.round(kernel.durationNs * factor),
});

/** The kernel with so much shared memory that no other fits an SM beside its thread blocks. */
function alone(kernel, device) {
  const blocks = Math.min(
    residentBlocks(kernel, device),
    Math.ceil(kernel.threadBlocks / device.sms),
  );
  return filling(kernel, device, blocks);
}

/** The kernel with so much shared memory that as many of its thread blocks as fit fill an SM. */
function inWholeParts(kernel, device) {
  return filling(kernel, device, residentBlocks(kernel, device));
}

/** The kernel with so much shared memory that `blocks` of its thread blocks fill an SM. */
function filling(kernel, { sharedBytesPerSm, sharedBytesReservedPerBlock }, blocks) {
  const part = Math.floor(sharedBytesPerSm / blocks) - sharedBytesReservedPerBlock;
  return { ...kernel, sharedBytesPerBlock: Math.max(kernel.sharedBytesPerBlock, part) };
}

function residentBlocks(kernel, device) {
  return Math.max(1, residentBlocksPerSm(kernel, device));
}

/** The kernel with its last wave filled up. */
function withoutTail(kernel, device) {
  const wave = device.sms * residentBlocks(kernel, device);
  const { threadBlocks } = kernel;
  return threadBlocks < wave
    ? kernel
    : { ...kernel, threadBlocks: wave * Math.ceil(threadBlocks / wave) };
}

/** The graph without operators that are the only readers of one other and could run inside it. */
function withoutEpilogues(problem, types) {
  const { operators } = problem.graph;
  const head = operators.map(({ id }) => id);
  for (const { id, type, predecessors } of operators) {
    const [from] = predecessors;
    if (types.has(type) && predecessors.length === 1 && operators[from].successors.length === 1) {
      head[id] = head[from];
    }
  }
  const kept = operators.filter(({ id }) => head[id] === id);
  const number = new Map(kept.map(({ id }, at) => [id, at]));
  const among = (ids, own) =>
    [...new Set(ids.map((id) => number.get(head[id])))]
      .filter((id) => id !== own)
      .sort((a, b) => a - b);
  const readers = kept.map(() => []);
  for (const { id, successors } of operators) {
    readers[number.get(head[id])].push(...successors);
  }
  const graph = {
    ...problem.graph,
    operators: kept.map((operator, at) => ({
      ...operator,
      id: at,
      predecessors: among(operator.predecessors, at),
      successors: among(readers[at], at),
    })),
  };
  return { ...problem, graph, kernels: kept.map(({ id }) => problem.kernels[id]) };
}

/** One change each, of { graph, kernels, device, interference }. */
const ASSUMPTIONS = [
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
  ["no kernel has a tail", (problem) => changed(problem, every, withoutTail)],
  [
    "what a kernel's own thread blocks cannot use of an SM, no other's can",
    (problem) => changed(problem, every, inWholeParts),
  ],
  ["no kernel shares an SM with another", (problem) => changed(problem, every, alone)],
  ["no matrix product shares an SM", (problem) => changed(problem, isProduct, alone)],
  ["no depthwise convolution shares an SM", (problem) => changed(problem, isDepthwise, alone)],
  [
    "depthwise convolutions take four times as long",
    (problem) => changed(problem, isDepthwise, longer(4)),
  ],
  [
    "depthwise convolutions take four times as long and share no SM",
    (problem) =>
      changed(problem, isDepthwise, (kernel, device) => longer(4)(alone(kernel, device))),
  ],
];

async function problemOf(name, deviceName, batch = 1) {
  const device = DEVICE_MODELS.find((each) => each.name === deviceName);
  const math = device.flops.tensorFloat32 > device.flops.float32 ? "tf32" : "ieee";
  const loaded = await loadModelForBatch(`fixtures/models/${name}.onnx`, new Map(), {
    batch,
    mayRewrite: true,
  });
  const lowered = loaded.value;
  const { graph } = lowered;
  const kernels = graph.operators.map((operator) => kernelsOf(operator, lowered, device, math));
  return { graph, kernels, device };
}

/** Most operators that run at a time. */
function mostAtOnce(problem, schedule) {
  const { operatorStartNs, operatorEndNs } = simulateGpu(problem.work, schedule);
  const moments = [
    ...Array.from(operatorStartNs, (ns) => [ns, 1]),
    ...Array.from(operatorEndNs, (ns) => [ns, -1]),
  ].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let running = 0;
  let most = 0;
  for (const [, change] of moments) {
    running += change;
    most = Math.max(most, running);
  }
  return most;
}

console.log(
  `| assumption | ${CASES.map(([name, model, device, , batch = 1]) => `${name}, ${model}, ${device}, batch ${batch}`).join(" | ")} |`,
);
console.log(`|---|${CASES.map(() => "---|").join("")}`);
console.log(
  `| published | ${CASES.map(([, , , speedUp]) => `${speedUp.toFixed(2)}x`).join(" | ")} |`,
);
const problems = await Promise.all(
  CASES.map(([, model, device, , batch]) => problemOf(model, device, batch)),
);
const atOnce = [];
for (const [words, change] of ASSUMPTIONS) {
  const cells = CASES.map(([algorithm], at) => {
    const { graph, kernels, device, interference } = change(problems[at]);
    const problem = gpuProblemOf(graph, kernels, device, "estimated", interference);
    const { ranked } = searchGpuSchedules(problem, { algorithms: [algorithm] });
    const found = ranked.find((each) => each.algorithm === algorithm);
    const sequential = ranked.find((each) => each.algorithm === "sequential");
    if (words === ASSUMPTIONS[0][0]) {
      atOnce.push(
        `${found.schedule.streams} streams, at most ${mostAtOnce(problem, found.schedule)} at once`,
      );
    }
    return `${(sequential.predictedNs / found.predictedNs).toFixed(2)}x`;
  });
  console.log(`| ${words} | ${cells.join(" | ")} |`);
}
console.log(`| (streams, operators running) | ${atOnce.join(" | ")} |`);
