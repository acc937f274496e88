/**
 * Recomputes the stages and the placement of an artifact from its model.
 *
 * The stage of each operator is taken from the artifact; memory, transfers and everything else that
 * follows are computed from the model. So are times if the device is known by its data sheet; measured
 * ones are taken from the artifact.
 */

import type { ScheduleArtifact } from "../artifact/artifact.js";
import type { PipelineSection } from "../artifact/pipeline-section.js";
import { blockPositions, periodicOf, wholeOf } from "../artifact/section-schedules.js";
import type { ArtifactStage } from "../artifact/stages-section.js";
import { COST_MODEL_VERSION } from "../cost/cost-model-version.js";
import { deviceModelNamed } from "../cost/device-models/catalog.js";
import { isCapturable } from "../cost/kernels/operator-kernels.js";
import { precisionNamed } from "../kernels/precision.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import type { StagePartition } from "../partition/stage-partition.js";
import { placementDifference } from "../placement/parse-placement.js";
import { placementOfStages, type StageEdge } from "../placement/pipeline-of-stages.js";
import type { Placement } from "../placement/placement.js";
import type { PipelineDevice } from "../placement/stage-spec.js";
import {
  costStages,
  type ModelStage,
  type SeatedPartition,
  type StageCostOptions,
  type TrainingOptions,
} from "../staging/cost-stages.js";
import { estimatedCosts, type Link, type ModelCosts } from "../staging/model-costs.js";
import { pipelineRange } from "../staging/pipeline-scenarios.js";
import { linkBeside, linkOf, USUAL_EFFICIENCY } from "../staging/pipeline-usual.js";
import { trainingOptions } from "../staging/training-options.js";

/** Stages that were found in an artifact. */
interface FoundStages {
  readonly lowered: LoweredModel;
  readonly partition: StagePartition;
  /** The block of each stage: position in `Placement.blocks`. */
  readonly blockOf: readonly number[];
}

type Options = ScheduleArtifact["provenance"]["options"];

/** A contradiction of the `stages` section or the placement with the blocks and the model. */
export function stageProblem(
  found: FoundStages,
  placement: Placement,
  artifact: ScheduleArtifact,
): string | undefined {
  const { stages, pipeline, provenance } = artifact;
  if (stages === undefined || pipeline === undefined) {
    return undefined;
  }
  const { partition, blockOf } = found;
  if (stages.length !== partition.stageCount) {
    return `/stages has ${stages.length} stages, the placement ${partition.stageCount}`;
  }
  if (blockOf.some((block, stage) => block !== stage)) {
    return "/stages are not in an order in which everything is sent to later stages";
  }
  const devices = devicesOf(placement, provenance.options);
  if (typeof devices === "string") {
    return devices;
  }
  const costs = costsOf(artifact, found.lowered);
  if (typeof costs === "string") {
    return costs;
  }
  const training = trainingIn(provenance.options);
  const isByHand = provenance.inputs.some(({ role }) => role === "placement");
  const isTimed = costs !== undefined && !isByHand;
  const options = {
    training,
    link: costs === undefined ? undefined : linkBeside(givenLink(provenance.options), costs),
    microBatches: pipeline.microBatches,
  };
  const seated = { devices, seats: seatsOf(stages, placement, provenance.options), partition };
  const again = costStages(found.lowered, costs ?? free(found.lowered), options, seated);
  const timed = isTimed ? again.stages : statedTimes(again.stages, placement, stages);
  return (
    differentStage(timed, placement, stages) ??
    differentPlacement(placement, {
      devices: isByHand ? heldDevices(placement, timed) : devices,
      stages: timed,
      edges: isTimed ? again.edges : statedLatencies(again.edges, placement, stages.length),
    }) ??
    (isTimed
      ? differentRange(found.lowered, costs, { options, seated, placement, pipeline })
      : undefined)
  );
}

/** A range that does not follow from the model and the order of blocks. */
function differentRange(
  lowered: LoweredModel,
  costs: ModelCosts,
  {
    options,
    seated,
    placement,
    pipeline,
  }: {
    readonly options: StageCostOptions;
    readonly seated: SeatedPartition;
    readonly placement: Placement;
    readonly pipeline: PipelineSection;
  },
): string | undefined {
  const positionOf = blockPositions(placement);
  const range = pipelineRange(lowered, costs, options, {
    seated,
    isByHand: false,
    periodic: periodicOf(pipeline, positionOf),
    whole: wholeOf(pipeline, positionOf),
  });
  return JSON.stringify(range) === JSON.stringify(pipeline.range)
    ? undefined
    : "/pipeline/range does not follow from the model, the device and the order of blocks";
}

/** Zero costs, for when only memory and transfers are needed. */
function free({ graph }: LoweredModel): ModelCosts {
  const count = graph.operators.length;
  return {
    device: { name: "", source: "measured" },
    profileInput: undefined,
    durationNs: new Float64Array(count),
    groupOf: new Int32Array(count),
    crosses: () => true,
    stageNs: 0,
    slowdown: () => 1,
    receive: { bytesPerSecond: Number.POSITIVE_INFINITY, latencyNs: 0 },
    link: undefined,
    signalNs: 0,
  };
}

/**
 * The costs on a device that comes with the tool; `undefined`: they were measured, of a file, or are those of
 * another version of the cost model.
 */
function costsOf(
  { provenance, device }: ScheduleArtifact,
  lowered: LoweredModel,
): ModelCosts | string | undefined {
  const { options, inputs } = provenance;
  const isOfFile = inputs.some(({ role }) => role === "device");
  const isCpu = options["device"] === "cpu";
  const isRecorded = !isCpu && inputs.some(({ role }) => role === "profile");
  if ((isCpu || isRecorded) !== (device?.source === "measured")) {
    return "/device/source and /provenance contradict each other";
  }
  if (isCpu || isOfFile) {
    return undefined;
  }
  const model = deviceModelNamed(String(options["device"]));
  const math = precisionNamed(options["math"]);
  if (isRecorded) {
    return model !== undefined && typeof options["math"] === "string"
      ? undefined
      : "/provenance/options has no device model and math that a GPU was measured with";
  }
  if (model === undefined || math === undefined) {
    return "/provenance/options has no device model and math that times can be estimated with";
  }
  if (device?.name !== model.product) {
    return `/device/name is not "${model.product}"`;
  }
  if (device.costModel !== COST_MODEL_VERSION) {
    return undefined;
  }
  const foreign = lowered.graph.operators.find((operator) => !isCapturable(operator));
  return foreign === undefined
    ? estimatedCosts(lowered, model, math)
    : `operator "${foreign.name}" cannot be estimated`;
}

/** Training as the recorded options ask for it. */
function trainingIn(options: Options): TrainingOptions | undefined {
  const number = (key: string): number | undefined => {
    const value = options[key];
    return typeof value === "number" ? value : undefined;
  };
  return options["mode"] === "train"
    ? trainingOptions({
        shape: typeof options["shape"] === "string" ? options["shape"] : undefined,
        backwardRatio: number("backward-ratio"),
        weightRatio: number("weight-ratio"),
        parameterCopies: number("parameter-copies"),
      })
    : undefined;
}

function givenLink(options: Options): Partial<Link> | undefined {
  const { "link-bandwidth": bandwidth, "link-latency": latency } = options;
  return linkOf({
    linkBandwidth: typeof bandwidth === "number" ? bandwidth : undefined,
    linkLatency: typeof latency === "number" ? latency : undefined,
  });
}

/** Devices with the speed and memory set by the options; a string describes a problem. */
function devicesOf(placement: Placement, options: Options): readonly PipelineDevice[] | string {
  const { devices, memory } = options;
  const all = typeof memory === "number" ? memory : undefined;
  if (devices === undefined) {
    return placement.devices.map(({ name }) => ({ name, speed: 1, memoryBytes: all }));
  }
  const listed = Array.isArray(devices) ? devices.map((entry) => deviceIn(String(entry))) : [];
  const same = listed.length === placement.devices.length;
  return same && listed.every((device, at) => device?.name === placement.devices[at]?.name)
    ? listed.map((device, at) => ({
        name: device?.name ?? String(at),
        speed: device?.speed ?? 1,
        memoryBytes: all ?? device?.memoryBytes,
      }))
    : "/pipeline/placement/devices are not those of /provenance/options";
}

/** `NAME=SPEED` or `NAME=SPEED@MEMORY`, as options are recorded. */
function deviceIn(entry: string): PipelineDevice | undefined {
  const [, name, speed, memory] = /^(.+)=([^=@]+)(?:@(\d+))?$/s.exec(entry) ?? [];
  return name === undefined || !(Number(speed) > 0)
    ? undefined
    : {
        name,
        speed: Number(speed),
        memoryBytes: memory === undefined ? undefined : Number(memory),
      };
}

function seatsOf(stages: readonly ArtifactStage[], { blocks }: Placement, options: Options) {
  const share = options["tensor-efficiency"];
  const efficiency = typeof share === "number" ? share : USUAL_EFFICIENCY;
  return stages.map(({ id }, at) => ({ id, devices: blocks[at]?.devices ?? [], efficiency }));
}

/**
 * In a placement by hand the memory of a device is in a file, so the remainder is taken as stated.
 */
function heldDevices({ devices }: Placement, stages: readonly ModelStage[]): PipelineDevice[] {
  return devices.map(({ name, memory }, device) => {
    const here = stages.filter((stage) => stage.devices.includes(device));
    const held = here.reduce((sum, { parameterBytes }) => sum + parameterBytes, 0);
    return { name, speed: 1, memoryBytes: memory === undefined ? undefined : memory + held };
  });
}

/** Stages with the times that are written down. */
function statedTimes(
  stages: readonly ModelStage[],
  { blocks }: Placement,
  stated: readonly ArtifactStage[],
): readonly ModelStage[] {
  return stages.map((stage, at): ModelStage => {
    const { backwardNs, weightNs, ...rest } = stage;
    const timeOf = (part: number): number => blocks[part * stages.length + at]?.duration ?? 0;
    return {
      ...rest,
      forwardNs: stated[at]?.durationNs ?? 0,
      ...(backwardNs === undefined ? {} : { backwardNs: timeOf(1) }),
      ...(weightNs === undefined ? {} : { weightNs: timeOf(2) }),
    };
  });
}

/** Edges between devices take as long as the placement says; those on one device take nothing. */
function statedLatencies(
  edges: readonly StageEdge[],
  { blocks, dependencies }: Placement,
  count: number,
): readonly StageEdge[] {
  const latencyOf = (from: number, to: number): number =>
    dependencies.find((each) => each.from === from && each.to === to)?.latency ?? 0;
  return edges.map(({ from, to }): StageEdge => {
    const isLocal = blocks[from]?.devices.join() === blocks[to]?.devices.join();
    return {
      from,
      to,
      latencyNs: isLocal ? 0 : latencyOf(from, to),
      gradientLatencyNs: isLocal ? 0 : latencyOf(count + to, count + from),
    };
  });
}

function differentStage(
  again: readonly ModelStage[],
  { devices }: Placement,
  stages: readonly ArtifactStage[],
): string | undefined {
  for (const [at, stage] of stages.entries()) {
    const expected = again[at];
    const names = expected?.devices.map((device) => devices[device]?.name ?? "");
    const differs = (
      [
        ["operators", stage.operators.join("\n") !== expected?.operators.join("\n")],
        ["devices", stage.devices.join("\n") !== names?.join("\n")],
        ["durationNs", stage.durationNs !== expected?.forwardNs],
        ["parameterBytes", stage.parameterBytes !== expected?.parameterBytes],
        ["workspaceBytes", stage.workspaceBytes !== expected?.workspaceBytes],
        ["outputBytes", stage.outputBytes !== expected?.outputBytes],
      ] as const
    ).find(([, isOther]) => isOther)?.[0];
    if (differs !== undefined) {
      return `/stages/${at}/${differs} does not follow from its block and the model`;
    }
  }
  return undefined;
}

function differentPlacement(
  placement: Placement,
  model: Parameters<typeof placementOfStages>[0],
): string | undefined {
  const key = placementDifference(placementOfStages(model), placement);
  return key === undefined
    ? undefined
    : `/pipeline/placement/${key} does not follow from the stages and the model`;
}
