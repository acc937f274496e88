import { textTable } from "../../core/text-table.js";
import { type RunReport, type RunTiming, runSchedule } from "../../driver/run-schedule.js";
import { formatName, formatNs, formatShare, formatSpeedUp } from "../../report/format.js";
import type { RegisterCommand } from "../command.js";
import { driverContext } from "../driver-context.js";
import { EXIT } from "../exit-code.js";
import type { CommonOptions } from "../io.js";
import { addCommonOptions, seedOption, wholeNumber } from "../options.js";

interface RunOptions extends CommonOptions {
  readonly model?: string;
  readonly seed: number;
  readonly rounds?: number;
}

const EXAMPLES = `
Examples:
  top-compile run model.schedule.json
  top-compile run model.schedule.json --rounds 100 --json
`;

/** `run`: executes a schedule for real. */
export const registerRun: RegisterCommand = (program, run) => {
  const command = program
    .command("run")
    .description("execute a schedule, check its outputs, compare it with ONNX Runtime's own ways")
    .argument("<schedule.json>", "the schedule")
    .option("--model <file>", "the model (default: beside the schedule, under its recorded name)")
    .option("--rounds <n>", "rounds that count (default: by time)", wholeNumber(5, 100_000))
    .addOption(seedOption())
    .addHelpText("after", EXAMPLES);
  addCommonOptions(command).action(async (file: string, options: RunOptions) => {
    await run(options, async (session) => {
      const { model, seed, rounds } = options;
      const report = await runSchedule({ file, model, seed, rounds }, driverContext(session));
      if (!report.ok) {
        return report;
      }
      session.print({ text: () => renderRan(report.value), json: () => report.value });
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
  const { schedule, predictedNs, compiledNs } = report;
  const error = Math.abs(predictedNs / schedule.latency.medianNs - 1);
  return [
    textTable(
      ["", "median", "p10 to p90", "speed-up", "outputs"],
      [
        row({ ...schedule, name: `schedule (${report.algorithm}, ${report.streams} streams)` }),
        ...report.baselines.map((each) => row({ ...each, name: `ONNX Runtime, ${each.name}` })),
      ],
      ["left", "right", "right", "right", "left"],
    ),
    "",
    `predicted  ${formatNs(predictedNs)}, ${formatShare(error)} off`,
    ...(compiledNs === undefined ? [] : [`compiled   ${formatNs(compiledNs)} measured then`]),
    `noise      ${formatShare(report.noise)} over ${report.rounds} rounds`,
  ].join("\n");
}
