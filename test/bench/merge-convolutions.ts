/**
 * What merging convolutions is predicted to gain, by model and device, every operator a
 * launch: `npm run bench:merges`.
 * Arguments: device models, separated by commas; batch.
 */

import type { DeviceModel } from "../../dist/cost/device-model.js";
import { estimatedProblem } from "../../dist/estimate/estimated-problem.js";
import type { LoweredModel } from "../../dist/onnx/lowered-model.js";
import { loadModel, loadModelForBatch } from "../../dist/runtime/load-model.js";
import type { GpuCandidates } from "../../dist/schedule/gpu-candidate.js";
import { searchGpuSchedules } from "../../dist/search/operator/gpu/gpu-candidates.js";
import { MergeSpace } from "../../dist/search/operator/gpu/merge-space.js";
import { candidateOf, devicesIn, fixturePath, usualMath } from "./fixture-models.js";
import { timed } from "./processor-time.js";

const MODELS = "googlenet inception-v3 squeezenet resnet50 nasnet-a-large randwire-1";
const batch = Number(process.argv[3] ?? 1);

for (const device of devicesIn(process.argv[2])) {
  console.log(`\n### ${device.product} (${usualMath(device)}), batch ${batch}\n`);
  console.log(
    "| model | can be merged | ios | ios, merged | top-compile | top-compile, merged | merged | search |",
  );
  console.log("|---|---|---|---|---|---|---|---|");
  for (const name of MODELS.split(" ")) {
    const options = { dims: new Map() };
    const loaded =
      batch === 1
        ? await loadModel(fixturePath(name), options)
        : await loadModelForBatch(fixturePath(name), options, { batch, mayRewrite: true });
    console.log(
      loaded.ok
        ? rowOf(name, loaded.value, device)
        : `| ${name} | ${loaded.error[0].message} | | | | | | |`,
    );
  }
}

function rowOf(name: string, lowered: LoweredModel, device: DeviceModel): string {
  const math = usualMath(device);
  const problem = estimatedProblem(lowered, device, math);
  const merging = new MergeSpace(problem, lowered, math);
  const count = merging.classes.flat().length;
  if (count === 0) {
    return `| ${name} | nothing | | | | | | |`;
  }
  const plain = searchGpuSchedules(problem);
  const { value: merged, seconds } = timed(() => searchGpuSchedules(problem, { merging }));
  const { merges } = candidateOf(merged.ranked, "top-compile");
  const cells = ["ios", "top-compile"].flatMap((algorithm) => [
    us(plain, algorithm),
    gain(plain, merged, algorithm),
  ]);
  return `| ${name} | ${count} in ${merging.classes.length} | ${cells.join(" | ")} | ${merges.flat().length} as ${merges.length} | ${seconds.toFixed(1)} s |`;
}

function us({ ranked }: GpuCandidates, algorithm: string): string {
  return `${(candidateOf(ranked, algorithm).predictedNs / 1000).toFixed(1)} us`;
}

function gain(plain: GpuCandidates, merged: GpuCandidates, algorithm: string): string {
  const before = candidateOf(plain.ranked, algorithm).predictedNs;
  const after = candidateOf(merged.ranked, algorithm).predictedNs;
  return `${us(merged, algorithm)} (${(100 * (after / before - 1)).toFixed(1)} %)`;
}
