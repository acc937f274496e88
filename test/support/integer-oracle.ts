/**
 * Operators of quantized numbers by their definitions, in exact arithmetic: sums of products of bytes are
 * whole numbers far below 2^53, scales are applied in doubles and rounded once, halves to even.
 *
 * ONNX Runtime is no oracle for these: on x86 processors without VNNI its products of unsigned by
 * signed bytes saturate at 16 bits. Source: ONNX operator documentation; for the domain
 * `com.microsoft`, ONNX Runtime's ContribOperators.md.
 */
import { present } from "../../src/core/invariant.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import type { OnnxNode } from "../../src/onnx/model.js";
import type { TensorData } from "../../src/runtime/tensor-data.js";
import { convolve, matrixProduct } from "./exact-sums.js";
import { readNumbers, type Tensor, tensorOf } from "./number-tensors.js";
import { DEFINITIONS, type Inputs } from "./operator-definitions.js";

type Rule = (node: OnnxNode, input: Inputs, outputs: readonly TensorType[]) => readonly Tensor[];
type TensorType = Pick<TensorData, "elementType" | "dims">;

/** What a model of one operator gives; `undefined`: one whose oracle is ONNX Runtime. */
export function exactOutputs(
  lowered: LoweredModel,
  feeds: ReadonlyMap<string, TensorData>,
): ReadonlyMap<string, TensorData> | undefined {
  const { nodes, initializers } = lowered.model.graph;
  const node = present(nodes[0], "node");
  const definition = DEFINITIONS[`${node.domain}:${node.opType}`];
  const rule: Rule | undefined =
    definition === undefined ? RULES[node.opType] : (_, input) => [definition(input)];
  if (rule === undefined || nodes.length !== 1) {
    return undefined;
  }
  const tensors = new Map([...feeds].map(([name, data]) => [name, readNumbers(data)] as const));
  for (const { name, elementType, dims, payload } of initializers) {
    const bytes = payload.kind === "inline" ? payload.bytes : new Uint8Array();
    tensors.set(name, readNumbers({ elementType, dims, bytes }));
  }
  const types = node.outputs.map((name) => present(lowered.types.get(name), name));
  const results = rule(node, (place) => tensors.get(node.inputs[place] ?? ""), types);
  return new Map(
    node.outputs.map((name, i) => [
      name,
      tensorOf(present(types[i], name), present(results[i], name).values),
    ]),
  );
}

const needed = (input: Inputs, place: number): Tensor => present(input(place), `input ${place}`);

/** A scale or zero point for each element of a tensor: one for all, or one for each index of `axis`. */
function spread(
  parameter: Tensor | undefined,
  dims: readonly number[],
  axis: number,
): (at: number) => number {
  const values = parameter?.values ?? [0];
  if (values.length === 1) {
    return () => present(values[0], "value");
  }
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const size = present(dims[axis], "axis");
  return (at) => present(values[Math.floor(at / inner) % size], "value");
}

/** The tensor less its zero point. */
function centered(tensor: Tensor, zeroPoint: Tensor | undefined, axis: number): Tensor {
  const zero = spread(zeroPoint, tensor.dims, axis);
  return { dims: tensor.dims, values: tensor.values.map((value, at) => value - zero(at)) };
}

const LIMITS = { uint8: [0, 255], int8: [-128, 127] } as const;

/** The whole number next to `value`, halves to even. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
}

function quantized(value: number, scale: number, zero: number, type: TensorType): number {
  const [low, high] = LIMITS[type.elementType === "int8" ? "int8" : "uint8"];
  return Math.min(high, Math.max(low, roundHalfEven(value / scale) + zero));
}

/** Where the operands of a product stand. */
interface Places {
  readonly a: number;
  readonly aZero: number;
  readonly b: number;
  readonly bZero: number;
}

const PLAIN: Places = { a: 0, b: 1, aZero: 2, bZero: 3 };
const SCALED: Places = { a: 0, aZero: 2, b: 3, bZero: 5 };

function matrixSums(input: Inputs, { a, aZero, b, bZero }: Places): Tensor {
  const [left, right] = [needed(input, a), needed(input, b)];
  return matrixProduct(
    // A vector of zero points has one for each row on the left, for each column on the right.
    centered(left, input(aZero), left.dims.length - 2),
    centered(right, input(bZero), right.dims.length - 1),
  );
}

function convolutionSums(node: OnnxNode, input: Inputs, places: Places): Tensor {
  const { a, aZero, b, bZero } = places;
  return convolve(
    node,
    centered(needed(input, a), input(aZero), 1),
    centered(needed(input, b), input(bZero), 0),
  );
}

/** Sums in the scale of the output. `axis` of the output has a scale of the second operand each. */
function requantized(
  sums: Tensor,
  input: Inputs,
  type: TensorType,
  { axis, bias }: { readonly axis: number; readonly bias?: Tensor | undefined },
): Tensor {
  const aScale = present(needed(input, 1).values[0], "scale");
  const bScale = spread(needed(input, 4), sums.dims, axis);
  const yScale = present(needed(input, 6).values[0], "scale");
  const yZero = input(7)?.values[0] ?? 0;
  const added = spread(bias, sums.dims, axis);
  const values = sums.values.map((sum, at) =>
    quantized((sum + added(at)) * aScale * bScale(at), yScale, yZero, type),
  );
  return { dims: sums.dims, values };
}

const output = (types: readonly TensorType[]): TensorType => present(types[0], "output");

/** Quantized operands at `(place, scale, zero point)`, as real numbers over the dims of the output. */
function reals(input: Inputs, place: number, dims: readonly number[]): (at: number) => number {
  const tensor = needed(input, place);
  const scale = present(needed(input, place + 1).values[0], "scale");
  const zero = input(place + 2)?.values[0] ?? 0;
  const index = broadcast(tensor.dims, dims);
  return (at) => (present(tensor.values[index(at)], "element") - zero) * scale;
}

/** Index into a tensor of `from` that is repeated to `to`. */
function broadcast(from: readonly number[], to: readonly number[]): (at: number) => number {
  return (at) => {
    let rest = at;
    let index = 0;
    let stride = 1;
    for (let i = 1; i <= to.length; i++) {
      const size = present(to.at(-i), "size");
      const own = from.at(-i) ?? 1;
      index += (own === 1 ? 0 : rest % size) * stride;
      stride *= own;
      rest = Math.floor(rest / size);
    }
    return index;
  };
}

function throughReals(
  places: readonly number[],
  scalePlace: number,
  formula: (values: readonly number[], node: OnnxNode) => number,
): Rule {
  return (node, input, types) => {
    const type = output(types);
    const operands = places.map((place) => reals(input, place, type.dims));
    const scale = present(needed(input, scalePlace).values[0], "scale");
    const zero = input(scalePlace + 1)?.values[0] ?? 0;
    const count = type.dims.reduce((a, b) => a * b, 1);
    const values = Array.from({ length: count }, (_, at) => {
      const value = formula(
        operands.map((operand) => operand(at)),
        node,
      );
      return quantized(value, scale, zero, type);
    });
    return [{ dims: type.dims, values }];
  };
}

const pair = ([a = Number.NaN, b = Number.NaN]: readonly number[]) => [a, b] as const;

function dynamicQuantize(_: OnnxNode, input: Inputs, types: readonly TensorType[]): Tensor[] {
  const { values, dims } = needed(input, 0);
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const scale = Math.fround((high - low) / 255);
  const zero = Math.min(255, Math.max(0, roundHalfEven(-low / scale)));
  const type = output(types);
  return [
    { dims, values: values.map((value) => quantized(value, scale, zero, type)) },
    { dims: [], values: [scale] },
    { dims: [], values: [zero] },
  ];
}

/** Two 4-bit numbers a byte, the lower half first; a scale (and zero point) for each block of a column. */
function matMulNBits(node: OnnxNode, input: Inputs): Tensor[] {
  const attribute = (name: string): number => {
    const value = node.attributes.get(name);
    return value?.kind === "int" ? value.value : Number.NaN;
  };
  const [K, N, size] = [attribute("K"), attribute("N"), attribute("block_size")];
  const blocks = Math.ceil(K / size);
  const [a, packed, scales, zeros] = [
    needed(input, 0),
    needed(input, 1),
    needed(input, 2),
    input(3),
  ];
  const nibble = ({ values }: Tensor, at: number): number =>
    (present(values[at >> 1], "byte") >> (at % 2 === 0 ? 0 : 4)) & 15;
  const zeroRow = Math.ceil(blocks / 2) * 2;
  const weight = (k: number, n: number): number => {
    const block = Math.floor(k / size);
    const zero = zeros === undefined ? 8 : nibble(zeros, n * zeroRow + block);
    const scale = present(scales.values[n * blocks + block], "scale");
    return (nibble(packed, n * blocks * size + k) - zero) * scale;
  };
  const values = Array.from({ length: K * N }, (_, at) => weight(Math.floor(at / N), at % N));
  return [matrixProduct(a, { dims: [K, N], values })];
}

/** By operator type; no type of one name is in two domains here. */
const RULES: Readonly<Record<string, Rule>> = {
  MatMulInteger: (_, input) => [matrixSums(input, PLAIN)],
  ConvInteger: (node, input) => [convolutionSums(node, input, PLAIN)],
  QLinearMatMul: (_, input, types) => {
    const sums = matrixSums(input, SCALED);
    return [requantized(sums, input, output(types), { axis: sums.dims.length - 1 })];
  },
  QLinearConv: (node, input, types) => {
    const sums = convolutionSums(node, input, SCALED);
    return [requantized(sums, input, output(types), { axis: 1, bias: input(8) })];
  },
  MatMulIntegerToFloat: (_, input) => {
    const sums = matrixSums(input, { a: 0, b: 1, aZero: 4, bZero: 5 });
    const column = sums.dims.length - 1;
    const aScale = present(needed(input, 2).values[0], "scale");
    const bScale = spread(input(3), sums.dims, column);
    const bias = spread(input(6), sums.dims, column);
    const values = sums.values.map((sum, at) => sum * aScale * bScale(at) + bias(at));
    return [{ dims: sums.dims, values }];
  },
  DynamicQuantizeLinear: dynamicQuantize,
  QLinearAdd: throughReals([0, 3], 6, (values) => pair(values)[0] + pair(values)[1]),
  QLinearMul: throughReals([0, 3], 6, (values) => pair(values)[0] * pair(values)[1]),
  QLinearSigmoid: throughReals([0], 3, (values) => 1 / (1 + Math.exp(-pair(values)[0]))),
  QLinearLeakyRelu: throughReals([0], 3, (values, node) => {
    const alpha = node.attributes.get("alpha");
    const [value] = pair(values);
    return value < 0 ? value * (alpha?.kind === "float" ? alpha.value : 0.01) : value;
  }),
  MatMulNBits: matMulNBits,
};
