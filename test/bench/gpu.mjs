// Measured speed-ups over one stream on this machine's GPU: `npm run bench:gpu [-- models]`.
// Writes one report, build/gpu-bench.json, and every profile beside it; models that would not fit
// into the time are left out and named. Without a GPU it says so and ends with status 4.
import { mkdirSync, writeFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { median, rankCorrelation } from "../../dist/core/statistics.js";
import { measureOnCuda, searchFromProfile } from "../../dist/driver/cuda/measure-on-cuda.js";
import { lowerModel } from "../../dist/onnx/lower.js";
import { readModel } from "../../dist/onnx/read-model.js";
import { encodeGpuProfile } from "../../dist/profile/gpu/gpu-profile-format.js";
import { scheduleDigest } from "../../dist/profile/worker-plan-of.js";
import { obtainGpuHelper } from "../../dist/runtime/cuda/client/obtain-helper.js";

const MODELS =
  "googlenet inception-v3 squeezenet randwire-1 resnet50 nasnet-a-large t5-small dlrm bert-base gpt2";
const ALGORITHMS = ["top-compile", "opara", "nimble", "wavefront", "ios"];
const BUDGET_S = 420;
const FOLDER = "build/gpu-bench";

const wanted = (process.argv[2] ?? MODELS).split(/[ ,]+/);
const precision = process.argv[3] ?? "tf32";
const started = performance.now();
const elapsed = () => (performance.now() - started) / 1000;
const signal = new AbortController().signal;
const context = {
  signal,
  onProgress: () => {},
  onNote: (text) => console.error(text),
  startHelper: () => obtainGpuHelper({ cacheFolder: "build", env: process.env, signal }),
  profileFolder: "build",
  tool: "top-compile bench",
};
const rows = [];
let longest = 0;
for (const name of wanted) {
  if (elapsed() + longest > BUDGET_S) {
    console.error(`no time for ${name}`);
    rows.push({ model: name, skipped: "no time" });
    continue;
  }
  const begin = elapsed();
  const model = readModel(`fixtures/models/${name}.onnx`);
  const { value: lowered } = await lowerModel(model.value, { dims: new Map() });
  const target = { device: 0, precision, estimateUnsupported: false, fuse: false, seed: 1 };
  const profile = await measureOnCuda(lowered, target, undefined, context);
  longest = Math.max(longest, elapsed() - begin);
  if (!profile.ok) {
    const [{ code, message, exit }] = profile.error;
    console.error(`${name}: ${code}: ${message}`);
    if (exit === 4) {
      process.exit(4);
    }
    rows.push({ model: name, skipped: `${code}: ${message}` });
    continue;
  }
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(`${FOLDER}/${name}.gpu-profile.json`, encodeGpuProfile(profile.value));
  rows.push(rowOf(name, lowered, profile.value));
}

function rowOf(name, lowered, profile) {
  const { measurement, device, key } = profile;
  const search = searchFromProfile(lowered, profile, { seed: 1, algorithm: undefined });
  const measured = new Map(measurement.schedules.map((each) => [each.digest, each]));
  const candidates = search.value.candidates.ranked.map(({ algorithm, schedule, predictedNs }) => {
    const timing = measured.get(scheduleDigest(lowered.graph, schedule));
    return {
      algorithm,
      streams: schedule.streams,
      predictedNs,
      measuredNs: timing.latency.medianNs,
      relative: timing.relative,
      outputs: timing.outputs,
    };
  });
  const errors = candidates.map(({ predictedNs, measuredNs }) =>
    Math.abs(predictedNs / measuredNs - 1),
  );
  return {
    model: name,
    device: device.name,
    driver: key.driver,
    libraries: key.libraries,
    precision: key.precision,
    clockMhz: [device.clockMhzBefore, device.clockMhzAfter],
    noise: measurement.noiseRatio,
    sequentialNs: measurement.baselines[0].latency.medianNs,
    eagerNs: measurement.baselines[2].latency.medianNs,
    candidates,
    rankCorrelation: rankCorrelation(
      candidates.map((each) => each.predictedNs),
      candidates.map((each) => each.measuredNs),
    ),
    medianError: median(errors),
  };
}

mkdirSync("build", { recursive: true });
writeFileSync("build/gpu-bench.json", `${JSON.stringify({ rows }, undefined, 2)}\n`);
const speedUp = (row, algorithm) => {
  const own = row.candidates.find((each) => each.algorithm === algorithm);
  return own === undefined ? undefined : row.sequentialNs / own.measuredNs;
};
console.log(
  `| model | one stream | no graph | ${ALGORITHMS.join(" | ")} | noise | rank correlation | median error |`,
);
console.log(`|---|---|---|${ALGORITHMS.map(() => "---|").join("")}---|---|---|`);
const done = rows.filter((row) => row.skipped === undefined);
for (const row of done) {
  const cells = ALGORITHMS.map((each) => speedUp(row, each)?.toFixed(2) ?? "-");
  const us = (ns) => `${(ns / 1000).toFixed(0)} us`;
  console.log(
    `| ${row.model} | ${us(row.sequentialNs)} | ${us(row.eagerNs)} | ${cells.join(" | ")} | ${(row.noise * 100).toFixed(1)} % | ${row.rankCorrelation?.toFixed(2) ?? "-"} | ${(row.medianError * 100).toFixed(0)} % |`,
  );
}
const gains = done.map((row) => speedUp(row, "top-compile")).filter((each) => each !== undefined);
if (gains.length > 0) {
  const mean = Math.exp(gains.reduce((sum, gain) => sum + Math.log(gain), 0) / gains.length);
  console.log(`\ngeometric mean of ${gains.length}: ${mean.toFixed(2)}x`);
}
