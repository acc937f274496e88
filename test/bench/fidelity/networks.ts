/** Whole networks of publications, from our fixtures and their generators, lowered. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildInceptionV3 } from "../../../fixtures/generator/inception-v3.js";
import { buildSqueezenetBypass } from "../../../fixtures/generator/squeezenet.js";
import type { DeviceModel } from "../../../src/cost/device-model.js";
import type { Kernel } from "../../../src/cost/kernel.js";
import { kernelsOf } from "../../../src/cost/kernels/operator-kernels.js";
import { ELEMENTWISE_SHAPE, streamKernel } from "../../../src/cost/kernels/stream-kernel.js";
import { programKernels } from "../../../src/estimate/program-kernels.js";
import type { OperatorGraph } from "../../../src/ir/operator-graph.js";
import { withKernelList } from "../../../src/onnx/fuse/fuse-operators.js";
import type { FusionList } from "../../../src/onnx/kernel-groups.js";
import type { LoweredModel } from "../../../src/onnx/lowered-model.js";
import { loadModelForBatch } from "../../../src/runtime/load-model.js";
import { type GpuProblem, gpuProblemOf } from "../../../src/schedule/gpu-problem.js";

/** Which network: of what image side, and how many of them at once. */
export interface Network {
  readonly model: string;
  readonly side: number;
  readonly batch: number;
}

const lowered = new Map<string, Promise<LoweredModel>>();

/** The kernels that a published system launched. */
export interface SystemKernels {
  readonly system: RegExp;
  readonly words: string;
  readonly why: string;
  readonly list: FusionList | "ios";
}

/**
 * What each system launched when it was measured. None had our list `patterns`, so none is compared with it.
 *
 * Sources: Opara (arXiv 2312.10351, section 5) schedules PyTorch's operators in a CUDA graph, and is compared there with
 * Nimble and Rammer; IOS (Ding et al., MLSys 2021, and its engine) calls cuDNN's convolution with bias and activation.
 */
export const SYSTEM_KERNELS: readonly SystemKernels[] = [
  {
    system: /^IOS/,
    words: "its own",
    why: "cuDNN's convolution with bias and activation, normalization folded, nothing else fused",
    list: "ios",
  },
  {
    system: /^(Nimble|Rammer)/,
    words: "`none`",
    why: "what it launched in this comparison is not published; the kernels of Opara stand for it",
    list: "none",
  },
  {
    system: /^/,
    words: "`none`",
    why: "PyTorch's operators in a CUDA graph, a kernel or more for each",
    list: "none",
  },
];

/** The kernels of a system, by its name or by the note on a figure. */
export function kernelsOfSystem(name: string): SystemKernels {
  return SYSTEM_KERNELS.find(({ system }) => system.test(name)) ?? SYSTEM_KERNELS.at(-1)!;
}

/** Whose kernels predictions are of: those that the published system launched, or our own program's of the same list. */
export type KernelSource = "system" | "program";

/** The problem of a network with the kernels of `system`, or with our own of its list. */
export async function problemOf(
  network: Network,
  device: DeviceModel,
  { list }: SystemKernels,
  source: KernelSource = "system",
): Promise<GpuProblem> {
  const { model, side, batch } = network;
  const key = [model, side, batch].join(" ");
  const loading = lowered.get(key) ?? load(network);
  lowered.set(key, loading);
  const loaded = await loading;
  const math = device.flops.tensorFloat32 > device.flops.float32 ? "tf32" : "ieee";
  const { graph } = loaded;
  const launching = withKernelList(loaded, list === "ios" ? "none" : list);
  const kernels =
    source === "program"
      ? programKernels(launching, device, math)
      : graph.operators.map((operator) => kernelsOf(operator, launching, device, math));
  const launched = list === "ios" ? asIos(graph, kernels, device) : kernels;
  return gpuProblemOf(graph, launched, device, "estimated");
}

async function load({ model, side, batch }: Network): Promise<LoweredModel> {
  const folder = mkdtempSync(join(tmpdir(), "top-compile-fidelity-"));
  try {
    const made =
      model === "squeezenet-1.0-bypass"
        ? buildSqueezenetBypass()
        : model === "inception-v3" && side !== 299
          ? buildInceptionV3(side)
          : undefined;
    const path = made === undefined ? `fixtures/models/${model}.onnx` : join(folder, "model.onnx");
    if (made !== undefined) {
      writeFileSync(path, made);
    }
    const loaded = await loadModelForBatch(path, { dims: new Map() }, { batch, mayRewrite: true });
    if (!loaded.ok) {
      throw new Error(loaded.error[0].message);
    }
    return loaded.value;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * The kernels as IOS launches them: an activation that alone reads a convolution runs inside it, a
 * normalization is folded, and where no activation is, the bias is added by a kernel of its own.
 */
function asIos(
  { operators, tensors }: OperatorGraph,
  kernels: readonly (readonly Kernel[])[],
  device: DeviceModel,
): (readonly Kernel[])[] {
  const follows = (id: number, type: string): boolean => {
    const { successors } = operators[id] ?? { successors: [] };
    return successors.length === 1 && operators[successors[0] ?? -1]?.type === type;
  };
  return operators.map(({ id, type, outputs, predecessors }) => {
    const before = operators[predecessors[0] ?? -1];
    const isInside =
      (type === "Relu" || type === "BatchNormalization") &&
      before?.type === "Conv" &&
      before.successors.length === 1;
    if (isInside) {
      return [];
    }
    const own = kernels[id] ?? [];
    if (type !== "Conv" || follows(id, "Relu")) {
      return own;
    }
    const bytes = tensors[outputs[0] ?? -1]?.bytes ?? 0;
    const work = { items: bytes / 4, flops: bytes / 4, bytes: 2 * bytes };
    return [...own, streamKernel({ ...ELEMENTWISE_SHAPE, ...work }, device)];
  });
}
