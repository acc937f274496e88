/**
 * Matrix products, by cuBLAS.
 *
 * cuBLAS takes batches with one stride for each operand. A batch of several dims with broadcasting
 * is brought to that form: leading dims that only the left side has become rows; dims that all
 * operands step over evenly are joined; the rest is broadcast in memory first.
 */

import type { DeviceNode, LibraryType, MatrixOperand, ProductEpilogue } from "../device-node.js";
import { STORAGE_BYTES } from "../language/expression.js";
import { broadcastLayout, mergeDims, rowMajor, sizeOf } from "../language/layout.js";
import type { EmitRule, EmitTable, Operand, OperatorCall } from "../operator-call.js";
import { broadcastCopy } from "./affine-copy.js";

/** The library's name for the type of all operands; refuses others. */
export function libraryType(
  op: OperatorCall,
  operands: readonly (Operand | undefined)[],
): LibraryType | undefined {
  const storages = new Set(operands.flatMap((operand) => operand?.storage ?? []));
  const [storage] = storages;
  return storages.size === 1 && (storage === "f32" || storage === "f16")
    ? storage
    : op.refuse(`${operands[0]?.elementType ?? "missing"} elements in a library call`);
}

interface Product {
  readonly alpha: number;
  readonly transA: boolean;
  readonly transB: boolean;
}

function matMulRule(product: (op: OperatorCall) => Product): EmitRule {
  return (op) => {
    const [a, b, y] = [op.input(0), op.input(1), op.result()];
    if (a === undefined || b === undefined || y === undefined) {
      return undefined;
    }
    const type = libraryType(op, [a, b, y]);
    if (type === undefined || sizeOf(y.dims) === 0) {
      return type && [];
    }
    // A vector is a matrix of one row on the left, of one column on the right.
    const left = a.dims.length === 1 ? { ...a, dims: [1, ...a.dims] } : a;
    const right = b.dims.length === 1 ? { ...b, dims: [...b.dims, 1] } : b;
    return batchedProduct(op, { left, right, y, type, ...product(op) });
  };
}

interface BatchedProduct extends Product {
  readonly left: Operand;
  readonly right: Operand;
  readonly y: Operand;
  readonly type: LibraryType;
}

function batchedProduct(op: OperatorCall, all: BatchedProduct): readonly DeviceNode[] | undefined {
  const { left, right, y, type, alpha, transA, transB } = all;
  const [rows = 1, inner = 1] = lastTwo(left.dims, transA);
  const [depth = 1, columns = 1] = lastTwo(right.dims, transB);
  if (inner === 0 || inner !== depth) {
    return op.refuse("an empty sum");
  }
  const outer = { m: rows, n: columns, k: inner };
  const leftBatch = left.dims.slice(0, -2);
  const rightBatch = right.dims.slice(0, -2);
  const call = { kind: "gemm", type, alpha, beta: 0, ...outer } as const;
  const matrix = (operand: Operand, isTransposed: boolean, batchStride: number): MatrixOperand => ({
    place: operand.place,
    rowStride: operand.dims.at(-1) ?? 1,
    isTransposed,
    batchStride,
  });
  const target: MatrixOperand = {
    place: y.place,
    rowStride: columns,
    isTransposed: false,
    batchStride: rows * columns,
  };
  if (sizeOf(rightBatch) === 1 && !transA) {
    const m = sizeOf(leftBatch) * rows;
    const [a, b] = [matrix(left, false, 0), matrix(right, transB, 0)];
    return [{ ...call, m, batch: 1, a, b, c: { ...target, batchStride: 0 } }];
  }
  const batch = batchDims(leftBatch, rightBatch);
  const [leftSize, rightSize] = [rows * inner, inner * columns];
  const { dims, layouts } = mergeDims({
    dims: batch,
    layouts: [
      scaledLayout(leftBatch, batch, leftSize),
      scaledLayout(rightBatch, batch, rightSize),
      { offset: 0, strides: rowMajor(batch).map((stride) => stride * rows * columns) },
    ],
  });
  if (dims.length <= 1) {
    const stride = (i: number) => layouts[i]?.strides[0] ?? 0;
    const [a, b] = [matrix(left, transA, stride(0)), matrix(right, transB, stride(1))];
    return [{ ...call, batch: dims[0] ?? 1, a, b, c: target }];
  }
  const before: DeviceNode[] = [];
  const whole = (operand: Operand): Operand => {
    const full = [...batch, ...operand.dims.slice(-2)];
    if (sizeOf(full) === sizeOf(operand.dims)) {
      return operand;
    }
    const copy = op.scratch(operand.storage, STORAGE_BYTES[operand.storage], full);
    before.push(...broadcastCopy(operand, copy));
    return copy;
  };
  const a = matrix(whole(left), transA, leftSize);
  const b = matrix(whole(right), transB, rightSize);
  return [...before, { ...call, batch: sizeOf(batch), a, b, c: target }];
}

function lastTwo(dims: readonly number[], isTransposed: boolean): readonly number[] {
  const matrix = dims.slice(-2);
  return isTransposed ? [...matrix].reverse() : matrix;
}

function batchDims(left: readonly number[], right: readonly number[]): readonly number[] {
  const rank = Math.max(left.length, right.length);
  return Array.from({ length: rank }, (_, i) => {
    const [a, b] = [left[i - rank + left.length] ?? 1, right[i - rank + right.length] ?? 1];
    return a === 1 ? b : a;
  });
}

function scaledLayout(own: readonly number[], batch: readonly number[], size: number) {
  const { offset, strides } = broadcastLayout(own, batch);
  return { offset, strides: strides.map((stride) => stride * size) };
}

/** `alpha * A * B + beta * C`; a C that the call cannot add is broadcast into the output first and then added to. */
const gemm: EmitRule = (op) => {
  const [a, b, y] = [op.input(0), op.input(1), op.result()];
  const c = op.optional(2);
  if (a === undefined || b === undefined || y === undefined || op.call.refusal !== undefined) {
    return undefined;
  }
  const type = libraryType(op, [a, b, y]);
  const [m = 1, n = 1] = y.dims;
  const [transA, transB] = [op.call.int("transA") === 1, op.call.int("transB") === 1];
  const k = a.dims[transA ? 0 : 1] ?? 1;
  if (type === undefined || m * n === 0) {
    return type && [];
  }
  if (k === 0) {
    return op.refuse("an empty sum");
  }
  const given = c === undefined ? 0 : (op.call.float("beta") ?? 1);
  const epilogue = c === undefined || given !== 1 ? undefined : addedInCall(c, y);
  const beta = epilogue === undefined ? given : 0;
  const matrix = (operand: Operand, isTransposed: boolean): MatrixOperand => ({
    place: operand.place,
    rowStride: operand.dims[1] ?? 1,
    isTransposed,
    batchStride: 0,
  });
  return [
    ...(c === undefined || beta === 0 ? [] : broadcastCopy(c, y)),
    {
      kind: "gemm",
      type,
      m,
      n,
      k,
      batch: 1,
      alpha: op.call.float("alpha") ?? 1,
      beta,
      a: matrix(a, transA),
      b: matrix(b, transB),
      c: matrix(y, false),
      ...(epilogue === undefined ? {} : { epilogue }),
    },
  ];
};

/** C as one value for each column, or as a whole matrix; `undefined` for others. */
function addedInCall(c: Operand, y: Operand): ProductEpilogue | undefined {
  const [, columns = 1] = y.dims;
  if (c.storage !== y.storage) {
    return undefined;
  }
  const isVector = sizeOf(c.dims) === columns && c.dims.at(-1) === columns;
  const isWhole = sizeOf(c.dims) === sizeOf(y.dims);
  return isVector ? { bias: c.place } : isWhole ? { residual: c.place } : undefined;
}

const plain = matMulRule(() => ({ alpha: 1, transA: false, transB: false }));

const fused = matMulRule((op) => ({
  alpha: op.call.float("alpha") ?? 1,
  transA: op.call.int("transA") === 1,
  transB: op.call.int("transB") === 1,
}));

/** Emission rules of the matrix products. */
export const MATRIX_RULES: EmitTable = {
  MatMul: plain,
  Gemm: gemm,
  "com.microsoft:FusedMatMul": fused,
  "com.microsoft:TransposeMatMul": fused,
};
