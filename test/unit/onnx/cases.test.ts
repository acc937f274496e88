/**
 * Small models as exporters and optimizers write them, rebuilt from public reports: each has broken some
 * tool. What must be said of them is in the `expect.json` beside each, with its source.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { feedsOfRun, USUAL_INPUTS } from "../../../src/driver/sizes-from.js";
import { inspectModel } from "../../../src/onnx/inspect-model.js";
import { lowerModel } from "../../../src/onnx/lower.js";
import type { SizeObserver } from "../../../src/onnx/lowered-model.js";
import { readModel } from "../../../src/onnx/read-model.js";
import { sizeObserver } from "../../../src/runtime/observe-sizes.js";
import { SKIP_REASON } from "../../support/onnx-runtime.js";

const FOLDER = resolve(import.meta.dirname, "../../../fixtures/cases/onnx");

type Outputs = Readonly<Record<string, { readonly type: string; readonly dims: number[] }>>;

interface Expected {
  readonly situation: string;
  readonly dims: Readonly<Record<string, number>>;
  /** The code of the failure, where the model cannot be lowered. */
  readonly refused?: string;
  readonly outputs?: Outputs;
  /** Those that a run on seeded inputs shows, where `outputs` are bounds. */
  readonly ran?: Outputs;
  readonly flops?: number;
  /** Types of the operators, in order. */
  readonly operators?: readonly string[];
  readonly parameters?: number;
}

const CASES = readdirSync(FOLDER)
  .sort()
  .map((name) => {
    const expected: Expected = JSON.parse(readFileSync(join(FOLDER, name, "expect.json"), "utf8"));
    return [name, expected] as const;
  });

async function lower(name: string, dims: Expected["dims"], observe?: SizeObserver) {
  const model = readModel(join(FOLDER, name, "model.onnx"));
  const options = { dims: new Map(Object.entries(dims)), observe };
  return model.ok ? await lowerModel(model.value, options) : model;
}

describe("models of public reports", () => {
  it("are there", () => {
    expect(CASES.length).toBeGreaterThan(70);
  });

  it.each(CASES)("%s", async (name, { dims, refused, outputs, flops, parameters, operators }) => {
    const lowered = await lower(name, dims);
    if (refused !== undefined) {
      expect(lowered.ok ? "lowered" : lowered.error[0].code).toBe(refused);
      return;
    }
    if (!lowered.ok) {
      throw new Error(lowered.error[0].message);
    }
    const { types, graph } = lowered.value;
    const made = graph.operators.map(({ type }) => type);
    expect(made).toEqual(operators ?? made);
    for (const [output, { type, dims: sizes }] of Object.entries(outputs ?? {})) {
      expect(types.get(output)).toEqual({ elementType: type, dims: sizes });
    }
    const inspection = inspectModel(lowered.value);
    expect(inspection.flops).toBe(flops ?? inspection.flops);
    expect(inspection.parameters.count).toBe(parameters ?? inspection.parameters.count);
  });

  const RAN = CASES.filter(([, { ran }]) => ran !== undefined);

  it.skipIf(SKIP_REASON !== undefined).each(RAN)(
    "%s, as a run shows it",
    async (name, { dims, ran }) => {
      const lowered = await lower(name, dims, sizeObserver(feedsOfRun(USUAL_INPUTS)));
      for (const [output, { type, dims: sizes }] of Object.entries(ran ?? {})) {
        const found = lowered.ok ? lowered.value.types.get(output) : lowered.error[0];
        expect(found).toEqual({ elementType: type, dims: sizes });
      }
    },
  );
});
