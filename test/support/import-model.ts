import { type TinyNode, tinyModel } from "./tiny-model.js";

const node = (type: string, inputs: string, output: string): TinyNode => ({
  type,
  inputs: inputs.split(" "),
  outputs: [output],
});

/**
 * A model to import measurements for: `MatMul_0` and `Relu_1` in a row, then two branches, `MatMul_2` with
 * `Relu_3` and `MatMul_4` with `Relu_5`, that `Add_6` joins.
 */
export function importModel(): Uint8Array {
  const dims = [64, 64];
  return tinyModel({
    nodes: [
      node("MatMul", "x w0", "a"),
      node("Relu", "a", "b"),
      node("MatMul", "b w1", "c"),
      node("Relu", "c", "d"),
      node("MatMul", "b w2", "e"),
      node("Relu", "e", "f"),
      node("Add", "d f", "y"),
    ],
    inputs: [{ name: "x", dims }],
    outputs: [{ name: "y", dims }],
    weights: ["w0", "w1", "w2"].map((name) => ({ name, dims })),
  });
}

/** Names of its operators, in order. */
export const IMPORT_OPERATORS = [
  "MatMul_0",
  "Relu_1",
  "MatMul_2",
  "Relu_3",
  "MatMul_4",
  "Relu_5",
  "Add_6",
] as const;
