/**
 * How fast the GPU searches and their simulator are: `npm run bench:gpu-search`. Argument: a device model.
 *
 * Times are processor time of this process, medians of several runs after a warm-up; each table is
 * made in one run, so that its ratios hold on a busy machine as well.
 */

import { estimatedProblem } from "../../dist/estimate/estimated-problem.js";
import { bottomLevels } from "../../dist/ir/path-lengths.js";
import { GPU_ALGORITHMS } from "../../dist/schedule/algorithm-names.js";
import { GpuEngine } from "../../dist/schedule/gpu-engine.js";
import type { GpuProblem } from "../../dist/schedule/gpu-problem.js";
import { gpuArcsOf } from "../../dist/schedule/gpu-streams.js";
import { searchGpuSchedules } from "../../dist/search/operator/gpu/gpu-candidates.js";
import { pathsOf, shareStreams } from "../../dist/search/operator/nimble.js";
import { inheritStreams, searchOpara } from "../../dist/search/operator/opara.js";
import { deviceNamed, lowerFixture } from "./fixture-models.js";
import { medianMs } from "./processor-time.js";

/** Milliseconds of stream allocation that Opara's Table 1 gives for Opara and for Nimble. */
const PUBLISHED = {
  "bert-base": [0.58, 20.8],
  googlenet: [0.27, 5.8],
  "nasnet-a-large": [1.75, 257.83],
  "inception-v3": [0.5, 14.4],
  "t5-small": [2.8, 161.4],
} as const;

const device = deviceNamed(process.argv[2] ?? "a100-pcie-40gb");

console.log(`\nStream allocation alone, milliseconds (published: Opara, Table 1)\n`);
console.log("| model | operators | opara | published | nimble | published |");
console.log("|---|---|---|---|---|---|");
for (const [name, [opara, nimble]] of Object.entries(PUBLISHED)) {
  const { graph } = await problemOf(name);
  const streams = medianMs(() => inheritStreams(graph));
  const paths = medianMs(() => shareStreams(graph, pathsOf(graph)));
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
    ms(medianMs(() => searchGpuSchedules(problem, { algorithms: [algorithm] }), 3)),
  );
  console.log(`| ${name} | ${problem.graph.operators.length} | ${cells.join(" | ")} |`);
}

console.log("\nSimulator\n");
console.log("| model | kernel phases | million a second | attempts a second | to whole runs |");
console.log("|---|---|---|---|---|");
for (const name of ["googlenet", "randwire-1", "nasnet-a-large"]) {
  console.log(simulatorRow(name, await problemOf(name)));
}

async function problemOf(name: string): Promise<GpuProblem> {
  return estimatedProblem(await lowerFixture(name), device, "ieee");
}

/** Whole runs of Opara's schedule, and attempts that move one operator to the next stream. */
function simulatorRow(name: string, problem: GpuProblem): string {
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
  const whole = medianMs(() => engine.run(plan));
  const limit = engine.run(plan);
  let next = 0;
  const attempt = medianMs(() => {
    next = (next + 7) % operators.length;
    const changed = streamOf.slice();
    changed[next] = (changed[next]! + 1) % streams;
    engine.attempt({ ...plan, streamOf: changed }, next, limit);
  });
  const phases = problem.work.phaseNs.length;
  return `| ${name} | ${phases} | ${(phases / whole / 1000).toFixed(1)} | ${Math.round(1000 / attempt)} | ${(whole / attempt).toFixed(1)}x |`;
}

function ms(value: number): string {
  return value < 10 ? value.toFixed(value < 0.1 ? 4 : 2) : value.toFixed(0);
}
