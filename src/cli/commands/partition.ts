import { deviceNamed } from "../../driver/device-named.js";
import { partitionModel } from "../../driver/pipeline/compile-pipeline.js";
import { stagesOf } from "../../driver/pipeline/place-model.js";
import { placementJson } from "../../placement/parse-placement.js";
import { renderPartition, renderStages } from "../../report/stages.js";
import type { Precision } from "../../runtime/cuda/program/precision.js";
import type { RegisterCommand } from "../command.js";
import { mathOption } from "../cuda-options.js";
import { driverContext } from "../driver-context.js";
import { EXIT } from "../exit-code.js";
import { partitionStagesMissing } from "../failures.js";
import type { CommonOptions } from "../io.js";
import { defaultOut } from "../model-files.js";
import { dimOption, seedOption } from "../options.js";
import {
  addPipelineOptions,
  type PipelineCliOptions,
  pipelineCosts,
  pipelineWish,
  wantsPipeline,
} from "../pipeline-options.js";

interface PartitionOptions extends CommonOptions, Omit<PipelineCliOptions, "devices"> {
  readonly stages?: PipelineCliOptions["devices"];
  readonly out?: string;
  readonly force?: boolean;
  readonly stageModels?: string;
  readonly device: string;
  readonly profile?: string;
  readonly remeasure?: boolean;
  readonly math: Precision;
  readonly seed: number;
  readonly dim: ReadonlyMap<string, number>;
}

const EXAMPLES = `
Examples:
  top-compile partition model.onnx --stages 4
  top-compile partition model.onnx --stages 4 --method chain-dp -o four.placement.json
  top-compile search four.placement.json --micro-batches 32
  top-compile partition model.onnx --stages 2 --stage-models stages
`;

/** `partition`: cuts a model into stages and writes a placement. */
export const registerPartition: RegisterCommand = (command, run) => {
  command
    .option("-o, --out <file>", "where to write the placement (default: <model>.placement.json)")
    .option("--force", "overwrite a file that is not a placement, and stage models")
    .option(
      "--stage-models <folder>",
      "write the stages there as ONNX models that share their weights",
    )
    .option("--device <name>", "cpu, or a GPU by its data sheet, as for compile", "cpu")
    .option("--profile <file>", "take all measurements from this profile, and measure nothing")
    .option("--remeasure", "measure again even if a kept profile fits")
    .addOption(mathOption());
  addPipelineOptions(command, "--stages");
  command.addOption(dimOption()).addOption(seedOption()).addHelpText("after", EXAMPLES);
  command.action(async (model: string, options: PartitionOptions) => {
    await run(options, async (session) => {
      const { stages, ...rest } = options;
      const asked = { ...rest, ...(stages === undefined ? {} : { devices: stages }) };
      if (!wantsPipeline(asked)) {
        return { ok: false, error: [partitionStagesMissing()] };
      }
      const device = deviceNamed(options.device);
      const costs = device.ok ? pipelineCosts(device.value, options) : device;
      if (!costs.ok) {
        return costs;
      }
      const wish = pipelineWish(asked, options.seed);
      if (!wish.ok) {
        return wish;
      }
      const out = options.out ?? defaultOut(model, "placement");
      const placed = await partitionModel(
        {
          model,
          out,
          force: options.force === true,
          dims: options.dim,
          costs: costs.value,
          stageModels: options.stageModels,
          ...wish.value,
        },
        driverContext(session),
      );
      if (!placed.ok) {
        return placed;
      }
      const { search, placement } = placed.value;
      session.print({
        text: () =>
          [
            renderStages(stagesOf(placed.value)),
            ...(search === undefined ? [] : ["", renderPartition(search, placed.value.measure)]),
            "",
            `wrote      ${out}`,
          ].join("\n"),
        json: () => ({
          ...(search === undefined
            ? {}
            : {
                method: search.method,
                periodNs: search.periodNs,
                lowerBoundNs: search.lowerBoundNs,
                status: search.status,
                candidates: search.candidates.map(({ method, periodNs }) => ({ method, periodNs })),
              }),
          stages: stagesOf(placed.value),
          placement: placementJson(placement),
        }),
      });
      return { ok: true, value: EXIT.done };
    });
  });
};
