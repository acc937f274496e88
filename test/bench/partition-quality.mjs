// Partitions of all fixture models by all methods: `npm run bench:partition`.
import { performance } from "node:perf_hooks";
import { DEVICE_MODELS } from "../../dist/cost/device-models/catalogue.js";
import { kernelsOf } from "../../dist/cost/kernels/operator-kernels.js";
import { lowerModel } from "../../dist/onnx/lower.js";
import { readModel } from "../../dist/onnx/read-model.js";
import { equalDevices, partitionProblemOf } from "../../dist/partition/partition-problem.js";
import { searchPartition } from "../../dist/partition/search-partition.js";
import { gpuProblemOf } from "../../dist/search/operator/gpu/gpu-problem.js";

const MODELS =
  "googlenet inception-v3 squeezenet resnet50 nasnet-a-large randwire-1 randwire-2 bert-base gpt2 t5-small dlrm flava swin-t two-branch";
const device = DEVICE_MODELS.find(({ name }) => name === "h100");
for (const name of MODELS.split(" ")) {
  const model = readModel(`fixtures/models/${name}.onnx`);
  const { value: lowered } = await lowerModel(model.value, { dims: new Map() });
  const kernels = lowered.graph.operators.map((o) => kernelsOf(o, lowered, device, "tf32"));
  const durationNs = gpuProblemOf(lowered.graph, kernels, device, "estimated").costs.durationNs;
  for (const stages of [2, 4, 8]) {
    const problem = partitionProblemOf(lowered.graph, durationNs, {
      devices: equalDevices(stages),
      link: { latencyNs: 10000, bytesPerSecond: 25e9 },
    });
    const start = performance.now();
    const found = searchPartition(problem);
    const ms = performance.now() - start;
    if (!found.ok) {
      console.log(name, found.error);
      continue;
    }
    const { candidates, lowerBoundNs, status } = found.value;
    console.log(
      name,
      lowered.graph.operators.length,
      stages,
      (lowerBoundNs / 1000).toFixed(1),
      candidates.map((c) => `${c.method} ${(c.periodNs / lowerBoundNs).toFixed(3)}`).join("  "),
      status,
      ms.toFixed(0),
    );
  }
}
