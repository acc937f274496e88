/** Estimates have the kernels that the program launches: as many, with its thread blocks, threads and shared memory. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { present } from "../../../src/core/invariant.js";
import { deviceModelNamed } from "../../../src/cost/device-models/catalog.js";
import { libraryKernels } from "../../../src/estimate/library-calls.js";
import { programKernels } from "../../../src/estimate/program-kernels.js";
import { storedModel } from "../../../src/estimate/stored-model.js";
import type { EmittedModel } from "../../../src/kernels/emit.js";
import type { KernelCode } from "../../../src/kernels/language/kernel.js";
import { emitInBestLayout } from "../../../src/kernels/layout-choice.js";
import type { TensorLayout } from "../../../src/kernels/operator-call.js";
import { PRECISIONS, type Precision, precisionPlan } from "../../../src/kernels/precision.js";
import { withKernelList } from "../../../src/onnx/fuse/fuse-operators.js";
import type { LoweredModel } from "../../../src/onnx/lowered-model.js";
import { loadModel } from "../../../src/runtime/load-model.js";
import { DEVICE_CASES } from "../../support/device-operator-cases.js";
import { lowerCase } from "../../support/operator-models.js";

const MODELS = join(import.meta.dirname, "../../../fixtures/models");
const NAMES = readdirSync(MODELS).flatMap((name) => /^(.*)\.onnx$/.exec(name)?.[1] ?? []);
const DEVICE = present(deviceModelNamed("h200"), "device");

/** Bytes of a value in shared memory, as CUDA has them. */
const BYTES = { bool: 1, i32: 4, i64: 8, f32: 4, f64: 8 } as const;

/** The program, made as it is for a GPU that is there. */
function programOf(lowered: LoweredModel, math: Precision): EmittedModel {
  const { floats, conv, gemm } = precisionPlan(math);
  const approximatesGelu = gemm === "tf32";
  const options = { floats, estimateUnsupported: false, approximatesGelu };
  const made = emitInBestLayout(lowered, options, conv === "tf32");
  if (!made.ok) {
    throw new Error(made.error[0].message);
  }
  return made.value;
}

interface Compared {
  /** Kernels of our own, and in which layout. */
  readonly kernels: number;
  readonly layout: TensorLayout;
}

/** Expects the same kernels; calls of libraries take as many as are estimated for them. */
function compare(lowered: LoweredModel, math: Precision): Compared {
  const { plans, layout } = programOf(lowered, math);
  const estimated = programKernels(storedModel(lowered, math), DEVICE, math);
  let kernels = 0;
  for (const [id, { nodes }] of plans.entries()) {
    const expected = nodes.flatMap((node) => {
      if (node.kind !== "kernel") {
        return libraryKernels(node, { device: DEVICE, math }).map(() => "library");
      }
      kernels++;
      return geometryOf(node.kernel);
    });
    const found = (estimated[id] ?? []).map((kernel, at) =>
      expected[at] === "library"
        ? "library"
        : [kernel.threadBlocks, kernel.threadsPerBlock, kernel.sharedBytesPerBlock].join(),
    );
    expect(found, lowered.graph.operators[id]?.name).toEqual(expected);
  }
  return { kernels, layout };
}

function geometryOf({ grid, threads, shared = [] }: KernelCode): string {
  return [
    grid,
    threads,
    shared.reduce((sum, { type, count }) => sum + BYTES[type] * count, 0),
  ].join();
}

describe("kernels of estimates", () => {
  it("are of all fixtures", () => {
    expect(NAMES.length).toBeGreaterThanOrEqual(13);
  });

  const layouts = new Set<TensorLayout>();
  let total = 0;
  it.each(NAMES)("of %s are those of the program", async (name) => {
    const loaded = await loadModel(join(MODELS, `${name}.onnx`), { dims: new Map() });
    if (!loaded.ok) {
      throw new Error(loaded.error[0].message);
    }
    for (const [list, math] of [
      ["none", "tf32"],
      ["patterns", "tf32"],
      ["patterns", "ieee"],
      ["patterns", "torch"],
      ["patterns", "f16"],
    ] as const) {
      const { kernels, layout } = compare(withKernelList(loaded.value, list), math);
      total += kernels;
      layouts.add(layout);
    }
  });

  it("have been compared in both layouts", () => {
    expect(total).toBeGreaterThan(5000);
    expect([...layouts].sort()).toEqual(["channels-last", "rows"]);
  });

  it.each(PRECISIONS)("of every operator are those of the program, in %s", async (math) => {
    const labels = new Set<string>();
    let compared = 0;
    for (const each of DEVICE_CASES) {
      const lowered = await lowerCase(each);
      compared += compare(lowered, math).kernels > 0 ? 1 : 0;
      labels.add(each.type);
    }
    expect(compared).toBeGreaterThan(0.9 * DEVICE_CASES.length);
    expect(labels.size).toBeGreaterThan(150);
  });
});
