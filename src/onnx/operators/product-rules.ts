/**
 * The matrix product inside an operator: convolutions as implicit products (result positions x
 * output channels x kernel volume).
 *
 * Source: implicit matrix multiplication for convolutions, Chetlur et al., cuDNN, arXiv 1410.0759.
 */
import { productOf } from "../../core/product.js";
import type { ProductShape } from "../../ir/operator-form.js";
import type { AttentionRule } from "../infer/attention-sizes.js";
import { channelsFirst } from "../infer/channel-order.js";
import { einsumSizes } from "../infer/einsum.js";
import { isStatic, type KnownDims, UNKNOWN } from "../infer/fact.js";
import { fusedFactor } from "../infer/matrix.js";
import type { NodeCall } from "../infer/node-call.js";
import type { ProductRule, RecurrenceRule } from "./operator-type.js";

/** A convolution whose weights are input `weights`. */
export function convolution(weights: number): ProductRule {
  return ({ call, outputs }) => {
    const weight = staticDims(call, weights);
    const output = channelsFirst(call, (outputs[0] ?? UNKNOWN).dims);
    if (weight === undefined || !isStatic(output) || output.length < 3) {
      return undefined;
    }
    const [, ...taps] = weight;
    const [images = 1, channels = 1, ...positions] = output;
    const groups = groupsOf(call);
    return [
      {
        batch: groups,
        m: productOf(output) / channels,
        n: channels / groups,
        k: productOf(taps),
        convolution: {
          images,
          positions,
          kernel: taps.slice(1),
          strides: call.ints("strides") ?? positions.map(() => 1),
          dilations: call.ints("dilations") ?? positions.map(() => 1),
        },
      },
    ];
  };
}

/** Each input position spreads over output channels x kernel volume. */
export const transposedConvolution: ProductRule = ({ call }) => {
  const [input, weight] = [staticDims(call, 0), staticDims(call, 1)];
  if (weight === undefined || input === undefined || input.length < 3) {
    return undefined;
  }
  const [, ...kernel] = weight;
  const channels = input[1] ?? 1;
  const groups = groupsOf(call);
  return [
    {
      batch: groups,
      m: productOf(input) / channels,
      n: productOf(kernel),
      k: channels / groups,
    },
  ];
};

/** Matrices in the last two dims of input 0 and the result, as many as the other dims say. */
export const matrices: ProductRule = ({ call, outputs }) =>
  productOfRows(call.dims(0), (outputs[0] ?? UNKNOWN).dims);

/** The same, with the first factor stored in another order. */
export const fusedMatrices: ProductRule = ({ call, outputs }) =>
  productOfRows(fusedFactor(call, 0), (outputs[0] ?? UNKNOWN).dims);

function productOfRows(
  left: KnownDims | undefined,
  output: KnownDims | undefined,
): readonly ProductShape[] | undefined {
  if (!isStatic(left) || !isStatic(output) || left.length === 0) {
    return undefined;
  }
  const k = left.at(-1) ?? 1;
  const n = output.length > 1 ? (output.at(-1) ?? 1) : 1;
  const m = left.length > 1 ? (left.at(-2) ?? 1) : 1;
  return [{ batch: Math.max(1, productOf(output) / Math.max(1, m * n)), m, n, k }];
}

/**
 * Subscripts of both operands and the result determine the number of products, those of one operand
 * and the result its rows or columns, and those that vanish the inner size.
 */
export const einsum: ProductRule = ({ call }) => {
  const sizes = einsumSizes(call);
  const [left, right, ...others] = sizes?.terms ?? [];
  if (sizes === undefined || left === undefined || right === undefined || others.length > 0) {
    return undefined;
  }
  const sizeWhere = (holds: (subscript: string) => boolean): number =>
    productOf([...new Set(left + right)].filter(holds).map(sizes.sizeOf));
  const isKept = (subscript: string) => sizes.output.includes(subscript);
  return [
    {
      batch: sizeWhere((s) => isKept(s) && left.includes(s) && right.includes(s)),
      m: sizeWhere((s) => isKept(s) && !right.includes(s)),
      n: sizeWhere((s) => isKept(s) && !left.includes(s)),
      k: sizeWhere((s) => !isKept(s)),
    },
  ];
};

/** The projection of the input, if there is one, then scores and weighted sums of every head. */
export function attention(sizesOf: AttentionRule): ProductRule {
  return ({ call }) => {
    const { batch, heads, queries, keys, keySize, valueSize, projection } = sizesOf(call);
    if (
      batch === undefined ||
      heads === undefined ||
      queries === undefined ||
      keys === undefined ||
      keySize === undefined ||
      valueSize === undefined
    ) {
      return undefined;
    }
    const each = { batch: batch * heads, m: queries };
    const { rows, width, columns } = projection ?? {};
    const isProjected = rows !== undefined && width !== undefined && columns !== undefined;
    return [
      ...(isProjected ? [{ batch: 1, m: rows, n: columns, k: width }] : []),
      { ...each, n: keys, k: keySize },
      { ...each, n: valueSize, k: keys },
    ];
  };
}

/** Rows by the experts that each is sent to, and all experts: the first dim of input `first`. */
function expertRows(call: NodeCall, first: number) {
  const [input, weights] = [staticDims(call, 0), staticDims(call, first)];
  if (input === undefined || weights === undefined) {
    return undefined;
  }
  const rows = (productOf(input) / Math.max(1, input.at(-1) ?? 1)) * (call.int("k") ?? 1);
  return { rows, count: Math.max(1, weights[0] ?? 1) };
}

/** The experts that a run can choose, of all, in whatever is not the input or what it is sent by. */
export function chosenExperts(first: number): (call: NodeCall, i: number) => number {
  return (call, i) => {
    const { rows, count } = expertRows(call, first) ?? { rows: 1, count: 1 };
    return i < 2 ? 1 : Math.min(1, Math.max(1, rows) / count);
  };
}

/**
 * Rows spread evenly over the experts, or one each over as many as there are rows. Bytes hold several weights
 * where `isPacked`.
 */
export function experts(first: number, second: number, isPacked: boolean): ProductRule {
  return ({ call }) => {
    const input = staticDims(call, 0);
    const [up, down] = [staticDims(call, first), staticDims(call, second)];
    if (input === undefined || up === undefined || down === undefined) {
      return undefined;
    }
    const hidden = input.at(-1) ?? 1;
    const { rows, count: all } = expertRows(call, first) ?? { rows: 1, count: 1 };
    const count = Math.min(all, Math.max(1, rows));
    const m = Math.max(1, rows / count);
    const packed = isPacked ? 8 / (call.int("expert_weight_bits") ?? 4) : 1;
    const perExpert = (dims: readonly number[]) => (productOf(dims.slice(1)) * packed) / hidden;
    return [
      { batch: count, m, n: perExpert(up), k: hidden },
      { batch: count, m, n: hidden, k: perExpert(down) },
    ];
  };
}

/** One product of two matrices, the first transposed with `transA`. */
export const general: ProductRule = ({ call, outputs }) => {
  const [m, n] = (outputs[0] ?? UNKNOWN).dims ?? [];
  const [rows, columns] = call.dims(0) ?? [];
  if (m === undefined || n === undefined || rows === undefined || columns === undefined) {
    return undefined;
  }
  return [{ batch: 1, m, n, k: call.int("transA") === 1 ? rows : columns }];
};

/** Rows of input 0 by packed weights whose sizes are attributes. */
export const packedMatrices: ProductRule = ({ call, outputs }) => {
  const [k, n] = [call.int("K"), call.int("N")];
  const output = (outputs[0] ?? UNKNOWN).dims;
  return k === undefined || n === undefined || n === 0 || !isStatic(output)
    ? undefined
    : [{ batch: 1, m: productOf(output) / n, n, k }];
};

/** Numbers in input `i` of a product of packed weights: the weights, or a zero point for each block of a column. */
export function blockCount(
  i: number,
  int: (name: string) => number | undefined,
): number | undefined {
  const [k, n, block] = [int("K"), int("N"), int("block_size")];
  if (k === undefined || n === undefined || block === undefined) {
    return undefined;
  }
  return i === 1 ? k * n : Math.ceil(k / block) * n;
}

/**
 * A recurrent operator with `gates` products per step; `hiddenAxis` is the axis of the recurrence
 * weights (input 2) with a hidden unit for each place.
 */
export function recurrence(gates: number, hiddenAxis: number = 2): RecurrenceRule {
  return (call) => {
    const [steps = 1, batch = 1, width = 1] = call.dims(0) ?? [];
    const weights = call.dims(2) ?? [];
    return {
      directions: weights[0] ?? 1,
      steps,
      batch,
      width,
      hidden: weights[hiddenAxis] ?? 1,
      gates,
    };
  };
}

function staticDims(call: NodeCall, i: number): readonly number[] | undefined {
  const dims = call.dims(i);
  return isStatic(dims) ? dims : undefined;
}

function groupsOf(call: NodeCall): number {
  return Math.max(1, call.int("group") ?? 1);
}
