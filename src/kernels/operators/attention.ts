/**
 * Attention as one operator: two products with a softmax between them.
 *
 *   scores [batch, heads, queries, keys]  =  scale * Q K'
 *   weights                               =  softmax(scores with mask)
 *   output                                =  weights V
 *
 * Both products are strided batches over [batch, heads, length, size]. Queries, keys and values that come as
 * [batch, length, heads * size] are brought to that order first, with a bias if there is one, behind the
 * keys and values of earlier calls. Where several heads of queries share one of keys, their
 * queries are rows of one product: [batch, key heads, heads per key head * queries, size].
 *
 * The scores are in memory, twice: this is not the fused attention that long sequences need.
 */
import type { DeviceNode, MatrixOperand } from "../device-node.js";
import {
  add,
  binary,
  divide,
  type Expression,
  literal,
  load,
  local,
  multiply,
  STORAGE_BYTES,
  subtract,
  unary,
  VALUE_OF,
} from "../language/expression.js";
import { define, type KernelBuffer, perElementKernel } from "../language/kernel.js";
import { addressOf, coordinatesOf, type Layout, rowMajor, sizeOf } from "../language/layout.js";
import type { Operand, OperatorCall } from "../operator-call.js";
import { lowest, rowBuffers } from "./reductions.js";
import { RowProgram, rowShape } from "./row-kernel.js";

/** A tensor seen as [batch, heads, length, size]. */
export interface Heads {
  readonly operand: Operand;
  /** Over the four dims. */
  readonly layout: Layout;
  readonly dims: readonly [number, number, number, number];
  /** Added to each element: the vector's element `start + head * size + place`. */
  readonly bias?: { readonly operand: Operand; readonly start: number } | undefined;
}

/** A tensor of rank 4, or one of rank 3 whose last dim holds the heads. */
export function headsOf(operand: Operand, heads: number): Heads {
  const [batch = 1, second = 1, third = 1, fourth = 1] = operand.dims;
  return operand.dims.length === 4
    ? {
        operand,
        layout: { offset: 0, strides: rowMajor(operand.dims) },
        dims: [batch, second, third, fourth],
      }
    : flatHeads(operand, [batch, heads, second, third / heads], { row: third, offset: 0 });
}

/** Rows of `row` elements, in which the heads follow each other from `offset`. */
export function flatHeads(
  operand: Operand,
  dims: Heads["dims"],
  { row, offset }: { readonly row: number; readonly offset: number },
): Heads {
  const [, , length, size] = dims;
  return { operand, layout: { offset, strides: [length * row, size, row, 1] }, dims };
}

/** The elements contiguous in the order of the four dims: in place, or copied. */
export function gathered(
  op: OperatorCall,
  heads: Heads,
  past: Operand | undefined,
  given: Operand | undefined,
  nodes: DeviceNode[],
): Operand {
  const { operand, layout, dims, bias } = heads;
  const [batch, count, length, size] = dims;
  const earlier = past?.dims[2] ?? 0;
  const whole = [batch, count, earlier + length, size];
  const strides = rowMajor(whole);
  const isStored =
    bias === undefined &&
    layout.offset === 0 &&
    rowMajor(dims).every((stride, axis) => dims[axis] === 1 || stride === layout.strides[axis]);
  if (isStored && earlier === 0 && given === undefined) {
    return { ...operand, dims };
  }
  const target = given ?? op.scratch(operand.storage, STORAGE_BYTES[operand.storage], whole);
  if (past !== undefined && earlier > 0) {
    nodes.push(...copied(headsOf(past, count), target, { offset: 0, strides }));
  }
  nodes.push(...copied(heads, target, { offset: earlier * size, strides }));
  return { ...target, dims: whole };
}

/** Copies, adding the bias. */
function copied(source: Heads, target: Operand, to: Layout): readonly DeviceNode[] {
  const { operand, layout, dims, bias } = source;
  const reads = [operand, ...(bias === undefined ? [] : [bias.operand])];
  if (sizeOf(dims) === 0) {
    return [];
  }
  const kernel = perElementKernel("heads", rowBuffers(target, ...reads), sizeOf(dims), (at) => {
    const names = dims.map((_, axis) => local(at.type, `c${axis}`));
    const value = load(operand.storage, 1, addressOf(layout, names));
    const inVector = { offset: bias?.start ?? 0, strides: [0, dims[3], 0, 1] };
    const more = bias && load(bias.operand.storage, 2, addressOf(inVector, names));
    return [
      ...coordinatesOf(at, dims).map((each, axis) => define(`c${axis}`, each)),
      {
        kind: "store",
        buffer: 0,
        index: addressOf(to, names),
        value: more === undefined ? value : add(value, more),
      },
    ];
  });
  return [{ kind: "kernel", kernel, buffers: [target, ...reads].map(({ place }) => place) }];
}

/** Attention over operands in the order [batch, heads, length, size]. */
export interface AttentionCall {
  readonly q: Operand;
  readonly k: Operand;
  readonly v: Operand;
  /** [batch, heads, queries, size], or [batch, queries, heads * size]. */
  readonly y: Operand;
  readonly scale: number;
  /** Operands of `score`, as buffers 2 and up. */
  readonly masks: readonly Operand[];
  /** The score that goes into the softmax, at [batch, head, query, key]. */
  readonly score: (value: Expression, at: readonly Expression[]) => Expression;
}

/** The products and the softmax. Requires: no dim is 0. */
export function attentionNodes(op: OperatorCall, call: AttentionCall): readonly DeviceNode[] {
  const { q, k, v, y, scale } = call;
  const [batch = 1, heads = 1, queries = 1, size = 1] = q.dims;
  const [, groups = 1, keys = 1] = k.dims;
  const width = v.dims[3] ?? 1;
  const bytes = STORAGE_BYTES[q.storage];
  const scores = op.scratch(q.storage, bytes, [batch, heads, queries, keys]);
  const weights = op.scratch(q.storage, bytes, [batch, heads, queries, keys]);
  const order = [batch, heads, queries, width];
  const isFlat = y.dims.length === 3 && heads > 1 && queries > 1;
  const target = isFlat ? op.scratch(y.storage, bytes, order) : y;
  const common = {
    kind: "gemm",
    type: q.storage === "f16" ? "f16" : "f32",
    m: (heads / groups) * queries,
    batch: batch * groups,
    beta: 0,
  } as const;
  const matrix = (
    operand: Operand,
    rows: number,
    columns: number,
    isTransposed = false,
  ): MatrixOperand => ({
    place: operand.place,
    rowStride: isTransposed ? rows : columns,
    isTransposed,
    batchStride: rows * columns,
  });
  const nodes: DeviceNode[] = [
    {
      ...common,
      n: keys,
      k: size,
      alpha: scale,
      a: matrix(q, common.m, size),
      b: matrix(k, size, keys, true),
      c: matrix(scores, common.m, keys),
    },
    softmaxNode(call, scores, weights),
    {
      ...common,
      n: width,
      k: keys,
      alpha: 1,
      a: matrix(weights, common.m, keys),
      b: matrix(v, keys, width),
      c: matrix(target, common.m, width),
    },
  ];
  if (isFlat) {
    const strides = [queries * heads * width, width, heads * width, 1];
    const made = headsOf({ ...target, dims: order }, heads);
    nodes.push(...copied(made, y, { offset: 0, strides }));
  }
  return nodes;
}

function softmaxNode(call: AttentionCall, scores: Operand, weights: Operand): DeviceNode {
  const [, heads = 1, queries = 1, keys = 1] = scores.dims;
  const shape = rowShape([sizeOf(scores.dims) / keys, keys], [1]);
  const rows = new RowProgram(shape);
  const type = VALUE_OF[scores.storage];
  const number = (value: number) => literal(rows.row.type, value);
  const query = rows.define("query", binary("remainder", rows.row, number(queries)));
  const above = rows.define("above", divide(rows.row, number(queries)));
  const head = rows.define("head", binary("remainder", above, number(heads)));
  const sample = rows.define("sample", divide(above, number(heads)));
  const element = (at: Expression) =>
    call.score(load(scores.storage, 1, rows.address(at)), [sample, head, query, at]);
  const most = rows.reduce("most", lowest(type), (a, b) => binary("maximum", a, b), element);
  const power = (at: Expression) => unary("exp", subtract(element(at), most));
  const total = rows.reduce("sum", literal(type, 0), add, power);
  const factor = rows.define("factor", divide(literal(type, 1), total));
  rows.each((at) => [
    { kind: "store", buffer: 0, index: rows.address(at), value: multiply(power(at), factor) },
  ]);
  const buffers: readonly KernelBuffer[] = rowBuffers(weights, scores, ...call.masks);
  const kernel = rows.kernel("attention", buffers);
  const places = [weights, scores, ...call.masks].map(({ place }) => place);
  return { kind: "kernel", kernel, buffers: places };
}
