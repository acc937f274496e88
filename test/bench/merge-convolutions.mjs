// What merging convolutions is predicted to gain, by model and device: `npm run bench:merges`.
// Arguments: device models, separated by commas; batch.
import { DEVICE_MODELS } from "../../dist/cost/device-models/catalogue.js";
import { kernelsOf } from "../../dist/cost/kernels/operator-kernels.js";
import { loadModel, loadModelForBatch } from "../../dist/runtime/load-model.js";
import { gpuProblemOf } from "../../dist/schedule/gpu-problem.js";
import { searchGpuSchedules } from "../../dist/search/operator/gpu/gpu-candidates.js";
import { MergeSpace } from "../../dist/search/operator/gpu/merge-space.js";

const MODELS = "googlenet inception-v3 squeezenet resnet50 nasnet-a-large randwire-1";
const wanted = process.argv[2]?.split(",") ?? DEVICE_MODELS.map(({ name }) => name);
const batch = Number(process.argv[3] ?? 1);

for (const device of DEVICE_MODELS.filter(({ name }) => wanted.includes(name))) {
  const math = device.flops.tensorFloat32 > device.flops.float32 ? "tf32" : "ieee";
  console.log(`\n### ${device.product} (${math}), batch ${batch}\n`);
  console.log(
    "| model | can be merged | ios | ios, merged | top-compile | top-compile, merged | merged | search |",
  );
  console.log("|---|---|---|---|---|---|---|---|");
  for (const name of MODELS.split(" ")) {
    const path = `fixtures/models/${name}.onnx`;
    const loaded =
      batch === 1
        ? await loadModel(path, new Map())
        : await loadModelForBatch(path, new Map(), { batch, mayRewrite: true });
    if (!loaded.ok) {
      console.log(`| ${name} | ${loaded.error[0].message} | | | | | | |`);
      continue;
    }
    const lowered = loaded.value;
    const kernels = lowered.graph.operators.map((each) => kernelsOf(each, lowered, device, math));
    const problem = gpuProblemOf(lowered.graph, kernels, device, "estimated");
    const merging = new MergeSpace(problem, lowered, math);
    const count = merging.classes.flat().length;
    if (count === 0) {
      console.log(`| ${name} | nothing | | | | | | |`);
      continue;
    }
    const plain = searchGpuSchedules(problem);
    const start = process.cpuUsage();
    const merged = searchGpuSchedules(problem, { merging });
    const { user, system } = process.cpuUsage(start);
    const of = ({ ranked }, algorithm) => ranked.find((each) => each.algorithm === algorithm);
    const us = (candidate) => `${(candidate.predictedNs / 1000).toFixed(1)} us`;
    const gain = (algorithm) => {
      const [before, after] = [of(plain, algorithm), of(merged, algorithm)];
      const share = 1 - after.predictedNs / before.predictedNs;
      return `${us(after)} (${(100 * -share).toFixed(1)} %)`;
    };
    const own = of(merged, "top-compile").merges;
    console.log(
      `| ${name} | ${count} in ${merging.classes.length} | ${us(of(plain, "ios"))} | ${gain("ios")} | ${us(of(plain, "top-compile"))} | ${gain("top-compile")} | ${own.flat().length} as ${own.length} | ${((user + system) / 1e6).toFixed(1)} s |`,
    );
  }
}
