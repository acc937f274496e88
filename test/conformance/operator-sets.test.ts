/**
 * Every operator in every operator set in which it is another than before: what ONNX Runtime says of
 * a model of one node there is what we say, and in the sets that it does not know yet, an operator that
 * has not changed is what it was.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { present } from "../../src/core/invariant.js";
import { lowerModel } from "../../src/onnx/lower.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import type { OnnxModel } from "../../src/onnx/model.js";
import { operatorTypes } from "../../src/onnx/operators/catalog.js";
import { loadOnnxRuntime } from "../../src/runtime/onnx-runtime.js";
import { ortShapeOracle } from "../../src/runtime/shape-oracle.js";
import { OPERATOR_CASES } from "../support/operator-cases.js";
import { lowerCase, type OperatorCase } from "../support/operator-models.js";
import { SINCE_VERSIONS } from "./since-versions.js";
import { printType } from "./test-tensor.js";

/** Operator sets that are read, and the last that ONNX Runtime 1.30 knows. */
const [FIRST, LAST, LAST_OF_RUNTIME] = [7, 28, 26];

const CASES = OPERATOR_CASES.filter(({ type }) => SINCE_VERSIONS.has(type));

function versionsOf(type: string): readonly number[] {
  return present(SINCE_VERSIONS.get(type), type);
}

/** The sets in which a type is new or another, and the first that is read if it is older. */
function setsOf(type: string): readonly number[] {
  const versions = versionsOf(type).filter((version) => version > FIRST);
  return versionsOf(type).some((version) => version <= FIRST) ? [FIRST, ...versions] : versions;
}

async function lowerIn(model: OnnxModel, opset: number): Promise<LoweredModel | undefined> {
  const opsets = new Map([...model.opsets, ["", opset] as const]);
  const lowered = await lowerModel({ ...model, opsets }, { dims: new Map() });
  return lowered.ok ? lowered.value : undefined;
}

/** The set from which on axes may be counted from the end. */
const NEGATIVE_AXES = 11;

/** Whether ONNX allows the case in a set as far as its axes go. */
function isAllowed({ attributes = {} }: OperatorCase, opset: number): boolean {
  const axes = [attributes["axis"] ?? 0, attributes["axes"] ?? []].flat();
  return opset >= NEGATIVE_AXES || axes.every((axis) => typeof axis !== "number" || axis >= 0);
}

function outputsOf({ outputs }: OperatorCase): readonly string[] {
  return Array.from({ length: outputs }, (_, i) => `y${i}`);
}

describe("operator sets", () => {
  let hasRuntime = false;
  beforeAll(async () => {
    hasRuntime = (await loadOnnxRuntime()).ok;
  });

  it("have no operator that is not known", () => {
    const known = new Set(operatorTypes());
    expect([...SINCE_VERSIONS.keys()].filter((type) => !known.has(type))).toEqual([]);
  });

  it("change operators as ONNX Runtime says", async ({ skip }) => {
    skip(!hasRuntime, "onnxruntime-node is not installed");
    const differences: string[] = [];
    let compared = 0;
    for (const each of CASES) {
      const { model } = await lowerCase(each);
      const sets = setsOf(each.type).filter((version) => version <= LAST_OF_RUNTIME);
      for (const opset of sets.filter((version) => isAllowed(each, version))) {
        const opsets = new Map([...model.opsets, ["", opset] as const]);
        const lowered = await lowerIn(model, opset);
        const inputs = new Map(
          (lowered?.model ?? model).graph.inputs.flatMap(({ name, elementType, dims }) =>
            elementType === undefined ? [] : [[name, { elementType, dims: dims as number[] }]],
          ),
        );
        const theirs = await ortShapeOracle({ ...model, opsets }, inputs, outputsOf(each));
        for (const [name, type] of theirs) {
          compared++;
          const ours = lowered === undefined ? "refused" : printType(lowered.types.get(name));
          if (ours !== printType(type)) {
            const where = `${each.type} of ${each.inputs} in set ${opset}: ${name}`;
            differences.push(`${where}: ${ours}, not ${printType(type)}`);
          }
        }
      }
    }
    expect(differences).toEqual([]);
    expect(compared).toBeGreaterThan(CASES.length);
  });

  it("leave operators as they are between two changes", async () => {
    const differences: string[] = [];
    for (const each of CASES) {
      const { model, types } = await lowerCase(each);
      const opset = model.opsets.get("") ?? 0;
      const next = versionsOf(each.type).find((version) => version > opset) ?? LAST + 1;
      for (let other = opset + 1; other < next; other++) {
        const lowered = await lowerIn(model, other);
        for (const name of outputsOf(each)) {
          const [then, now] = [types.get(name), lowered?.types.get(name)].map(printType);
          if (then !== now) {
            differences.push(`${each.type} of ${each.inputs}: ${then}, but ${now} in set ${other}`);
          }
        }
      }
    }
    expect(differences).toEqual([]);
  });
});
