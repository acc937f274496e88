import type { DeviceModel } from "../../cost/device-model.js";
import type { Kernel } from "../../cost/kernel.js";
import { arithmeticOf } from "../../cost/kernels/arithmetic.js";
import {
  type Operator,
  type OperatorId,
  type OperatorWork,
  operatorId,
  sumOfWork,
} from "../../ir/operator-graph.js";
import { type Precision, precisionPlan } from "../../kernels/precision.js";
import { groupWork } from "../../onnx/fuse/group-work.js";
import { groupOf } from "../../onnx/kernel-groups.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import { fusedGroups } from "../profile.js";
import type { GpuKernelRecord, GpuNodeTiming, GpuProfile } from "./gpu-profile.js";

/**
 * The kernels of every operator for the simulator, from a profile.
 *
 * Geometry and resources are the driver's. A node's time is measured as a whole; where a library runs
 * several kernels for it, each gets the part that was measured of it, or that its threads are of all threads. The operator's work
 * is that of its last library call, or of its last kernel. The last operator of a group has the work of all
 * its members, whose kernels run one after the other. An operator that another's kernel computes, or that
 * has no elements, has none.
 *
 * Times that were imported may be those of kernels alone, without the gap that follows each of them.
 *
 * Requires: the profile is of this model with this kernel list, in the order of its operators.
 */
export function measuredKernels(
  profile: GpuProfile,
  lowered: LoweredModel,
  device: DeviceModel,
): readonly (readonly Kernel[])[] {
  const { precision } = profile.key;
  const gapNs = profile.imported?.includesGaps === false ? 0 : device.launchGapNs;
  const timedWith = membersTimedWith(profile, lowered);
  return lowered.graph.operators.map((operator, at) => {
    const work = workOf(operator, lowered, timedWith.get(at));
    const nodes = profile.operators[at]?.nodes ?? [];
    const library = nodes.findLastIndex(({ kind }) => kind !== "kernel");
    const main = library < 0 ? nodes.length - 1 : library;
    return nodes.flatMap((node, i) =>
      kernelsOfNode(node, i === main ? work : undefined, gapNs, {
        arithmetic: arithmeticOfNode(node.kind, precision),
        bytes: bytesOf(work) / nodes.length,
      }),
    );
  });
}

/** The arithmetic of a node's products; that of our own kernels is of 32 bits. */
function arithmeticOfNode(kind: GpuNodeTiming["kind"], precision: Precision): Kernel["arithmetic"] {
  const { floats, conv, gemm } = precisionPlan(precision);
  if (kind === "kernel") {
    return "float32";
  }
  const elementType = floats === "f16" ? "float16" : "float32";
  return arithmeticOf({ elementType, math: kind === "conv" ? conv : gemm });
}

/**
 * By operator of an import that launches for several: these, up to itself, from behind the one before it that
 * launches. Ascending.
 */
function membersTimedWith(
  profile: GpuProfile,
  { graph }: LoweredModel,
): ReadonlyMap<number, readonly OperatorId[]> {
  const members = new Map<number, readonly OperatorId[]>();
  const open = new Map<number, OperatorId[]>();
  fusedGroups(profile, graph).forEach((group, at) => {
    const row = [...(open.get(group) ?? []), operatorId(at)];
    const launches = (profile.operators[at]?.nodes.length ?? 0) > 0;
    open.set(group, launches ? [] : row);
    if (launches && row.length > 1) {
      members.set(at, row);
    }
  });
  return members;
}

function workOf(
  { id, work }: Operator,
  lowered: LoweredModel,
  timed: readonly OperatorId[] | undefined,
): OperatorWork {
  if (timed !== undefined) {
    return groupWork(lowered, timed);
  }
  const { graph, fused } = lowered;
  const members = groupOf(fused, id)?.members ?? [];
  const works = members.flatMap((each) => graph.operators[each]?.work ?? []);
  return works.length === 0 ? work : works.reduce(sumOfWork);
}

function bytesOf(work: OperatorWork): number {
  return work.bytesRead + work.bytesWritten + work.parameterBytes;
}

function kernelsOfNode(
  { kernels, medianNs }: GpuNodeTiming,
  main: OperatorWork | undefined,
  gapNs: number,
  share: { readonly arithmetic: Kernel["arithmetic"]; readonly bytes: number },
): readonly Kernel[] {
  const hasParts = kernels.every(({ partNs = 0 }) => partNs > 0);
  const sizeOf = (kernel: GpuKernelRecord): number =>
    hasParts ? (kernel.partNs ?? 0) : threadsOf(kernel);
  const total = kernels.reduce((sum, kernel) => sum + sizeOf(kernel), 0);
  const alone = Math.max(1, medianNs - kernels.length * gapNs);
  return kernels.map((kernel): Kernel => {
    const part = sizeOf(kernel) / total;
    return {
      threadBlocks: product(kernel.grid),
      threadsPerBlock: product(kernel.threadBlock),
      registersPerThread: kernel.registersPerThread,
      sharedBytesPerBlock: kernel.sharedBytesPerBlock,
      flops: (main?.flops ?? 0) * part,
      bytes: share.bytes * part,
      arithmetic: share.arithmetic,
      durationNs: Math.max(1, Math.round(alone * part)),
    };
  });
}

function threadsOf({ grid, threadBlock }: GpuKernelRecord): number {
  return product(grid) * product(threadBlock);
}

function product(extents: readonly number[]): number {
  return extents.reduce((result, extent) => result * extent, 1);
}
