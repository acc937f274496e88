/** Options that make a pipeline of a model, shared by `compile` and `partition`. */
import type { GivenOptions } from "../artifact/recorded-options.js";
import { InternalError } from "../core/invariant.js";
import type { NamedDevice } from "../driver/device-named.js";
import type { PlaceRequest } from "../driver/pipeline/compile-pipeline.js";
import type { CostSource } from "../driver/pipeline/model-costs.js";
import type { Precision } from "../kernels/precision.js";
import type { FusionList } from "../onnx/kernel-groups.js";
import { PARTITION_METHODS, type PartitionMethod } from "../partition/search-partition.js";
import type { PipelineDevice } from "../placement/stage-spec.js";
import { linkOf, USUAL_EFFICIENCY, USUAL_MICRO_BATCHES } from "../staging/pipeline-usual.js";
import type { StageLayout } from "../staging/place-model.js";
import { trainingOptions } from "../staging/training-options.js";
import { profileSource } from "./model-files.js";

/** The options of the user that describe the pipeline. */
export interface PipelineCliOptions {
  readonly devices?: readonly PipelineDevice[];
  readonly shape?: string;
  readonly chunks?: number;
  readonly placement?: string;
  readonly mode?: "infer" | "train";
  readonly backwardRatio?: number;
  readonly weightRatio?: number;
  readonly parameterCopies?: number;
  readonly tensorEfficiency?: number;
  readonly linkBandwidth?: number;
  readonly linkLatency?: number;
  readonly memory?: number;
  readonly microBatches?: number;
  readonly method?: PartitionMethod;
  readonly fineTune?: number;
}

/**
 * The source of the operators' costs.
 *
 * Requires: checked options, so that the device is not a GPU that has to be measured.
 */
export function pipelineCosts(
  device: NamedDevice,
  options: {
    readonly math: Precision;
    readonly fuse: FusionList;
    readonly profile?: string;
    readonly remeasure?: boolean;
  },
): CostSource {
  switch (device.kind) {
    case "cpu":
      return { kind: "cpu", profile: profileSource(options) };
    case "cuda":
      throw new InternalError("a pipeline of measured GPUs was not refused");
    case "model":
      return {
        kind: "model",
        device: device.model,
        deviceFile: device.file,
        math: options.math,
        fuse: options.fuse,
        profile: options.profile,
      };
  }
}

/** Whether the options request a pipeline. */
export function wantsPipeline({ devices, placement }: PipelineCliOptions): boolean {
  return devices !== undefined || placement !== undefined;
}

/** The request that the options describe. Requires: `wantsPipeline`, checked options. */
export function pipelineRequest(
  options: PipelineCliOptions,
  seed: number,
): Pick<PlaceRequest, "place" | "typed"> {
  const { devices, placement, shape, chunks, method, fineTune, memory } = options;
  const layout: StageLayout =
    placement !== undefined
      ? { kind: "file", path: placement }
      : { kind: "shape", shape: shape ?? "v", devices: devices ?? [], chunks };
  return {
    place: {
      layout,
      memoryBytes: memory,
      training: options.mode === "train" ? trainingOptions(options) : undefined,
      tensorEfficiency: options.tensorEfficiency ?? USUAL_EFFICIENCY,
      link: linkOf(options),
      method: method ?? PARTITION_METHODS[0],
      fineTune,
      microBatches: options.microBatches ?? USUAL_MICRO_BATCHES,
      seed,
    },
    typed: typedOf(options),
  };
}

/** The typed options, to be recorded; files are recorded as inputs instead. */
function typedOf(options: PipelineCliOptions): GivenOptions {
  const { devices, shape, chunks, mode, backwardRatio, weightRatio, parameterCopies } = options;
  const { tensorEfficiency, linkBandwidth, linkLatency, memory } = options;
  const { microBatches, method, fineTune } = options;
  return {
    devices: devices?.map(
      ({ name, speed, memoryBytes }) =>
        `${name}=${speed}${memoryBytes === undefined ? "" : `@${memoryBytes}`}`,
    ),
    ...{ shape, chunks, mode, backwardRatio, weightRatio, parameterCopies },
    ...{ tensorEfficiency, linkBandwidth, linkLatency, memory, microBatches, method, fineTune },
  };
}
