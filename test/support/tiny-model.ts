import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import onnxProto from "onnx-proto";
import { dataTypeOf, type ElementType } from "../../src/ir/element-type.js";
import { lowerModel } from "../../src/onnx/lower.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import { readModel } from "../../src/onnx/read-model.js";

const { onnx } = onnxProto;

/** A node of a tiny model: type, inputs, outputs, integer attributes. */
export interface TinyNode {
  readonly type: string;
  /** Default: its type and position. */
  readonly name?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly ints?: Readonly<Record<string, number>>;
}

/** A value with static dims. */
export interface TinyValue {
  readonly name: string;
  readonly dims: readonly number[];
  /** Default: float32. */
  readonly elementType?: ElementType;
}

/** A model as an ONNX file; weights are float32, and their elements alternate around `1 / size`. */
export function tinyModel(model: {
  readonly nodes: readonly TinyNode[];
  readonly inputs: readonly TinyValue[];
  readonly outputs: readonly TinyValue[];
  readonly weights?: readonly TinyValue[];
}): Uint8Array {
  const value = ({ name, dims, elementType = "float32" }: TinyValue) => {
    const shape = { dim: dims.map((d) => ({ dimValue: d })) };
    return { name, type: { tensorType: { elemType: dataTypeOf(elementType), shape } } };
  };
  return onnx.ModelProto.encode(
    onnx.ModelProto.create({
      irVersion: 8,
      opsetImport: [{ domain: "", version: 17 }],
      graph: {
        name: "tiny",
        node: model.nodes.map((node, i) => ({
          name: node.name ?? `${node.type}_${i}`,
          opType: node.type,
          input: [...node.inputs],
          output: [...node.outputs],
          attribute: Object.entries(node.ints ?? {}).map(([name, number]) => ({
            name,
            type: onnx.AttributeProto.AttributeType.INT,
            i: number,
          })),
        })),
        input: model.inputs.map(value),
        output: model.outputs.map(value),
        initializer: (model.weights ?? []).map(({ name, dims }) => {
          const count = dims.reduce((product, dim) => product * dim, 1);
          const floats = Float32Array.from(
            { length: count },
            (_, i) => (i % 7) / 3 / (dims[0] ?? 1),
          );
          return {
            name,
            dims: [...dims],
            dataType: 1,
            rawData: new Uint8Array(floats.buffer),
          };
        }),
      },
    }),
  ).finish();
}

/** A lowered model that lies in a file of its own until `remove` is called. */
export async function loweredTinyModel(
  model: Uint8Array,
  dims: ReadonlyMap<string, number> = new Map(),
): Promise<{ readonly lowered: LoweredModel; readonly remove: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), "tiny-model-"));
  const path = join(folder, "tiny.onnx");
  writeFileSync(path, model);
  const read = readModel(path);
  if (!read.ok) {
    throw new Error(read.error[0].message);
  }
  const lowered = await lowerModel(read.value, { dims });
  if (!lowered.ok) {
    throw new Error(lowered.error[0].message);
  }
  return { lowered: lowered.value, remove: () => rmSync(folder, { recursive: true }) };
}

const SIDE = 96;

/** Three branches of different lengths that share an input, meet twice and give two outputs. */
export function branchingModel(): Uint8Array {
  const dims = [SIDE, SIDE];
  const value = (name: string): TinyValue => ({ name, dims });
  const node = (type: string, inputs: string, output: string): TinyNode => ({
    type,
    inputs: inputs.split(" "),
    outputs: [output],
  });
  return tinyModel({
    nodes: [
      node("Relu", "x", "r"),
      node("MatMul", "r w1", "a1"),
      node("MatMul", "a1 w2", "a2"),
      node("Tanh", "r", "b1"),
      node("MatMul", "b1 w2", "b2"),
      node("Sigmoid", "b2", "b3"),
      node("Neg", "r", "c1"),
      node("Mul", "a2 b3", "m"),
      node("Sub", "m c1", "y"),
      node("Transpose", "b1", "z"),
    ],
    inputs: [value("x")],
    outputs: [value("y"), value("z")],
    weights: [value("w1"), value("w2")],
  });
}
