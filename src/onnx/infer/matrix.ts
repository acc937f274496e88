/** Matrix products. */
import { broadcast, printDims } from "./broadcast.js";
import { sameType } from "./elementwise.js";
import { type KnownDims, tensor } from "./fact.js";
import type { InferRule, NodeCall } from "./node-call.js";

/**
 * Dims of a matrix product as in NumPy: the last two dims multiply, those before broadcast, and a
 * vector is a row on the left and a column on the right whose dim vanishes.
 */
function productDims(
  call: NodeCall,
  a: KnownDims | undefined,
  b: KnownDims | undefined,
): KnownDims | undefined {
  if (a === undefined || b === undefined) {
    return undefined;
  }
  if (a.length === 0 || b.length === 0) {
    return call.refuse("a scalar cannot be multiplied as a matrix");
  }
  const inner = a.at(-1);
  const rows = b.length === 1 ? b[0] : b.at(-2);
  if (inner !== undefined && rows !== undefined && inner !== rows) {
    return call.refuse(`inner sizes of ${printDims(a)} and ${printDims(b)} differ`);
  }
  const batch = broadcast(call, [a.slice(0, -2), b.slice(0, -2)]);
  return (
    batch && [
      ...batch,
      ...(a.length === 1 ? [] : [a.at(-2)]),
      ...(b.length === 1 ? [] : [b.at(-1)]),
    ]
  );
}

/** Output types of `MatMul`. */
export const matMul: InferRule = (call) => {
  const type = sameType(call, [call.input(0).elementType, call.input(1).elementType]);
  return [tensor(type, productDims(call, call.dims(0), call.dims(1)))];
};

/** Output types of `MatMulInteger`. */
export const matMulInteger: InferRule = (call) => [
  tensor("int32", productDims(call, call.dims(0), call.dims(1))),
];

/** Output types of `com.microsoft:MatMulIntegerToFloat`. */
export const matMulIntegerToFloat: InferRule = (call) => [
  tensor(call.input(2).elementType, productDims(call, call.dims(0), call.dims(1))),
];

/** Output types of `com.microsoft:DynamicQuantizeMatMul`. */
export const dynamicQuantizeMatMul: InferRule = (call) => [
  tensor(call.input(0).elementType, productDims(call, call.dims(0), call.dims(1))),
];

/** Inputs a, its scale and zero point, b with the same, y's scale and zero point. */
export const qLinearMatMul: InferRule = (call) => [
  tensor(
    call.input(7).elementType ?? call.input(0).elementType,
    productDims(call, call.dims(0), call.dims(3)),
  ),
];

/** `alpha A' B' + beta C` of matrices. */
function gemmDims(call: NodeCall, a: KnownDims | undefined, b: KnownDims | undefined) {
  if (a === undefined || b === undefined) {
    return undefined;
  }
  if (a.length !== 2 || b.length !== 2) {
    return call.refuse(`${printDims(a)} and ${printDims(b)} are not both matrices`);
  }
  const left = call.int("transA") === 1 ? [a[1], a[0]] : a;
  const right = call.int("transB") === 1 ? [b[1], b[0]] : b;
  if (left[1] !== undefined && right[0] !== undefined && left[1] !== right[0]) {
    return call.refuse(`inner sizes of ${printDims(left)} and ${printDims(right)} differ`);
  }
  return [left[0], right[1]];
}

/** Output types of `Gemm`. */
export const gemm: InferRule = (call) => {
  const dims = gemmDims(call, call.dims(0), call.dims(1));
  if (call.has(2) && dims !== undefined && call.dims(2) !== undefined) {
    broadcast(call, [dims, call.dims(2)]);
  }
  return [tensor(sameType(call, [call.input(0).elementType, call.input(1).elementType]), dims)];
};

/** Inputs a, its scale and zero point, b with the same, c, y's scale and zero point. */
export const qGemm: InferRule = (call) => [
  tensor(
    call.has(8) ? call.input(8).elementType : "float32",
    gemmDims(call, call.dims(0), call.dims(3)),
  ),
];

/** MatMul whose factors may be stored in another order. */
export const fusedMatMul: InferRule = (call) => [
  tensor(call.input(0).elementType, productDims(call, fusedFactor(call, 0), fusedFactor(call, 1))),
];

/**
 * The dims of a factor of FusedMatMul as it is multiplied. `transBatchA` moves the first dim, which
 * the product runs along, behind the batch: [d0, d1, .., dn-1] is read as [d1, .., dn-2, d0, dn-1];
 * then `transA` exchanges the last two. Source: ONNX Runtime, ContribOperators, FusedMatMul.
 */
export function fusedFactor(call: NodeCall, i: 0 | 1): KnownDims | undefined {
  const dims = call.dims(i);
  const side = i === 0 ? "A" : "B";
  if (dims === undefined || dims.length < 2) {
    return dims;
  }
  const isMoved = call.int(`transBatch${side}`) === 1;
  const moved = isMoved ? [...dims.slice(1, -1), dims[0], dims.at(-1)] : dims;
  return call.int(`trans${side}`) === 1
    ? [...moved.slice(0, -2), moved.at(-1), moved.at(-2)]
    : moved;
}

/** Weights packed in blocks of few bits; K and N are attributes. */
export const matMulBlocks: InferRule = (call) => {
  const dims = call.dims(0);
  const columns = call.int("N");
  return [tensor(call.input(0).elementType, dims && [...dims.slice(0, -1), columns])];
};

/** Output types of `Det`. */
export const det: InferRule = (call) => [
  tensor(call.input(0).elementType, call.dims(0)?.slice(0, -2)),
];
