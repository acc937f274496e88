/**
 * A node test of ONNX: a folder with `model.onnx` and one folder `test_data_set_N` a data set, which
 * has an `input_I.pb` and an `output_I.pb` for each input and output of the graph.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import onnxProto from "onnx-proto";
import { readTestTensor, type TestTensor } from "./test-tensor.js";

const { onnx } = onnxProto;

/** Values by name, in the order of the graph; `undefined`: no tensor. */
export type TestValues = ReadonlyMap<string, TestTensor | undefined>;

/** One node test. */
export interface NodeTest {
  readonly name: string;
  readonly path: string;
  readonly dataSets: readonly { readonly inputs: TestValues; readonly outputs: TestValues }[];
}

/** The names of the node tests in a folder, sorted. */
export function nodeTestsIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, "model.onnx")))
    .sort();
}

/** Reads one node test. */
export function readNodeTest(folder: string, name: string): NodeTest {
  const path = join(folder, name, "model.onnx");
  const { graph } = onnx.ModelProto.decode(readFileSync(path));
  const constants = new Set((graph?.initializer ?? []).map((tensor) => tensor.name));
  const inputs = (graph?.input ?? []).filter((input) => !constants.has(input.name));
  const outputs = graph?.output ?? [];
  const sets = readdirSync(join(folder, name)).filter((entry) => entry.startsWith("test_data_set"));
  return {
    name,
    path,
    dataSets: sets.sort().map((set) => ({
      inputs: valuesOf(join(folder, name, set), "input", inputs),
      outputs: valuesOf(join(folder, name, set), "output", outputs),
    })),
  };
}

type Value = Parameters<typeof onnx.ValueInfoProto.encode>[0];

function valuesOf(folder: string, kind: string, values: readonly Value[]): TestValues {
  return new Map(
    values.map(({ name, type }, i) => {
      const file = join(folder, `${kind}_${i}.pb`);
      const isTensor = Boolean(type?.tensorType) && existsSync(file);
      return [name ?? "", isTensor ? readTestTensor(readFileSync(file)) : undefined];
    }),
  );
}
