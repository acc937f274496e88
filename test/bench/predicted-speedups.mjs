// Predicted speed-ups over one stream, all fixture models, all device models: `npm run bench:devices`.
// Search times are processor time of all algorithms together.
import { DEVICE_MODELS } from "../../dist/cost/device-models/catalogue.js";
import { isCapturable, kernelsOf } from "../../dist/cost/kernels/operator-kernels.js";
import { lowerModel } from "../../dist/onnx/lower.js";
import { readModel } from "../../dist/onnx/read-model.js";
import { gpuProblemOf } from "../../dist/schedule/gpu-problem.js";
import { searchGpuSchedules } from "../../dist/search/operator/gpu/gpu-candidates.js";

const MODELS =
  "googlenet inception-v3 squeezenet resnet50 nasnet-a-large randwire-1 randwire-2 bert-base gpt2 t5-small dlrm flava swin-t two-branch";
const ALGORITHMS = ["top-compile", "opara", "nimble", "wavefront", "ios"];
const wanted = process.argv[2]?.split(",") ?? DEVICE_MODELS.map(({ name }) => name);

for (const device of DEVICE_MODELS.filter(({ name }) => wanted.includes(name))) {
  const math = device.flops.tensorFloat32 > device.flops.float32 ? "tf32" : "ieee";
  console.log(`\n### ${device.product} (${math}), batch 1\n`);
  console.log(
    `| model | operators | sequential | ${ALGORITHMS.join(" | ")} | bound | bounded by | search |`,
  );
  console.log(`|---|---|---|${ALGORITHMS.map(() => "---|").join("")}---|---|---|`);
  for (const name of MODELS.split(" ")) {
    const model = readModel(`fixtures/models/${name}.onnx`);
    const { value: lowered } = await lowerModel(model.value, { dims: new Map() });
    const { operators } = lowered.graph;
    if (!operators.every(isCapturable)) {
      continue;
    }
    const kernels = operators.map((operator) => kernelsOf(operator, lowered, device, math));
    const problem = gpuProblemOf(lowered.graph, kernels, device, "estimated");
    const start = process.cpuUsage();
    const { ranked, bounds } = searchGpuSchedules(problem);
    const { user, system } = process.cpuUsage(start);
    const seconds = (user + system) / 1e6;
    const ns = (algorithm) => ranked.find((each) => each.algorithm === algorithm)?.predictedNs;
    const sequential = ns("sequential");
    const gain = (time) => (time === undefined ? "-" : `${(sequential / time).toFixed(2)}x`);
    const cells = ALGORITHMS.map((algorithm) => gain(ns(algorithm)));
    console.log(
      `| ${name} | ${operators.length} | ${(sequential / 1000).toFixed(0)} us | ${cells.join(" | ")} | ${gain(bounds.lowerBoundNs)} | ${bounds.boundedBy} | ${seconds.toFixed(1)} s |`,
    );
  }
}
