/**
 * Einsum: sums of products over named subscripts.
 *
 * Any equation can be computed by its definition: a thread for each output element, loops over the
 * subscripts that are not in the output (`summedNodes`). This serves single operands and integers.
 * Products of floats are brought to what cuBLAS knows, two operands after the other. For a pair, a
 * subscript is, by where it occurs,
 *
 *   batch    in both, and needed later      rows     in the left only, and needed later
 *   depth    in both, and not needed        columns  in the right only, and needed later
 *
 * and the pair is a batch of products `[batch, rows, depth] x [batch, depth, columns]`. An operand
 * that is not stored in this order (or with its last two parts exchanged, which cuBLAS takes too)
 * is copied first; the copy also takes diagonals, broadcasts, and sums subscripts of no other
 * operand:
 *
 *   "bhid,bhjd->bhij"  batch bh, rows i, depth d, columns j: no copy, the right side transposed
 *   "bijd,ijd->bi"     batch i, rows b, depth jd, with copies of both
 *
 * Source: ONNX operator documentation, Einsum. The order of contraction is that of the operands.
 */
import { present } from "../../core/invariant.js";
import type { DeviceNode, MatrixOperand } from "../device-node.js";
import {
  add,
  convert,
  type Expression,
  literal,
  load,
  local,
  multiply,
  STORAGE_BYTES,
  VALUE_OF,
} from "../language/expression.js";
import { define, loop, perElementKernel, type Statement } from "../language/kernel.js";
import { addressOf, coordinatesOf, rowMajor, sizeOf } from "../language/layout.js";
import type { EmitRule, EmitTable, Operand, OperatorCall } from "../operator-call.js";
import { rowBuffers } from "./reductions.js";

/** An operand with a subscript for each of its dims. */
interface Term {
  readonly operand: Operand;
  readonly labels: readonly string[];
}

type Sizes = ReadonlyMap<string, number>;

const einsum: EmitRule = (op) => {
  const [operands, y] = [op.inputs(), op.result()];
  if (operands === undefined || y === undefined) {
    return undefined;
  }
  if (y.storage === "bool") {
    return op.refuse("bool elements");
  }
  const { terms, output } = equationOf(op.call.text("equation") ?? "", operands);
  const sizes = sizesOf(terms);
  const result: Term = { operand: y, labels: output };
  if (sizeOf(y.dims) === 0) {
    return [];
  }
  const isProduct = (y.storage === "f32" || y.storage === "f16") && terms.length > 1;
  return isProduct && [...sizes.values()].every((size) => size > 0)
    ? contracted(op, terms, result, sizes)
    : [summedNode(terms, result, sizes)];
};

/** Terms and output of an equation; the dims of an ellipsis are `.1`, `.2`, ... from the last one. */
function equationOf(
  equation: string,
  operands: readonly Operand[],
): { readonly terms: readonly Term[]; readonly output: readonly string[] } {
  const [left = "", right] = equation.replaceAll(" ", "").split("->");
  let widest = 0;
  const terms = left.split(",").map((text, i): Term => {
    const operand = present(operands[i], "operand of the equation");
    const letters = text.replace("...", ".");
    const hidden = operand.dims.length - letters.replace(".", "").length;
    widest = Math.max(widest, hidden);
    return { operand, labels: labelsOf(letters, hidden) };
  });
  return { terms, output: labelsOf((right ?? implicitOutput(left)).replace("...", "."), widest) };
}

function labelsOf(letters: string, hidden: number): readonly string[] {
  return [...letters].flatMap((letter) =>
    letter === "." ? Array.from({ length: hidden }, (_, i) => `.${hidden - i}`) : [letter],
  );
}

/** The ellipsis, then the subscripts that occur once, sorted. */
function implicitOutput(left: string): string {
  const letters = [...left.replaceAll(/\.\.\.|,/g, "")];
  const once = letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter));
  return (left.includes("...") ? "..." : "") + once.sort().join("");
}

/** The size of every subscript; an operand with size 1 is repeated. */
function sizesOf(terms: readonly Term[]): Sizes {
  const sizes = new Map<string, number>();
  for (const { operand, labels } of terms) {
    for (const [axis, label] of labels.entries()) {
      const size = operand.dims[axis] ?? 1;
      const known = sizes.get(label);
      sizes.set(label, known === undefined || known === 1 ? size : known);
    }
  }
  return sizes;
}

function dimsOf(labels: readonly string[], sizes: Sizes): readonly number[] {
  return labels.map((label) => present(sizes.get(label), "size of a subscript"));
}

/**
 * Computes an Einsum by its definition: a thread for each element of `result`, loops over the other
 * subscripts.
 */
function summedNode(terms: readonly Term[], result: Term, sizes: Sizes): DeviceNode {
  const { operand: y, labels } = result;
  const dims = dimsOf(labels, sizes);
  const inside = [...new Set(terms.flatMap((term) => term.labels))].filter(
    (label) => !labels.includes(label),
  );
  const operands = terms.map(({ operand }) => operand);
  const type = VALUE_OF[y.storage];
  const total = local(type, "total");
  const kernel = perElementKernel(
    "einsum",
    rowBuffers(y, ...operands),
    sizeOf(dims),
    (position) => {
      const coordinates = new Map<string, Expression>([
        ...labels.map((label, i) => [label, local(position.type, `c${i}`)] as const),
        ...inside.map(
          (label, i) => [label, convert(position.type, local("i32", `s${i}`))] as const,
        ),
      ]);
      const product = terms
        .map(({ operand, labels: own }, i) =>
          load(operand.storage, i + 1, elementOf(operand, own, coordinates)),
        )
        .reduce(multiply);
      const innermost: Statement = { kind: "assign", name: "total", value: add(total, product) };
      const loops = dimsOf(inside, sizes).reduceRight<Statement>(
        (body, size, i) => loop(`s${i}`, size, () => [body]),
        innermost,
      );
      return [
        ...coordinatesOf(position, dims).map((each, i) => define(`c${i}`, each)),
        define("total", literal(type, 0)),
        loops,
        { kind: "store", buffer: 0, index: position, value: total },
      ];
    },
  );
  return { kind: "kernel", kernel, buffers: [y, ...operands].map(({ place }) => place) };
}

function elementOf(
  { dims }: Operand,
  labels: readonly string[],
  coordinates: ReadonlyMap<string, Expression>,
): Expression {
  const strides = rowMajor(dims).map((stride, axis) => (dims[axis] === 1 ? 0 : stride));
  return addressOf(
    { offset: 0, strides },
    labels.map((label) => present(coordinates.get(label), "coordinate of a subscript")),
  );
}

/** Multiplies operand after operand with the product of those before. */
function contracted(
  op: OperatorCall,
  terms: readonly Term[],
  result: Term,
  sizes: Sizes,
): readonly DeviceNode[] {
  const nodes: DeviceNode[] = [];
  let product = present(terms[0], "first term");
  for (const [i, term] of terms.slice(1).entries()) {
    const later = terms.slice(i + 2);
    const needed = [...result.labels, ...later.flatMap(({ labels }) => labels)];
    const target = later.length === 0 ? result : undefined;
    const made = pairNodes(op, product, term, { needed, sizes, target });
    nodes.push(...made.nodes);
    product = made.product;
  }
  return nodes;
}

interface PairPlan {
  /** Subscripts of the output and of later operands, in the required order. */
  readonly needed: readonly string[];
  readonly sizes: Sizes;
  /** The place of the product, if it is the last. */
  readonly target: Term | undefined;
}

/** The four kinds of subscripts of a pair. */
interface Parts {
  readonly batch: readonly string[];
  readonly rows: readonly string[];
  readonly depth: readonly string[];
  readonly columns: readonly string[];
}

function partsOf(left: Term, right: Term, needed: readonly string[]): Parts {
  const wanted = [...new Set(needed)];
  const [inLeft, inRight] = [new Set(left.labels), new Set(right.labels)];
  return {
    batch: wanted.filter((label) => inLeft.has(label) && inRight.has(label)),
    rows: wanted.filter((label) => inLeft.has(label) && !inRight.has(label)),
    columns: wanted.filter((label) => !inLeft.has(label) && inRight.has(label)),
    depth: [...inLeft].filter((label) => inRight.has(label) && !wanted.includes(label)),
  };
}

function pairNodes(
  op: OperatorCall,
  left: Term,
  right: Term,
  plan: PairPlan,
): { readonly nodes: readonly DeviceNode[]; readonly product: Term } {
  const { needed, sizes, target } = plan;
  const parts = partsOf(left, right, needed);
  const order = [...parts.batch, ...parts.rows, ...parts.columns];
  if (parts.depth.length === 0) {
    const product = target ?? scratchTerm(op, left.operand, order, sizes);
    return { nodes: [summedNode([left, right], product, sizes)], product };
  }
  const swapped = [...parts.batch, ...parts.columns, ...parts.rows];
  if (!isSame(order, target?.labels ?? order) && isSame(swapped, target?.labels ?? [])) {
    return pairNodes(op, right, left, plan);
  }
  const nodes: DeviceNode[] = [];
  const isDirect = target === undefined || isSame(order, target.labels);
  const product =
    isDirect && target !== undefined ? target : scratchTerm(op, left.operand, order, sizes);
  const a = matrixOf(op, left, [parts.batch, parts.rows, parts.depth], sizes, nodes);
  const b = matrixOf(op, right, [parts.batch, parts.depth, parts.columns], sizes, nodes);
  const count = (labels: readonly string[]) => sizeOf(dimsOf(labels, sizes));
  const [m, n, k] = [count(parts.rows), count(parts.columns), count(parts.depth)];
  nodes.push({
    kind: "gemm",
    type: left.operand.storage === "f16" ? "f16" : "f32",
    m,
    n,
    k,
    batch: count(parts.batch),
    alpha: 1,
    beta: 0,
    a,
    b,
    c: { place: product.operand.place, rowStride: n, isTransposed: false, batchStride: m * n },
  });
  if (target !== undefined && !isDirect) {
    nodes.push(summedNode([product], target, sizes));
  }
  return { nodes, product: target ?? product };
}

function scratchTerm(
  op: OperatorCall,
  like: Operand,
  labels: readonly string[],
  sizes: Sizes,
): Term {
  const { storage } = like;
  const operand = op.scratch(storage, STORAGE_BYTES[storage], dimsOf(labels, sizes));
  return { operand, labels };
}

/** The operand as matrices of `[batch, rows, columns]`, copied unless stored in this order. */
function matrixOf(
  op: OperatorCall,
  term: Term,
  [batch, rows, columns]: readonly [readonly string[], readonly string[], readonly string[]],
  sizes: Sizes,
  before: DeviceNode[],
): MatrixOperand {
  const [height, width] = [sizeOf(dimsOf(rows, sizes)), sizeOf(dimsOf(columns, sizes))];
  const isWhole = sizeOf(term.operand.dims) === sizeOf(dimsOf(term.labels, sizes));
  const isStored = (order: readonly string[]) => isWhole && isSame(order, term.labels);
  const matrix = { batchStride: height * width } as const;
  if (isStored([...batch, ...columns, ...rows]) && !isStored([...batch, ...rows, ...columns])) {
    return { ...matrix, place: term.operand.place, rowStride: height, isTransposed: true };
  }
  const order = [...batch, ...rows, ...columns];
  let source = term;
  if (!isStored(order)) {
    source = scratchTerm(op, term.operand, order, sizes);
    before.push(summedNode([term], source, sizes));
  }
  return { ...matrix, place: source.operand.place, rowStride: width, isTransposed: false };
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((label, i) => label === b[i]);
}

/** Emission rules of Einsum. */
export const EINSUM_RULES: EmitTable = { Einsum: einsum };
