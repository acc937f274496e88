import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { deviceOperatorTypes } from "../../../src/kernels/emit.js";
import { operatorTypeNamed, operatorTypes } from "../../../src/onnx/operators/catalog.js";
import { OPERATOR_CASES } from "../../support/operator-cases.js";
import { operatorsDoc } from "../../support/operators-doc.js";

describe("the list of operators", () => {
  it("is what docs/operators.md says", async () => {
    const path = resolve(import.meta.dirname, "../../../docs/operators.md");
    await expect(operatorsDoc()).toMatchFileSnapshot(path);
  });

  it("has types and FLOPs of every type but control flow, and sizes where its form needs them", () => {
    for (const name of operatorTypes()) {
      const type = operatorTypeNamed(name);
      const isControl = type?.form === "control";
      expect([name, type?.infer !== undefined]).toEqual([name, !isControl]);
      expect([name, type?.work !== undefined]).toEqual([name, !isControl]);
      expect([name, type?.recurrence !== undefined]).toEqual([name, type?.form === "recurrent"]);
      expect([name, type?.products === undefined || type.form === "product"]).toEqual([name, true]);
    }
  });

  it("has code for a GPU, or a reason against it, never both", () => {
    const device = new Set(deviceOperatorTypes());
    const both = operatorTypes().filter(
      (name) => device.has(name) && operatorTypeNamed(name)?.gpuRefusal !== undefined,
    );
    expect(both).toEqual([]);
    expect([...device].filter((name) => operatorTypeNamed(name) === undefined)).toEqual([]);
  });

  it("is covered by hand-made cases", () => {
    const tried = new Set(OPERATOR_CASES.map(({ type }) => type));
    const untried = operatorTypes().filter(
      (name) => !tried.has(name) && operatorTypeNamed(name)?.form !== "control",
    );
    // Models of several nodes, sizes that depend on data, and what has tensors as attributes.
    expect(untried).toEqual([
      "ConcatFromSequence",
      "Constant",
      "ImageDecoder",
      "NonMaxSuppression",
      "Optional",
      "OptionalGetElement",
      "OptionalHasElement",
      "SequenceAt",
      "SequenceConstruct",
      "SequenceEmpty",
      "SequenceErase",
      "SequenceInsert",
      "SequenceLength",
      "SplitToSequence",
      "StringSplit",
      "Unique",
      "ai.onnx.ml:SVMClassifier",
      "ai.onnx.ml:TreeEnsemble",
    ]);
  });
});
