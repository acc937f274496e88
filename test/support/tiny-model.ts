import onnxProto from "onnx-proto";

const { onnx } = onnxProto;

/** A node of a tiny model: type, inputs, outputs, integer attributes. */
export interface TinyNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly ints?: Readonly<Record<string, number>>;
}

/** A float32 value with static dims. */
export interface TinyValue {
  readonly name: string;
  readonly dims: readonly number[];
}

/** A model of float32 tensors as an ONNX file; a weight's elements alternate around `1 / size`. */
export function tinyModel(model: {
  readonly nodes: readonly TinyNode[];
  readonly inputs: readonly TinyValue[];
  readonly outputs: readonly TinyValue[];
  readonly weights?: readonly TinyValue[];
}): Uint8Array {
  const value = ({ name, dims }: TinyValue) => ({
    name,
    type: { tensorType: { elemType: 1, shape: { dim: dims.map((d) => ({ dimValue: d })) } } },
  });
  return onnx.ModelProto.encode(
    onnx.ModelProto.create({
      irVersion: 8,
      opsetImport: [{ domain: "", version: 17 }],
      graph: {
        name: "tiny",
        node: model.nodes.map((node, i) => ({
          name: `${node.type}_${i}`,
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
