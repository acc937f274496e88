// How fast the GPU searches and their simulator are: `npm run bench:gpu-search`.
//
// Times are processor time of this process, medians of several runs after a warm-up; each table is
// made in one run, so that its ratios hold on a busy machine as well.
import { DEVICE_MODELS } from "../../dist/cost/device-models/catalogue.js";
import { kernelsOf } from "../../dist/cost/kernels/operator-kernels.js";
import { bottomLevels } from "../../dist/ir/path-lengths.js";
import { lowerModel } from "../../dist/onnx/lower.js";
import { readModel } from "../../dist/onnx/read-model.js";
import { GpuEngine } from "../../dist/schedule/gpu-engine.js";
import { gpuProblemOf } from "../../dist/schedule/gpu-problem.js";
import { gpuArcsOf } from "../../dist/schedule/gpu-streams.js";
import {
  GPU_ALGORITHMS,
  searchGpuSchedules,
} from "../../dist/search/operator/gpu/gpu-candidates.js";
import { pathsOf, shareStreams } from "../../dist/search/operator/nimble.js";
import { inheritStreams, searchOpara } from "../../dist/search/operator/opara.js";

const device = DEVICE_MODELS.find(({ name }) => name === (process.argv[2] ?? "a100-pcie-40gb"));

async function problemOf(name) {
  const model = readModel(`fixtures/models/${name}.onnx`);
  const { value: lowered } = await lowerModel(model.value, { dims: new Map() });
  const { operators } = lowered.graph;
  const kernels = operators.map((operator) => kernelsOf(operator, lowered, device, "ieee"));
  return gpuProblemOf(lowered.graph, kernels, device, "estimated");
}

/** Median processor time of `work`, in milliseconds; short work is repeated inside a sample. */
function timed(work, samples = 9) {
  const cpu = (repeats) => {
    const before = process.cpuUsage();
    for (let i = 0; i < repeats; i++) {
      work();
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 / repeats;
  };
  const first = cpu(1);
  const repeats = Math.max(1, Math.min(2000, Math.round(20 / Math.max(first, 0.01))));
  cpu(repeats);
  const times = Array.from({ length: samples }, () => cpu(repeats)).sort((a, b) => a - b);
  return times[samples >> 1];
}

const ms = (value) => (value < 10 ? value.toFixed(value < 0.1 ? 4 : 2) : value.toFixed(0));

console.log(`\nStream allocation alone, milliseconds (published: Opara, Table 1)\n`);
console.log("| model | operators | opara | published | nimble | published |");
console.log("|---|---|---|---|---|---|");
const published = {
  "bert-base": [0.58, 20.8],
  googlenet: [0.27, 5.8],
  "nasnet-a-large": [1.75, 257.83],
  "inception-v3": [0.5, 14.4],
  "t5-small": [2.8, 161.4],
};
for (const [name, [opara, nimble]] of Object.entries(published)) {
  const { graph } = await problemOf(name);
  const streams = timed(() => inheritStreams(graph));
  const paths = timed(() => shareStreams(graph, pathsOf(graph)));
  console.log(
    `| ${name} | ${graph.operators.length} | ${ms(streams)} | ${opara} | ${ms(paths)} | ${nimble} |`,
  );
}

console.log(`\nWhole searches on ${device.product}, milliseconds\n`);
console.log(`| model | operators | ${GPU_ALGORITHMS.join(" | ")} |`);
console.log(`|---|---|${GPU_ALGORITHMS.map(() => "---|").join("")}`);
for (const name of ["googlenet", "inception-v3", "randwire-1", "nasnet-a-large"]) {
  const problem = await problemOf(name);
  const cells = GPU_ALGORITHMS.map((algorithm) =>
    ms(timed(() => searchGpuSchedules(problem, { algorithms: [algorithm] }), 3)),
  );
  console.log(`| ${name} | ${problem.graph.operators.length} | ${cells.join(" | ")} |`);
}

console.log("\nSimulator\n");
console.log("| model | kernel phases | million a second | attempts a second | to whole runs |");
console.log("|---|---|---|---|---|");
for (const name of ["googlenet", "randwire-1", "nasnet-a-large"]) {
  const problem = await problemOf(name);
  const { operators } = problem.graph;
  const waits = {
    predecessors: gpuArcsOf(operators.map(({ predecessors }) => predecessors)),
    successors: gpuArcsOf(operators.map(({ successors }) => successors)),
  };
  // What comes after an operator takes at least this long: the limit of an attempt.
  const tail = bottomLevels(problem.graph, problem.costs.durationNs);
  const engine = new GpuEngine(problem.work, waits, { isForAttempts: true, tail });
  const { launches, streams } = searchOpara(problem);
  const streamOf = new Int32Array(launches.length);
  for (const { operator, stream } of launches) {
    streamOf[operator] = stream;
  }
  const plan = { order: Int32Array.from(launches, ({ operator }) => operator), streamOf, streams };
  const whole = timed(() => engine.run(plan));
  const limit = engine.run(plan);
  let next = 0;
  const attempt = timed(() => {
    next = (next + 7) % operators.length;
    const moved = next;
    const changed = streamOf.slice();
    changed[moved] = (changed[moved] + 1) % streams;
    engine.attempt({ ...plan, streamOf: changed }, moved, limit);
  });
  const phases = problem.work.phaseNs.length;
  console.log(
    `| ${name} | ${phases} | ${(phases / whole / 1000).toFixed(1)} | ${Math.round(1000 / attempt)} | ${(whole / attempt).toFixed(1)}x |`,
  );
}
