import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import onnxProto from "onnx-proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Inspection, inspectModel } from "../../../src/onnx/inspect-model.js";
import { lowerModel } from "../../../src/onnx/lower.js";
import { readModel } from "../../../src/onnx/read-model.js";
import { renderInspected } from "../../../src/report/inspected.js";

const { onnx } = onnxProto;
const FLOAT = 1;
const INT64 = 7;

type DeclaredDim = number | string | undefined;

function value(name: string, elemType: number, dims: readonly DeclaredDim[]) {
  const dim = dims.map((size) =>
    typeof size === "number" ? { dimValue: size } : size === undefined ? {} : { dimParam: size },
  );
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

const HALF = { name: "half", dims: [1], dataType: FLOAT, floatData: [0.5] };

/** y = x * half and z = [x], with a scalar that only its own output reads; IR 3 lists `half` as an input. */
const MODEL = onnx.ModelProto.encode(
  onnx.ModelProto.create({
    irVersion: 3,
    opsetImport: [{ domain: "", version: 17 }],
    graph: {
      name: "values",
      node: [
        { name: "scale", opType: "Mul", input: ["x", "half"], output: ["y"] },
        { name: "list", opType: "SequenceConstruct", input: ["y"], output: ["z"] },
        { name: "copy", opType: "Neg", input: ["rate"], output: ["minus"] },
      ],
      input: [
        value("x", FLOAT, ["batch", undefined]),
        value("half", FLOAT, [1]),
        value("rate", INT64, []),
      ],
      output: [
        value("y", FLOAT, ["batch", undefined]),
        { name: "z", type: { sequenceType: { elemType: { tensorType: { elemType: FLOAT } } } } },
        value("minus", INT64, []),
      ],
      initializer: [HALF],
    },
  }),
).finish();

describe("inspectModel", () => {
  let folder: string;
  let inspection: Inspection;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "inspect-model-"));
    const path = join(folder, "values.onnx");
    writeFileSync(path, MODEL);
    const model = readModel(path);
    if (!model.ok) {
      throw new Error(model.error[0].message);
    }
    const lowered = await lowerModel(model.value, { dims: new Map([["x[1]", 7]]) });
    if (!lowered.ok) {
      throw new Error(lowered.error[0].message);
    }
    inspection = inspectModel(lowered.value);
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it("has the inputs that a caller gives, at the sizes they were lowered with", () => {
    expect(inspection.inputs).toEqual([
      { name: "x", type: "float32", dims: [1, 7] },
      { name: "rate", type: "int64", dims: [] },
    ]);
  });

  it("has the outputs, also those that are no tensors", () => {
    expect(inspection.outputs).toEqual([
      { name: "y", type: "float32", dims: [1, 7] },
      { name: "z", type: "not a tensor" },
      { name: "minus", type: "int64", dims: [] },
    ]);
  });

  it("says of every dynamic dim where it stands and who gave its size", () => {
    expect(inspection.boundDims).toEqual([
      { name: "batch", size: 1, source: "default", places: ["x[0]"] },
      { name: "x[1]", size: 7, source: "option", places: ["x[1]"] },
    ]);
  });

  it("names the operators, for placements by hand", () => {
    expect(inspection.operators).toEqual([
      { name: "scale", type: "Mul" },
      { name: "list", type: "SequenceConstruct" },
      { name: "copy", type: "Neg" },
    ]);
  });

  it("is printed with a line for each value", () => {
    const lines = renderInspected(inspection, 80).split("\n");
    const at = lines.findIndex((line) => line.startsWith("inputs"));
    expect(lines.slice(at, at + 5).map((line) => line.replace(/^(\w*) +/, "$1: "))).toEqual([
      "inputs: x float32 [1, 7]",
      ": rate int64 []",
      "outputs: y float32 [1, 7]",
      ": z not a tensor",
      ": minus int64 []",
    ]);
    expect(lines.join("\n")).toContain("batch=1 (default) x[1]=7\n");
  });
});
