import { productOf } from "../../core/product.js";
import type { LoweredModel, TensorType } from "../../onnx/lowered-model.js";
import type { AttributeValue, OnnxNode } from "../../onnx/model.js";

/** Sizes of the matrix product that an operator is. */
export interface MatrixShape {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/**
 * The matrix product inside an operator: convolutions as implicit products (result positions x
 * output channels x kernel volume), `undefined` for operators that are none or whose types are
 * not known.
 *
 * Source: implicit matrix multiplication for convolutions, Chetlur et al., cuDNN, arXiv 1410.0759.
 */
export function matrixShapeOf(node: OnnxNode, lowered: LoweredModel): MatrixShape | undefined {
  const type = (name: string | undefined): TensorType | undefined =>
    name === undefined ? undefined : lowered.types.get(name);
  switch (node.opType) {
    case "Conv":
    case "FusedConv":
    case "ConvInteger":
      return convolution(type(node.inputs[1]), type(node.outputs[0]), groupsOf(node));
    case "QLinearConv":
      return convolution(type(node.inputs[3]), type(node.outputs[0]), groupsOf(node));
    case "ConvTranspose":
      return transposed(type(node.inputs[0]), type(node.inputs[1]), groupsOf(node));
    case "MatMul":
    case "MatMulInteger":
    case "FusedMatMul":
      return product(type(node.inputs[0]), type(node.outputs[0]));
    case "QLinearMatMul":
      return product(type(node.inputs[0]), type(node.outputs[0]));
    case "Gemm":
      return general(node, type(node.inputs[0]), type(node.outputs[0]));
    default:
      return undefined;
  }
}

function convolution(
  weight: TensorType | undefined,
  output: TensorType | undefined,
  groups: number,
): MatrixShape | undefined {
  if (weight === undefined || output === undefined || output.dims.length < 3) {
    return undefined;
  }
  const [, ...kernel] = weight.dims;
  const channels = output.dims[1] ?? 1;
  return {
    batch: groups,
    m: productOf(output.dims) / channels,
    n: channels / groups,
    k: productOf(kernel),
  };
}

/** Each input position spreads over output channels x kernel volume. */
function transposed(
  input: TensorType | undefined,
  weight: TensorType | undefined,
  groups: number,
): MatrixShape | undefined {
  if (weight === undefined || input === undefined || input.dims.length < 3) {
    return undefined;
  }
  const [, ...kernel] = weight.dims;
  const channels = input.dims[1] ?? 1;
  return {
    batch: groups,
    m: productOf(input.dims) / channels,
    n: productOf(kernel),
    k: channels / groups,
  };
}

function product(
  left: TensorType | undefined,
  output: TensorType | undefined,
): MatrixShape | undefined {
  if (left === undefined || output === undefined || left.dims.length === 0) {
    return undefined;
  }
  const k = left.dims.at(-1) ?? 1;
  const n = output.dims.length > 1 ? (output.dims.at(-1) ?? 1) : 1;
  const m = left.dims.length > 1 ? (left.dims.at(-2) ?? 1) : 1;
  return { batch: Math.max(1, productOf(output.dims) / Math.max(1, m * n)), m, n, k };
}

function general(
  node: OnnxNode,
  left: TensorType | undefined,
  output: TensorType | undefined,
): MatrixShape | undefined {
  const [m, n] = output?.dims ?? [];
  const [rows, columns] = left?.dims ?? [];
  if (m === undefined || n === undefined || rows === undefined || columns === undefined) {
    return undefined;
  }
  return { batch: 1, m, n, k: integerOf(node.attributes.get("transA")) === 1 ? rows : columns };
}

function groupsOf(node: OnnxNode): number {
  return Math.max(1, integerOf(node.attributes.get("group")) ?? 1);
}

function integerOf(value: AttributeValue | undefined): number | undefined {
  return value?.kind === "int" ? value.value : undefined;
}
