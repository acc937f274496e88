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
import type { OperatorGraph } from "../../../src/ir/operator-graph.js";
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

/** The problem of a network; `isIos`: with the kernels that IOS launches. */
export async function problemOf(
  network: Network,
  device: DeviceModel,
  isIos: boolean,
): Promise<GpuProblem> {
  const { model, side, batch } = network;
  const key = [model, side, batch].join(" ");
  const loading = lowered.get(key) ?? load(network);
  lowered.set(key, loading);
  const loaded = await loading;
  const math = device.flops.tensorFloat32 > device.flops.float32 ? "tf32" : "ieee";
  const { graph } = loaded;
  const kernels = graph.operators.map((operator) => kernelsOf(operator, loaded, device, math));
  const launched = isIos ? asIos(graph, kernels, device) : kernels;
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
