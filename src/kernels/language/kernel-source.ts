/** The kernels of a model as sources for the compiler, each distinct kernel once. */
import { sha256 } from "../../core/digest.js";
import { present } from "../../core/invariant.js";
import { type DevicePlan, kernelOf } from "../device-node.js";
import type { KernelCode } from "./kernel.js";
import { CUDA_PREAMBLE, printKernel } from "./print-cuda.js";

/** Most kernels in one source: the compiler's time and memory grow with it. */
const KERNELS_PER_SOURCE = 64;

/** Hexadecimal digits of a kernel's digest in its name. */
const NAME_DIGITS = 12;

/** The sources of a model's kernels. */
export interface KernelSources {
  readonly sources: readonly string[];
  /** Finds a kernel: its source, and its name there. */
  readonly find: (kernel: KernelCode) => { readonly source: number; readonly name: string };
  /** Distinct kernels. */
  readonly count: number;
}

/**
 * Collects the kernels of all plans. Kernels with the same text are one.
 *
 * Order: of first use. Cost: linear in the text of all kernels.
 */
export function kernelSources(plans: readonly DevicePlan[]): KernelSources {
  const names = new Map<KernelCode, string>();
  const texts = new Map<string, string>();
  for (const { nodes } of plans) {
    for (const node of nodes) {
      const kernel = kernelOf(node);
      if (kernel !== undefined && !names.has(kernel)) {
        const name = nameOf(kernel);
        names.set(kernel, name);
        if (!texts.has(name)) {
          texts.set(name, printKernel(kernel, name));
        }
      }
    }
  }
  const order = new Map([...texts.keys()].map((name, at) => [name, at]));
  const all = [...texts.values()];
  const sources: string[] = [];
  for (let first = 0; first < all.length; first += KERNELS_PER_SOURCE) {
    const part = all.slice(first, first + KERNELS_PER_SOURCE);
    sources.push([CUDA_PREAMBLE, ...part].join("\n"));
  }
  return {
    sources,
    count: all.length,
    find: (kernel) => {
      const name = present(names.get(kernel), "name of a kernel");
      const at = present(order.get(name), "place of a kernel");
      return { source: Math.floor(at / KERNELS_PER_SOURCE), name };
    },
  };
}

/**
 * The name is a digest of the kernel's text, so that equal kernels of different models share it.
 */
function nameOf(kernel: KernelCode): string {
  const text = printKernel(kernel, "kernel");
  return `${kernel.label}_${sha256(text).slice(0, NAME_DIGITS)}`;
}
