/** Whole networks of publications, from our fixtures and their generators, lowered. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildInceptionV3 } from "../../../fixtures/generator/inception-v3.js";
import { buildSqueezenetBypass } from "../../../fixtures/generator/squeezenet.js";
import type { DeviceModel } from "../../../src/cost/device-model.js";
import { kernelsOf } from "../../../src/cost/kernels/operator-kernels.js";
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

/** The problem of a network; `isFused`: activations and normalizations run inside what they follow. */
export async function problemOf(
  network: Network,
  device: DeviceModel,
  isFused: boolean,
): Promise<GpuProblem> {
  const { model, side, batch } = network;
  const key = [model, side, batch].join(" ");
  const loading = lowered.get(key) ?? load(network);
  lowered.set(key, loading);
  const loaded = await loading;
  const math = device.flops.tensorFloat32 > device.flops.float32 ? "tf32" : "ieee";
  const { graph } = loaded;
  const kernels = graph.operators.map((operator) => kernelsOf(operator, loaded, device, math));
  const inside = isFused ? epilogues(graph) : new Set<number>();
  return gpuProblemOf(
    graph,
    kernels.map((list, id) => (inside.has(id) ? [] : list)),
    device,
    "estimated",
  );
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

const EPILOGUES = new Set(["Relu", "Clip", "Sigmoid", "BatchNormalization"]);

/** Operators that are the only readers of one other and could run inside it. */
function epilogues({ operators }: OperatorGraph): ReadonlySet<number> {
  const inside = operators.filter(({ type, predecessors }) => {
    const [from] = predecessors;
    const before = operators[from ?? -1];
    return EPILOGUES.has(type) && predecessors.length === 1 && before?.successors.length === 1;
  });
  return new Set(inside.map(({ id }) => id));
}
