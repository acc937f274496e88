import { sha256 } from "../../../core/digest.js";
import type { EmittedModel } from "../../../kernels/emit.js";
import type { KernelCode } from "../../../kernels/language/kernel.js";
import { kernelSources } from "../../../kernels/language/kernel-source.js";
import { COMPILE_OPTIONS } from "./program.js";

/**
 * Digest of everything that the device is given to run but for addresses: kernels with their geometry, library
 * calls, and how kernels are compiled. Equal digests take equal times.
 *
 * Cost: printing every kernel.
 */
export function programDigest({ plans }: EmittedModel): string {
  const kernels = kernelSources(plans);
  const nodes = plans.map((plan) =>
    plan.nodes.map((node) => {
      const launched = (kernel: KernelCode) => {
        const { grid, threads } = kernel;
        return { name: kernels.find(kernel).name, grid, threads };
      };
      if (node.kind === "kernel") {
        return { ...launched(node.kernel), buffers: node.buffers };
      }
      return node.kind === "conv" && node.behind !== undefined
        ? { ...node, behind: { ...node.behind, kernel: launched(node.behind.kernel) } }
        : node;
    }),
  );
  const scratch = plans.map(({ scratchBytes }) => scratchBytes);
  return sha256(JSON.stringify([COMPILE_OPTIONS, kernels.sources, nodes, scratch]));
}
