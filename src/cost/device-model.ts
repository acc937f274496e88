import { type Fields, object, optional } from "../core/json-containers.js";
import { type DocumentKind, defineDocument, parseDocument } from "../core/json-document.js";
import { integer, type JsonProblem, number, oneOf, type Shape, text } from "../core/json-shape.js";
import type { Result } from "../core/result.js";
import { type AssumedRanges, assumedRangesShape, rangeProblems } from "./assumed-ranges.js";
import { deviceModelInvalid, deviceModelNotJson } from "./failures.js";
import { SM_SHARINGS, type SmSharing } from "./sm-sharing.js";
import { type WidthCost, widthCostsShape, widthProblems } from "./width-costs.js";

/** Peak rate of one kind of arithmetic, dense. */
export interface ArithmeticRates {
  /** FLOP/s of ordinary 32-bit arithmetic. */
  readonly float32: number;
  /** FLOP/s of matrix units fed with 32-bit data (TF32); the ordinary rate where there are none. */
  readonly tensorFloat32: number;
  /** FLOP/s of matrix units fed with 16-bit data, 32-bit accumulation. */
  readonly float16: number;
}

/**
 * A GPU as far as scheduling needs to know it: what one streaming multiprocessor (SM) can hold,
 * how fast it computes and moves data, and what launching costs.
 */
export interface DeviceModel {
  /** Name used on the command line, such as `h200`. */
  readonly name: string;
  /** Marketing name, with the variant that the figures are of. */
  readonly product: string;
  readonly sms: number;
  readonly threadBlocksPerSm: number;
  readonly threadsPerSm: number;
  /** 32-bit registers. */
  readonly registersPerSm: number;
  /** Largest shared memory that the thread blocks of one SM can have together. */
  readonly sharedBytesPerSm: number;
  /** Shared memory that the system keeps of each resident thread block. */
  readonly sharedBytesReservedPerBlock: number;
  /** Bytes per second of device memory. */
  readonly memoryBandwidth: number;
  readonly l2Bytes: number;
  readonly flops: ArithmeticRates;
  /** From the end of a kernel to the start of the next one of its stream, inside a CUDA graph. */
  readonly launchGapNs: number;
  /** From the end of a kernel to the start of one on another stream that waits for it, in a graph. */
  readonly eventNs: number;
  /** Shortest time that any kernel takes. */
  readonly kernelFloorNs: number;
  /** Least time between the starts of two kernels, whatever their streams; absent: 0. */
  readonly dispatchNs?: number;
  /** What wide forks and joins take more than an event; absent: nothing. */
  readonly widths?: readonly WidthCost[];
  /** Kernels that can be resident at a time: more streams run nothing more. Absent: `USUAL_GRIDS`. */
  readonly residentGrids?: number;
  /** Device memory; absent: not known, and nothing is refused for it. */
  readonly memoryBytes?: number;
  /** Shares of the peaks that kernels reach. */
  readonly reached?: ReachedShares;
  /** Whose kernels run convolutions; absent: `cudnn`. */
  readonly library?: KernelLibrary;
  /** Whether thread blocks of several kernels share an SM; absent: `exclusive`. */
  readonly sharing?: SmSharing;
  /** How far figures that are assumed may be from those used; absent: all are taken as certain. */
  readonly ranges?: AssumedRanges;
  /** Where each figure is from. */
  readonly sources: Readonly<Record<keyof Figures, string>> &
    Readonly<Partial<Record<keyof Limits, string>>>;
}

/** Shares of the data sheet's peaks that well-formed kernels reach. */
export interface ReachedShares {
  /** Of the memory bandwidth; absent: 0.85. */
  readonly bandwidth?: number;
  /** Of ordinary arithmetic, where power or heat limits it; absent: 1. */
  readonly float32?: number;
  /** Of the matrix units; absent: 1. */
  readonly matrix?: number;
}

/** Kernels of cuDNN, or kernels tuned for each shape, as TVM makes them. */
export const KERNEL_LIBRARIES = ["cudnn", "tuned"] as const;

/** Whose kernels run convolutions. */
export type KernelLibrary = (typeof KERNEL_LIBRARIES)[number];

/** What only some device models have: limits, shares that were measured, assumptions. */
export type Limits = Pick<
  DeviceModel,
  "dispatchNs" | "widths" | "residentGrids" | "memoryBytes" | "reached" | "library" | "sharing"
>;

/** The figures that need a source. */
export type Figures = Omit<DeviceModel, "name" | "product" | "ranges" | "sources" | keyof Limits>;

/**
 * Resident grids of every GPU for servers since 2016.
 *
 * Source: CUDA C++ Programming Guide, technical specifications per compute capability: 128 for 6.0,
 * 7.0, 7.5, 8.0 to 9.0.
 */
export const USUAL_GRIDS = 128;

/** Longest device model that is read. */
export const MAX_DEVICE_MODEL_BYTES: number = 1 << 20;

/** Threads of a thread block of a kernel that streams; an SM that cannot hold one runs nothing. */
const STREAM_THREADS = 256;

/** Shared memory of a thread block of the smallest matrix product, with what it reserves besides. */
const LEAST_TILE_BYTES = 24_576;

const WARP = 32;

const RATE = number(1e9, 1e18).named("rate");
const LATENCY = integer(0, 1_000_000).named("latency");
const SOURCE = text(500).named("source");
const SHARE = number(0.01, 1);

const FIELDS: Fields<DeviceModel> = {
  name: text(64).describe("Name used on the command line, such as h200."),
  product: text(200).describe("Marketing name, with the variant that the figures are of."),
  sms: integer(1, 4096).describe("Streaming multiprocessors (SMs)."),
  threadBlocksPerSm: integer(1, 256),
  threadsPerSm: integer(STREAM_THREADS, 65536),
  registersPerSm: integer(16_384, 16_777_216).describe("32-bit registers."),
  sharedBytesPerSm: integer(LEAST_TILE_BYTES, 67_108_864).describe(
    "Largest shared memory that the thread blocks of one SM can have together.",
  ),
  sharedBytesReservedPerBlock: integer(0, 65536).describe(
    "Shared memory that the system keeps of each resident thread block.",
  ),
  memoryBandwidth: number(1e9, 1e15).describe("Bytes per second of device memory."),
  l2Bytes: integer(0, 17_179_869_184),
  flops: object<ArithmeticRates>({
    float32: RATE.describe("FLOP/s of ordinary 32-bit arithmetic."),
    tensorFloat32: RATE.describe(
      "FLOP/s of matrix units fed with 32-bit data (TF32); the ordinary rate where there are none.",
    ),
    float16: RATE.describe("FLOP/s of matrix units fed with 16-bit data, 32-bit accumulation."),
  }).describe("Peak rate of each kind of arithmetic, dense."),
  launchGapNs: LATENCY.describe(
    "From the end of a kernel to the start of the next one of its stream, inside a CUDA graph.",
  ),
  eventNs: LATENCY.describe(
    "From the end of a kernel to the start of one on another stream that waits for it, in a graph.",
  ),
  kernelFloorNs: LATENCY.describe("Shortest time that any kernel takes."),
  dispatchNs: optional(
    LATENCY.describe(
      "Least time between the starts of two kernels, whatever their streams; absent: 0.",
    ),
  ),
  widths: optional(widthCostsShape),
  residentGrids: optional(
    integer(1, 4096).describe(`Kernels that can be resident at a time; absent: ${USUAL_GRIDS}.`),
  ),
  memoryBytes: optional(integer(1, 2 ** 50).describe("Device memory; absent: not known.")),
  reached: optional(
    object<ReachedShares>({
      bandwidth: optional(SHARE.describe("Of the memory bandwidth; absent: 0.85.")),
      float32: optional(SHARE.describe("Of ordinary arithmetic; absent: 1.")),
      matrix: optional(SHARE.describe("Of the matrix units; absent: 1.")),
    }).describe("Shares of the peaks that well-formed kernels reach."),
  ),
  library: optional(
    oneOf(...KERNEL_LIBRARIES).describe("Whose kernels run convolutions; absent: cudnn."),
  ),
  sharing: optional(
    oneOf(...SM_SHARINGS).describe(
      "Whether thread blocks of several kernels share an SM; absent: exclusive.",
    ),
  ),
  ranges: optional(assumedRangesShape),
  sources: object<DeviceModel["sources"]>({
    sms: SOURCE,
    threadBlocksPerSm: SOURCE,
    threadsPerSm: SOURCE,
    registersPerSm: SOURCE,
    sharedBytesPerSm: SOURCE,
    sharedBytesReservedPerBlock: SOURCE,
    memoryBandwidth: SOURCE,
    l2Bytes: SOURCE,
    flops: SOURCE,
    launchGapNs: SOURCE,
    eventNs: SOURCE,
    kernelFloorNs: SOURCE,
    dispatchNs: optional(SOURCE),
    widths: optional(SOURCE),
    residentGrids: optional(SOURCE),
    memoryBytes: optional(SOURCE),
    reached: optional(SOURCE),
    library: optional(SOURCE),
    sharing: optional(SOURCE),
  }).describe("Where each figure is from."),
};

/** A device model inside another record. */
export const deviceModelShape: Shape<DeviceModel> =
  object<DeviceModel>(FIELDS).named("deviceModel");

/** The file format `top-compile/device-model`, version 1. */
export const DEVICE_MODEL_KIND: DocumentKind<DeviceModel> = defineDocument<DeviceModel>(
  {
    format: "top-compile/device-model",
    version: 1,
    description: "A GPU as far as scheduling needs to know it. See docs/device-models.md.",
  },
  FIELDS,
);

/**
 * Reads a device model that a user wrote (`top-compile/device-model`).
 *
 * Fails: `device-model-not-json`; `device-model-invalid` once per problem, with the JSON pointer.
 */
export function parseDeviceModel(source: string, where: string): Result<DeviceModel> {
  const accept = (model: DeviceModel, problems: JsonProblem[]): DeviceModel => {
    problems.push(...impossible(model));
    return model;
  };
  return parseDocument(source, DEVICE_MODEL_KIND, accept, {
    notJson: (reason) => deviceModelNotJson(where, reason),
    invalid: (problem) => deviceModelInvalid(where, problem),
  });
}

/** Figures that are each possible but not together. */
function impossible(model: DeviceModel): JsonProblem[] {
  const problems: JsonProblem[] = [
    ...rangeProblems(model.ranges, model),
    ...widthProblems(model.widths),
  ];
  const warps = model.threadsPerSm / WARP;
  if (warps < model.threadBlocksPerSm) {
    problems.push({
      pointer: "/threadBlocksPerSm",
      message: `must not exceed threadsPerSm / ${WARP} (${warps}): a thread block has at least one warp; is ${model.threadBlocksPerSm}`,
    });
  }
  if (model.threadsPerSm % WARP !== 0) {
    problems.push({
      pointer: "/threadsPerSm",
      message: `must be a multiple of ${WARP}, the threads of a warp, is ${model.threadsPerSm}`,
    });
  }
  const least = LEAST_TILE_BYTES + model.sharedBytesReservedPerBlock;
  if (model.sharedBytesPerSm < least) {
    problems.push({
      pointer: "/sharedBytesPerSm",
      message: `must hold one thread block of the smallest matrix product, ${least} bytes with sharedBytesReservedPerBlock, is ${model.sharedBytesPerSm}`,
    });
  }
  if (model.eventNs < model.launchGapNs) {
    problems.push({
      pointer: "/eventNs",
      message: `must not be below launchGapNs (${model.launchGapNs}): a kernel on another stream starts no sooner than the next one of the same stream; is ${model.eventNs}`,
    });
  }
  if (model.flops.float16 < model.flops.float32) {
    problems.push({ pointer: "/flops/float16", message: "must not be below flops/float32" });
  }
  if (model.flops.tensorFloat32 < model.flops.float32) {
    problems.push({ pointer: "/flops/tensorFloat32", message: "must not be below flops/float32" });
  }
  return problems;
}
