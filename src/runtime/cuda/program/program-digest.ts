import { sha256 } from "../../../core/digest.js";
import type { EmittedModel } from "../../../kernels/emit.js";
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
      if (node.kind !== "kernel") {
        return node;
      }
      const { grid, threads } = node.kernel;
      return { name: kernels.find(node.kernel).name, grid, threads, buffers: node.buffers };
    }),
  );
  const scratch = plans.map(({ scratchBytes }) => scratchBytes);
  return sha256(JSON.stringify([COMPILE_OPTIONS, kernels.sources, nodes, scratch]));
}
