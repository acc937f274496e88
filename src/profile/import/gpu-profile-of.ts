/** A GPU profile of imported times; what the tool does not say is the device model's, and marked so. */
import { basename } from "node:path";
import { productOf } from "../../core/product.js";
import type { DeviceModel } from "../../cost/device-model.js";
import type { Kernel } from "../../cost/kernel.js";
import { kernelsOf } from "../../cost/kernels/operator-kernels.js";
import { residentBlocksPerSm } from "../../cost/occupancy.js";
import { productMath } from "../../estimate/product-math.js";
import { storedModel } from "../../estimate/stored-model.js";
import type { Operator, OperatorId } from "../../ir/operator-graph.js";
import type { Precision } from "../../kernels/precision.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import {
  type GpuKernelRecord,
  type GpuNodeTiming,
  type GpuOperatorTiming,
  type GpuProfile,
  KERNEL_PARTS,
} from "../gpu/gpu-profile.js";
import { GPU_METHOD_VERSION } from "../gpu/measure-gpu-profile.js";
import type { ImportRecord } from "../import-record.js";
import { modelDigest, sizesInKey } from "../profile-key.js";
import type { ImportedKernel, ImportedLaunch, ImportedPart } from "./imported-part.js";
import type { MatchedParts } from "./match-parts.js";
import { sumTimings } from "./sum-timings.js";

/** What the profile says beside the times. */
export interface ImportedGpu {
  readonly device: DeviceModel;
  /** Arithmetic that was measured. */
  readonly precision: Precision;
  /** Where the times are from, without what this adds. */
  readonly record: ImportRecord;
}

/** Longest name of a kernel that is kept: those of templates can have thousands of characters. */
const MAX_NAME = 4096;

/** The profile of a model whose parts are matched. Cost: O(operators + parts). */
export function gpuProfileOf(
  lowered: LoweredModel,
  { partsOf, first, launcherOf }: MatchedParts,
  { device, precision, record }: ImportedGpu,
): GpuProfile {
  const stored = storedModel(lowered, precision);
  const { operators } = stored.graph;
  const surroundings = { lowered: stored, device, math: precision };
  const leadsOf = new Map<OperatorId, Operator[]>();
  for (const operator of operators) {
    const launcher = launcherOf.get(operator.id) ?? operator.id;
    leadsOf.set(launcher, [...(leadsOf.get(launcher) ?? []), operator]);
  }
  const timings = operators.map(({ id, name }): GpuOperatorTiming => {
    const lead = first[id] ?? id;
    return {
      name,
      nodes: (leadsOf.get(id) ?? []).flatMap((each) =>
        nodesOf(each, partsOf.get(each.id) ?? [], surroundings),
      ),
      ...(lead === id ? {} : { fusedWith: operators[lead]?.name ?? name }),
    };
  });
  const kernels = timings.flatMap(({ nodes }) => nodes.flatMap((node) => node.kernels));
  const isEstimated = kernels.some(({ estimated }) => estimated !== undefined);
  const { kernelFloorNs, launchGapNs, eventNs } = device;
  return {
    key: {
      method: GPU_METHOD_VERSION,
      modelSha256: modelDigest(lowered),
      dims: sizesInKey(lowered),
      precision,
      isFused: false,
      gpu: device.product,
      driver: "unknown",
      libraries: [],
    },
    model: basename(lowered.model.path),
    device: {
      name: device.product,
      source: "imported",
      capability: "unknown",
      multiprocessors: device.sms,
      clockMhzBefore: 0,
      clockMhzAfter: 0,
    },
    imported: {
      ...record,
      notMeasured: [
        "launchCosts",
        "pairs",
        "clocks",
        "software",
        ...(isEstimated ? (["kernels"] as const) : []),
        ...record.notMeasured,
      ],
    },
    isVerified: false,
    launchCosts: { chainNs: kernelFloorNs + launchGapNs, hopNs: kernelFloorNs + eventNs },
    deviceModel: timed(device),
    operators: timings,
    pairs: [],
  };
}

/** The device of kernels whose times were measured: their shortest time is not assumed any more. */
function timed({ ranges, ...device }: DeviceModel): DeviceModel {
  const { kernelFloorNs: _, ...assumed } = ranges ?? {};
  return ranges === undefined ? device : { ...device, ranges: assumed };
}

interface Surroundings {
  readonly lowered: LoweredModel;
  readonly device: DeviceModel;
  readonly math: Precision;
}

/** The launches of an operator: as they were timed, or as one time with the kernels that the model expects. */
function nodesOf(
  operator: Operator,
  parts: readonly ImportedPart[],
  { lowered, device, math }: Surroundings,
): readonly GpuNodeTiming[] {
  if (parts.length === 0) {
    return [];
  }
  const kind = kindOf(operator);
  const expected = kernelsOf(operator, lowered, device, productMath(operator, math));
  if (parts.some(({ launches }) => launches.length === 0)) {
    const timing = sumTimings(parts);
    const kernels = expected.map((kernel) => estimatedRecord(operator.type, kernel));
    return timing.medianNs === 0 ? [] : [{ kind, ...timing, kernels }];
  }
  const launches = parts
    .flatMap((part) => part.launches)
    .filter(({ timing }) => timing.medianNs > 0);
  const longest = (times: readonly number[]): number =>
    times.indexOf(times.reduce((a, b) => Math.max(a, b), 0));
  const main = longest(launches.map(({ timing }) => timing.medianNs));
  const like = expected[longest(expected.map(({ durationNs }) => durationNs))];
  return launches.map(
    ({ timing, kernel }: ImportedLaunch, at): GpuNodeTiming => ({
      kind: at === main ? kind : "kernel",
      ...timing,
      kernels: [recordOf(kernel, like, device)],
    }),
  );
}

function kindOf({ type, products }: Operator): GpuNodeTiming["kind"] {
  if (products === undefined) {
    return "kernel";
  }
  return /Conv/.test(type) ? "conv" : "gemm";
}

function estimatedRecord(name: string, kernel: Kernel): GpuKernelRecord {
  return {
    name,
    grid: [kernel.threadBlocks, 1, 1],
    threadBlock: [kernel.threadsPerBlock, 1, 1],
    registersPerThread: kernel.registersPerThread,
    sharedBytesPerBlock: kernel.sharedBytesPerBlock,
    estimated: KERNEL_PARTS,
  };
}

/** A kernel as it was launched; what the tool does not say, or cannot be on this device, is of `like`. */
function recordOf(
  kernel: ImportedKernel,
  like: Kernel | undefined,
  device: DeviceModel,
): GpuKernelRecord {
  const name = kernel.name.slice(0, MAX_NAME);
  const usual: GpuKernelRecord = {
    name,
    grid: [like?.threadBlocks ?? 1, 1, 1],
    threadBlock: [like?.threadsPerBlock ?? 1, 1, 1],
    registersPerThread: like?.registersPerThread ?? 0,
    sharedBytesPerBlock: like?.sharedBytesPerBlock ?? 0,
  };
  const { grid, threadBlock, registersPerThread, sharedBytesPerBlock } = kernel;
  const known = {
    ...(grid === undefined ? {} : { grid }),
    ...(threadBlock === undefined ? {} : { threadBlock }),
    ...(registersPerThread === undefined ? {} : { registersPerThread }),
    ...(sharedBytesPerBlock === undefined ? {} : { sharedBytesPerBlock }),
  };
  const record = { ...usual, ...known };
  if (!fits(record, device)) {
    return { ...usual, estimated: KERNEL_PARTS };
  }
  const estimated = KERNEL_PARTS.filter((part) => !Object.hasOwn(known, part));
  return estimated.length === 0 ? record : { ...record, estimated };
}

/** Most thread blocks and threads that CUDA launches at once. */
const MAX_GRID = 2 ** 31 - 1;
const MAX_BLOCK = 1024;

function fits(
  { grid, threadBlock, registersPerThread, sharedBytesPerBlock }: GpuKernelRecord,
  device: DeviceModel,
): boolean {
  const threadsPerBlock = productOf(threadBlock);
  const block = { threadsPerBlock, registersPerThread, sharedBytesPerBlock };
  return (
    grid.every((extent) => extent <= MAX_GRID) &&
    Number.isSafeInteger(productOf(grid) * threadsPerBlock) &&
    threadsPerBlock <= MAX_BLOCK &&
    residentBlocksPerSm(block, device) >= 1
  );
}
