import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { ruleTypes } from "../../../src/onnx/infer/rules.js";
import { workRuleOf, workTypes } from "../../../src/onnx/work/work-of.js";
import { OPERATOR_CASES } from "../../support/operator-cases.js";
import { operatorsDoc } from "../../support/operators-doc.js";

describe("the list of operators", () => {
  it("is what docs/operators.md says", async () => {
    const path = resolve(import.meta.dirname, "../../../docs/operators.md");
    await expect(operatorsDoc()).toMatchFileSnapshot(path);
  });

  it("has a FLOP formula for every type with a shape rule, and the other way round", () => {
    const without = ruleTypes().filter((type) => workRuleOf(type) === undefined);
    expect(without).toEqual([]);
    const shapes = new Set(ruleTypes());
    expect(workTypes().filter((type) => !shapes.has(type))).toEqual([]);
  });

  it("is covered by hand-made cases", () => {
    const tried = new Set(OPERATOR_CASES.map(({ type }) => type));
    const untried = ruleTypes().filter((type) => !tried.has(type));
    // Models of several nodes, and sizes that depend on data, are tried in other tests.
    expect(untried).toEqual([
      "ConcatFromSequence",
      "Constant",
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
      "Unique",
    ]);
  });
});
