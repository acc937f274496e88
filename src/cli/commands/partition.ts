import { deviceNamed } from "../../driver/device-named.js";
import { inputsOfJob } from "../../driver/given-inputs.js";
import { partitionModel } from "../../driver/pipeline/compile-pipeline.js";
import type { Precision } from "../../kernels/precision.js";
import type { FusionList } from "../../onnx/kernel-groups.js";
import { placementJson } from "../../placement/parse-placement.js";
import { renderPartition, renderStages } from "../../report/stages.js";
import { stagesOf } from "../../staging/place-model.js";
import type { RegisterCommand } from "../command.js";
import { driverContext } from "../driver-context.js";
import { EXIT } from "../exit-code.js";
import { partitionStagesMissing } from "../failures.js";
import type { CommonOptions } from "../io.js";
import { inputFiles, outFor } from "../model-files.js";
import { addOptions, givenOptions } from "../options/add-options.js";
import { checkOptions } from "../options/check-options.js";
import {
  DIM,
  FUSE,
  INPUT,
  INPUTS,
  MATH,
  outOption,
  PIPELINE_DEVICE,
  PROFILE,
  REMEASURE,
  SEED,
} from "../options/model-options.js";
import type { OptionTable } from "../options/option-spec.js";
import { stageOptions } from "../options/pipeline-options.js";
import { deviceTraits, pipelineTraits, profileTraits } from "../options/traits.js";
import {
  type PipelineCliOptions,
  pipelineCosts,
  pipelineRequest,
  wantsPipeline,
} from "../pipeline-request.js";

/** Options of `partition`. */
export interface PartitionOptions extends CommonOptions, Omit<PipelineCliOptions, "devices"> {
  readonly stages?: PipelineCliOptions["devices"];
  readonly out?: string;
  readonly force?: boolean;
  readonly stageModels?: string;
  readonly device: string;
  readonly profile?: string;
  readonly remeasure?: boolean;
  readonly math: Precision;
  readonly fuse: FusionList;
  readonly seed: number;
  readonly dim: ReadonlyMap<string, number>;
  readonly input: readonly string[];
  readonly inputs?: string;
}

const EXAMPLES = `
Examples:
  top-compile partition model.onnx --stages 4
  top-compile partition model.onnx --stages 4 -o four.placement.json
  top-compile search four.placement.json --micro-batches 32
  top-compile partition model.onnx --stages 2 --stage-models stages
`;

const { devices: STAGES, ...OTHERS } = stageOptions({ group: "stages" });

/** The options of `partition`, each with what it is not for. */
export const PARTITION: OptionTable<PartitionOptions> = {
  out: outOption("placement", "<model>.placement.json"),
  force: { help: "overwrite a file that is not a placement, and stage models" },
  stageModels: {
    value: "<folder>",
    help: "write the stages there as ONNX models that share their weights",
  },
  device: PIPELINE_DEVICE,
  profile: PROFILE,
  dim: DIM,
  input: INPUT,
  inputs: INPUTS,
  seed: SEED,
  remeasure: { ...REMEASURE, group: "any" },
  math: { ...MATH, group: "sheet" },
  fuse: { ...FUSE, group: "sheet" },
  stages: STAGES,
  ...OTHERS,
};

/** `partition`: cuts a model into stages and writes a placement. */
export const registerPartition: RegisterCommand = (command, run) => {
  addOptions(command, PARTITION, EXAMPLES);
  command.action(async (model: string, options: PartitionOptions) => {
    await run(options, async (session) => {
      const { stages, ...rest } = options;
      const asked = { ...rest, ...(stages === undefined ? {} : { devices: stages }) };
      if (!wantsPipeline(asked)) {
        return { ok: false, error: [partitionStagesMissing()] };
      }
      const device = deviceNamed(options.device);
      if (!device.ok) {
        return device;
      }
      const checked = checkOptions(PARTITION, options, givenOptions(command), {
        ...deviceTraits(device.value, options.device),
        ...profileTraits(options),
        ...pipelineTraits(device.value, options.device, asked, "--stages"),
      });
      if (!checked.ok) {
        return checked;
      }
      const out = outFor(model, "placement", options, session.io);
      const context = driverContext(session);
      const inputs = inputsOfJob(model, inputFiles(options), { dims: options.dim }, context);
      if (!inputs.ok) {
        return inputs;
      }
      const placed = await partitionModel(
        {
          model,
          out,
          force: options.force === true,
          ...inputs.value,
          costs: pipelineCosts(device.value, options),
          stageModels: options.stageModels,
          ...pipelineRequest(asked, options.seed),
        },
        context,
      );
      if (!placed.ok) {
        return placed;
      }
      const { search, placement } = placed.value;
      session.print({
        text: () =>
          [
            renderStages(stagesOf(placed.value), session.columns),
            ...(search === undefined
              ? []
              : ["", renderPartition(search, placed.value.measure, session.columns)]),
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
