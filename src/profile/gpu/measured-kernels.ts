import type { DeviceModel } from "../../cost/device-model.js";
import type { Kernel } from "../../cost/kernel.js";
import type { Operator, OperatorGraph } from "../../ir/operator-graph.js";
import type { GpuKernelRecord, GpuNodeTiming, GpuProfile } from "./gpu-profile.js";

/**
 * The kernels of every operator for the simulator, from a profile.
 *
 * Geometry and resources are the driver's. A node's time is measured as a whole; where a library runs
 * several kernels for it, each gets the part that its threads are of all threads. The operator's work
 * is that of its last library call, or of its last kernel. An operator that another's kernel computes, or
 * that has no elements, has none.
 *
 * Times that were imported may be those of kernels alone, without the gap that follows each of them.
 *
 * Requires: the profile is of this graph, in its order.
 */
export function measuredKernels(
  profile: GpuProfile,
  graph: OperatorGraph,
  device: DeviceModel,
): readonly (readonly Kernel[])[] {
  const arithmetic = arithmeticOf(profile.key.precision);
  const gapNs = profile.imported?.includesGaps === false ? 0 : device.launchGapNs;
  return graph.operators.map((operator, at) => {
    const nodes = profile.operators[at]?.nodes ?? [];
    const library = nodes.findLastIndex(({ kind }) => kind !== "kernel");
    const main = library < 0 ? nodes.length - 1 : library;
    return nodes.flatMap((node, i) =>
      kernelsOfNode(node, i === main ? operator : undefined, gapNs, {
        arithmetic: node.kind === "kernel" ? "float32" : arithmetic,
        bytes: bytesOf(operator) / nodes.length,
      }),
    );
  });
}

function arithmeticOf(precision: string): Kernel["arithmetic"] {
  return precision === "f16" ? "float16" : precision === "ieee" ? "float32" : "tensorFloat32";
}

function bytesOf({ work }: Operator): number {
  return work.bytesRead + work.bytesWritten + work.parameterBytes;
}

function kernelsOfNode(
  { kernels, medianNs }: GpuNodeTiming,
  main: Operator | undefined,
  gapNs: number,
  share: { readonly arithmetic: Kernel["arithmetic"]; readonly bytes: number },
): readonly Kernel[] {
  const total = kernels.reduce((sum, kernel) => sum + threadsOf(kernel), 0);
  const alone = Math.max(1, medianNs - kernels.length * gapNs);
  return kernels.map((kernel): Kernel => {
    const part = threadsOf(kernel) / total;
    return {
      threadBlocks: product(kernel.grid),
      threadsPerBlock: product(kernel.threadBlock),
      registersPerThread: kernel.registersPerThread,
      sharedBytesPerBlock: kernel.sharedBytesPerBlock,
      flops: (main?.work.flops ?? 0) * part,
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
