/** Options that make a pipeline of a model, shared by `compile` and `partition`. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { fail, ok, type Result } from "../core/result.js";
import type { Json } from "../core/stable-json.js";
import type { NamedDevice } from "../driver/device-named.js";
import { mathNotFor } from "../driver/failures.js";
import type { CostSource } from "../driver/pipeline/model-costs.js";
import {
  linkOf,
  USUAL_EFFICIENCY,
  USUAL_MICRO_BATCHES,
} from "../driver/pipeline/pipeline-usual.js";
import type { Layout, PlaceOptions } from "../driver/pipeline/place-model.js";
import { trainingOptions } from "../driver/pipeline/training-options.js";
import { PARTITION_METHODS, type PartitionMethod } from "../partition/search-partition.js";
import { SHAPE_NAMES } from "../placement/shapes/build-shape.js";
import type { PipelineDevice } from "../placement/stage-spec.js";
import type { Precision } from "../runtime/cuda/program/precision.js";
import {
  deviceNotForPipeline,
  optionNeedsPipeline,
  optionNeedsTraining,
  pipelineLayoutTwice,
} from "./failures.js";
import { profileSource } from "./model-files.js";
import { wholeNumber } from "./options.js";

/** What the user said about the pipeline. */
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
}

/** The keys of these options, by long name. */
const KEYS: Readonly<Record<keyof PipelineCliOptions, string>> = {
  devices: "devices",
  shape: "shape",
  chunks: "chunks",
  placement: "placement",
  mode: "mode",
  backwardRatio: "backward-ratio",
  weightRatio: "weight-ratio",
  parameterCopies: "parameter-copies",
  tensorEfficiency: "tensor-efficiency",
  linkBandwidth: "link-bandwidth",
  linkLatency: "link-latency",
  memory: "memory",
  microBatches: "micro-batches",
  method: "method",
};

const MOST_DEVICES = 512;
const MOST_MICRO_BATCHES = 4096;

const GROUP = "Pipeline options:";

/** Adds the options; `devices` is the name of the first one. */
export function addPipelineOptions(command: Command, devices: string): void {
  const methods = [...PARTITION_METHODS];
  const options = [
    new Option(
      `${devices} <n|list>`,
      "devices of the pipeline: how many, or NAME[=SPEED][@MEMORY],... such as big=2@16GiB,small",
    ).argParser(deviceList),
    new Option("--shape <name>", "order of the stages over the devices (default: v)").choices([
      ...SHAPE_NAMES,
    ]),
    new Option("--chunks <n>", "stages per device of interleaved-1f1b (default: 2)").argParser(
      wholeNumber(1, 64),
    ),
    new Option("--mode <mode>", "infer, or train with backward blocks (default: infer)").choices([
      "infer",
      "train",
    ]),
    new Option(
      "--backward-ratio <x>",
      "backward pass per forward pass (default: 2, or 1 where weight gradients are split off)",
    ).argParser(positive),
    new Option(
      "--weight-ratio <x>",
      "split off weight gradients, this long per forward pass (default: 1 for zb-h, zb-v, dualpipe)",
    ).argParser(positive),
    new Option(
      "--parameter-copies <x>",
      "weights, gradients and optimiser state held in training (default: 4)",
    ).argParser(positive),
    new Option(
      "--tensor-efficiency <share>",
      "speed of a stage on several devices per speed of them all (default: 0.8)",
    ).argParser(share),
    new Option(
      "--link-bandwidth <bytes/s>",
      "between devices, such as 25G (default: as measured; 25G for a GPU)",
    ).argParser(bandwidth),
    new Option(
      "--link-latency <us>",
      "between devices, microseconds (default: as measured; 10 for a GPU)",
    ).argParser(positive),
    new Option("--memory <size>", "of every device, such as 16GiB (default: no limit)").argParser(
      memorySize,
    ),
    new Option("--micro-batches <n>", "how many to schedule (default: 16)").argParser(
      wholeNumber(1, MOST_MICRO_BATCHES),
    ),
    new Option("--method <name>", "how to cut the model (default: the best of all)").choices(
      methods,
    ),
  ];
  for (const option of options) {
    command.addOption(option.helpGroup(GROUP));
  }
  command.addOption(
    new Option(
      "--placement <file>",
      "stages by hand: blocks that name operators or patterns, instead of --shape and --method",
    ).helpGroup(GROUP),
  );
}

/** Where the costs of operators come from. Fails: `device-not-for-pipeline`, `math-not-for-device`. */
export function pipelineCosts(
  device: NamedDevice,
  options: {
    readonly device: string;
    readonly math: Precision;
    readonly profile?: string;
    readonly remeasure?: boolean;
  },
): Result<CostSource> {
  const { math } = options;
  switch (device.kind) {
    case "cpu":
      return ok({ kind: "cpu", profile: profileSource(options) });
    case "cuda":
      return fail([deviceNotForPipeline(options.device)]);
    case "model":
      return math === "tf32" || math === "ieee"
        ? ok({ kind: "model", device: device.model, deviceFile: device.file, math })
        : fail([mathNotFor(math, options.device)]);
  }
}

/** Whether the user asked for a pipeline. */
export function wantsPipeline({ devices, placement }: PipelineCliOptions): boolean {
  return devices !== undefined || placement !== undefined;
}

/** Fails when options of pipelines are given without one. */
export function checkNoPipeline(options: PipelineCliOptions): Result<void> {
  const stray = (Object.keys(KEYS) as (keyof PipelineCliOptions)[]).find(
    (key) => options[key] !== undefined,
  );
  return stray === undefined ? ok(undefined) : fail([optionNeedsPipeline(KEYS[stray])]);
}

/** How to place, and what the user gave of it, for provenance. */
export interface PipelineWish {
  readonly place: PlaceOptions;
  readonly given: Readonly<Record<string, Json>>;
}

/** What the options ask for. Fails: `pipeline-layout-twice`, `option-needs-training`. Requires: `wantsPipeline`. */
export function pipelineWish(options: PipelineCliOptions, seed: number): Result<PipelineWish> {
  const { devices, placement, shape, chunks, method, memory } = options;
  const also = (
    [
      ["shape", shape],
      ["devices", devices],
      ["chunks", chunks],
      ["method", method],
    ] as const
  ).find(([, value]) => value !== undefined)?.[0];
  if (placement !== undefined && also !== undefined) {
    return fail([pipelineLayoutTwice(also)]);
  }
  const trained = (["backwardRatio", "weightRatio", "parameterCopies"] as const).find(
    (key) => options[key] !== undefined,
  );
  if (trained !== undefined && options.mode !== "train") {
    return fail([optionNeedsTraining(KEYS[trained])]);
  }
  const layout: Layout =
    placement !== undefined
      ? { kind: "file", path: placement }
      : { kind: "shape", shape: shape ?? "v", devices: devices ?? [], chunks };
  return ok({
    place: {
      layout,
      memoryBytes: memory,
      training: options.mode === "train" ? trainingOptions(options) : undefined,
      tensorEfficiency: options.tensorEfficiency ?? USUAL_EFFICIENCY,
      link: linkOf(options),
      method: method ?? PARTITION_METHODS[0],
      microBatches: options.microBatches ?? USUAL_MICRO_BATCHES,
      seed,
    },
    given: givenOf(options),
  });
}

function givenOf(options: PipelineCliOptions): Readonly<Record<string, Json>> {
  const { devices, placement: _placement, ...rest } = options;
  const plain: Record<string, Json> = {};
  if (devices !== undefined) {
    plain["devices"] = devices.map(
      ({ name, speed, memoryBytes }) =>
        `${name}=${speed}${memoryBytes === undefined ? "" : `@${memoryBytes}`}`,
    );
  }
  for (const key of Object.keys(KEYS) as (keyof PipelineCliOptions)[]) {
    const value = (rest as Partial<Record<string, string | number>>)[key];
    if (value !== undefined) {
      plain[KEYS[key]] = value;
    }
  }
  return plain;
}

/** `4`, or `big=2@16GiB,small`. */
function deviceList(value: string): readonly PipelineDevice[] {
  if (/^\d+$/.test(value)) {
    const count = wholeNumber(1, MOST_DEVICES)(value);
    return Array.from({ length: count }, (_, at) => ({
      name: `d${at}`,
      speed: 1,
      memoryBytes: undefined,
    }));
  }
  const devices = value.split(",").map((entry): PipelineDevice => {
    const match = /^([^=@,]{1,100})(?:=([^@]+))?(?:@(.+))?$/.exec(entry);
    if (match === null) {
      throw new InvalidArgumentError("It must be a number, or NAME[=SPEED][@MEMORY],...");
    }
    const [, name = "", speed, memory] = match;
    return {
      name,
      speed: speed === undefined ? 1 : positive(speed),
      memoryBytes: memory === undefined ? undefined : memorySize(memory),
    };
  });
  if (
    devices.length > MOST_DEVICES ||
    new Set(devices.map(({ name }) => name)).size < devices.length
  ) {
    throw new InvalidArgumentError(`The names must differ, and be at most ${MOST_DEVICES}.`);
  }
  return devices;
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["b", 1],
  ["kib", 2 ** 10],
  ["mib", 2 ** 20],
  ["gib", 2 ** 30],
  ["tib", 2 ** 40],
  ["kb", 1e3],
  ["mb", 1e6],
  ["gb", 1e9],
  ["tb", 1e12],
]);

const MOST_MEMORY = 2 ** 41;

/** Bytes, or a number with a unit such as `16GiB`. */
function memorySize(value: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(value);
  const unit = UNITS.get((match?.[2] ?? "?").toLowerCase());
  const bytes = unit === undefined ? Number.NaN : Math.floor(Number(match?.[1]) * unit);
  if (!(bytes >= 0 && bytes <= MOST_MEMORY)) {
    throw new InvalidArgumentError(
      "It must be a size up to 2 TiB, such as 16GiB, 512MiB or 1000000.",
    );
  }
  return bytes;
}

function bandwidth(value: string): number {
  const match = /^(\d+(?:\.\d+)?)([kmg]?)$/i.exec(value);
  const unit = { "": 1, k: 1e3, m: 1e6, g: 1e9 }[(match?.[2] ?? "").toLowerCase()] ?? 1;
  const bytes = Number(match?.[1]) * unit;
  if (!(bytes > 0)) {
    throw new InvalidArgumentError("It must be bytes per second above 0, such as 25G.");
  }
  return bytes;
}

function positive(value: string): number {
  const number = Number(value);
  if (!/^\d*\.?\d+$/.test(value) || number <= 0 || number > 1e6) {
    throw new InvalidArgumentError("It must be a number above 0 and up to a million.");
  }
  return number;
}

function share(value: string): number {
  const number = positive(value);
  if (number > 1) {
    throw new InvalidArgumentError("It must be a number above 0 and up to 1.");
  }
  return number;
}
