/**
 * Predicted speed-ups over one stream, all fixture models, all device models, with the kernel list that
 * is the default: `npm run bench:devices`. Those of algorithms are over the range of what is assumed; *as used*: of
 * ours, with the figures that are used.
 * Argument: device models, separated by commas. Search times are processor time of all algorithms
 * together.
 */

import { formatFactors } from "../../dist/core/format.js";
import type { DeviceModel } from "../../dist/cost/device-model.js";
import { isCapturable } from "../../dist/cost/kernels/operator-kernels.js";
import { estimatedProblem } from "../../dist/estimate/estimated-problem.js";
import { withKernelList } from "../../dist/onnx/fuse/fuse-operators.js";
import { launchCount } from "../../dist/onnx/kernel-groups.js";
import type { LoweredModel } from "../../dist/onnx/lowered-model.js";
import { searchGpuSchedules } from "../../dist/search/operator/gpu/gpu-candidates.js";
import {
  candidateOf,
  devicesIn,
  FIXTURE_MODELS,
  lowerFixture,
  usualMath,
} from "./fixture-models.js";
import { timed } from "./processor-time.js";

const ALGORITHMS = ["top-compile", "opara", "nimble", "wavefront", "ios"];

for (const device of devicesIn(process.argv[2])) {
  console.log(`\n### ${device.product} (${usualMath(device)}), batch 1\n`);
  console.log(
    `| model | operators | launches | sequential | as used | ${ALGORITHMS.join(" | ")} | bound | bounded by | search |`,
  );
  console.log(`|---|---|---|---|---|${ALGORITHMS.map(() => "---|").join("")}---|---|---|`);
  for (const name of FIXTURE_MODELS) {
    const lowered = withKernelList(await lowerFixture(name), "patterns");
    if (lowered.graph.operators.every(isCapturable)) {
      console.log(rowOf(name, lowered, device));
    }
  }
}

function rowOf(name: string, lowered: LoweredModel, device: DeviceModel): string {
  const problem = estimatedProblem(lowered, device, usualMath(device));
  const { value, seconds } = timed(() => searchGpuSchedules(problem));
  const { ranked, bounds } = value;
  const sequential = candidateOf(ranked, "sequential").predictedNs;
  const gain = (ns: number | undefined): string =>
    ns === undefined ? "-" : `${(sequential / ns).toFixed(2)}x`;
  const cells = ALGORITHMS.map((algorithm) => {
    const speedUp = ranked.find((each) => each.algorithm === algorithm)?.speedUp;
    return speedUp === undefined ? "-" : formatFactors(speedUp);
  });
  const asUsed = gain(candidateOf(ranked, "top-compile").predictedNs);
  const { length } = lowered.graph.operators;
  return `| ${name} | ${length} | ${launchCount(lowered.fused, length)} | ${(sequential / 1000).toFixed(0)} us | ${asUsed} | ${cells.join(" | ")} | ${gain(bounds.lowerBoundNs)} | ${bounds.boundedBy} | ${seconds.toFixed(1)} s |`;
}
