import { Option } from "commander";
import { textTable } from "../../core/text-table.js";
import type { CudaRunReport } from "../../driver/cuda/run-on-cuda.js";
import { runPipeline } from "../../driver/pipeline/run-pipeline.js";
import { readArtifact } from "../../driver/read-artifact.js";
import { type RunReport, type RunTiming, runSchedule } from "../../driver/run-schedule.js";
import type { Timing } from "../../profile/profile.js";
import { counted, formatName, formatNs, formatShare, formatSpeedUp } from "../../report/format.js";
import { comparePrediction } from "../../report/prediction.js";
import { renderRanPipeline } from "../../report/ran-pipeline.js";
import { PRECISIONS, type Precision } from "../../runtime/cuda/program/precision.js";
import type { RegisterCommand } from "../command.js";
import { estimateOption, fuseOption } from "../cuda-options.js";
import { driverContext } from "../driver-context.js";
import { EXIT } from "../exit-code.js";
import type { CommonOptions } from "../io.js";
import { seedOption, wholeNumber } from "../options.js";

const USUAL_COLUMNS = 100;
const LEAST_COLUMNS = 40;

interface RunOptions extends CommonOptions {
  readonly model?: string;
  readonly device?: string;
  readonly math?: Precision;
  readonly estimateUnsupported?: boolean;
  readonly fuse?: boolean;
  readonly seed: number;
  readonly rounds?: number;
}

const EXAMPLES = `
Pipelines are run for inference, compiled with --device cpu, with one device per block: as many
worker threads as devices. Training and blocks on several devices are refused.

Examples:
  top-compile run model.schedule.json
  top-compile run model.schedule.json --rounds 100 --json
  top-compile run model.schedule.json --device cuda
  top-compile run pipeline.schedule.json --rounds 10
`;

/** `run`: executes a schedule for real. */
export const registerRun: RegisterCommand = (command, run) => {
  command
    .option("--model <file>", "the model (default: beside the schedule, under its recorded name)")
    .option("--device <name>", "cpu, cuda or cuda:N (default: what it was compiled for)")
    .addOption(
      new Option("--math <mode>", "arithmetic of products on a GPU (default: as compiled)").choices(
        PRECISIONS,
      ),
    )
    .addOption(estimateOption())
    .addOption(fuseOption())
    .option("--rounds <n>", "rounds that count (default: by time)", wholeNumber(5, 100_000))
    .addOption(seedOption())
    .addHelpText("after", EXAMPLES);
  command.action(async (file: string, options: RunOptions) => {
    await run(options, async (session) => {
      const { model, seed, rounds, device, math: precision } = options;
      const artifact = readArtifact(file);
      if (!artifact.ok) {
        return artifact;
      }
      const { operators, pipeline } = artifact.value;
      if (operators === undefined && pipeline !== undefined) {
        const piped = await runPipeline({ file, model, seed, rounds }, driverContext(session));
        if (!piped.ok) {
          return piped;
        }
        const width = Math.max(LEAST_COLUMNS, session.io.stdout.columns ?? USUAL_COLUMNS);
        session.print({
          text: () => renderRanPipeline(piped.value, { width, style: "box" }),
          json: () => piped.value,
        });
        return { ok: true, value: EXIT.done };
      }
      const estimateUnsupported = options.estimateUnsupported === true;
      const fuse = options.fuse === true;
      const how = { device, precision, estimateUnsupported, fuse };
      const request = { file, model, seed, rounds, ...how };
      const ran = await runSchedule(request, driverContext(session));
      if (!ran.ok) {
        return ran;
      }
      const { value } = ran;
      session.print({
        text: () => (value.kind === "cpu" ? renderRan(value.report) : renderGpuRan(value.report)),
        json: () => value.report,
      });
      return { ok: true, value: EXIT.done };
    });
  });
};

function renderRan(report: RunReport): string {
  const base = report.baselines.find(({ name }) => name === "sequential")?.latency.medianNs ?? 0;
  const row = ({ name, latency, outputs }: RunTiming): string[] => [
    formatName(name),
    formatNs(latency.medianNs),
    `${formatNs(latency.p10Ns)} to ${formatNs(latency.p90Ns)}`,
    formatSpeedUp(latency.medianNs, base),
    outputs.identical ? "identical" : `within ${outputs.maxRelative.toExponential(1)}`,
  ];
  const { schedule, streams, threadsPerStream } = report;
  const own = threadsPerStream > 1 ? "all-cores" : "sequential";
  // One stream is the whole model in one session: that baseline is the schedule, measured once.
  const baselines = report.baselines.filter(({ name }) => streams > 1 || name !== own);
  return [
    textTable(
      ["", "median", "p10 to p90", "speed-up", "outputs"],
      [
        row({ ...schedule, name: scheduleName(report) }),
        ...baselines.map((each) => row({ ...each, name: `ONNX Runtime, ${each.name}` })),
      ],
      ["left", "right", "right", "right", "left"],
    ),
    "",
    ...predictionLines(report, schedule.latency.medianNs),
    `noise      ${formatShare(report.noise)} over ${report.rounds} rounds`,
  ].join("\n");
}

/** What ran, in few words: `schedule (sequential, 2 threads per operator)`. */
function scheduleName({
  algorithm,
  streams,
  threadsPerStream,
}: Pick<RunReport, "algorithm" | "streams" | "threadsPerStream">): string {
  const how =
    threadsPerStream > 1 ? `${threadsPerStream} threads per operator` : counted(streams, "stream");
  return `schedule (${algorithm}, ${how})`;
}

function predictionLines(
  { predictedNs, compiledNs }: Pick<RunReport, "predictedNs" | "compiledNs">,
  measuredNs: number,
): readonly string[] {
  const compared =
    predictedNs === undefined || predictedNs === 0 || measuredNs === 0
      ? ""
      : `, ${comparePrediction(predictedNs, measuredNs)}`;
  return [
    ...(predictedNs === undefined ? [] : [`predicted  ${formatNs(predictedNs)}${compared}`]),
    ...(compiledNs === undefined ? [] : [`compiled   ${formatNs(compiledNs)} measured then`]),
  ];
}

function renderGpuRan(report: CudaRunReport): string {
  const { schedule, baselines } = report;
  const base = baselines.find(({ name }) => name === "sequential")?.latency.medianNs ?? 0;
  const row = (name: string, { latency }: { readonly latency: Timing }, outputs: string) => [
    name,
    formatNs(latency.medianNs),
    `${formatNs(latency.p10Ns)} to ${formatNs(latency.p90Ns)}`,
    formatSpeedUp(latency.medianNs, base),
    outputs,
  ];
  const outputs = report.isVerified
    ? `within ${schedule.outputs.distance.toExponential(1)}`
    : "not verified";
  const names = {
    sequential: "one stream, CUDA graph",
    "sequential-again": "the same again",
    eager: "one stream, no graph",
  };
  return [
    `on ${report.device}`,
    textTable(
      ["", "median", "p10 to p90", "speed-up", "outputs"],
      [
        row(scheduleName({ ...report, threadsPerStream: 1 }), schedule, outputs),
        ...baselines.map((each) => row(names[each.name], each, "")),
      ],
      ["left", "right", "right", "right", "left"],
    ),
    "",
    ...predictionLines(report, schedule.latency.medianNs),
    `throughput ${Math.round(report.throughput)} inferences per second`,
    `noise      ${formatShare(report.noise)} over ${report.rounds} rounds`,
  ].join("\n");
}
