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

/** MatMul with optional transposition of the last two dims. */
export const fusedMatMul: InferRule = (call) => {
  const a = transposedIf(call.int("transA") === 1, call.dims(0));
  const b = transposedIf(call.int("transB") === 1, call.dims(1));
  return [tensor(call.input(0).elementType, productDims(call, a, b))];
};

function transposedIf(isTransposed: boolean, dims: KnownDims | undefined): KnownDims | undefined {
  return !isTransposed || dims === undefined || dims.length < 2
    ? dims
    : [...dims.slice(0, -2), dims.at(-1), dims.at(-2)];
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

/**
 * Sizes of the output subscripts of an Einsum equation; an ellipsis stands for leading dims that
 * broadcast. Without `->` the output has the ellipsis and then the subscripts seen once, sorted.
 */
export const einsum: InferRule = (call) => {
  const type = call.input(0).elementType;
  const equation = (call.text("equation") ?? "").replaceAll(" ", "");
  const [left = "", right] = equation.split("->");
  const terms = left.split(",");
  if (terms.length !== call.inputs.length) {
    call.refuse(
      `equation "${equation}" has ${terms.length} terms for ${call.inputs.length} inputs`,
    );
    return [];
  }
  if (call.inputs.some((input) => input.dims === undefined)) {
    return [tensor(type, undefined)];
  }
  const sizes = new Map<string, number | undefined>();
  const ellipses = terms.map((term, i) => bindTerm(call, term, call.dims(i) ?? [], sizes));
  if (call.refusal !== undefined) {
    return [];
  }
  const batch = broadcast(call, ellipses);
  const output = right ?? implicitOutput(left);
  const letters = output.replace("...", ".");
  return [
    tensor(
      type,
      [...letters].flatMap((letter) => (letter === "." ? (batch ?? []) : [sizes.get(letter)])),
    ),
  ];
};

function bindTerm(
  call: NodeCall,
  term: string,
  dims: KnownDims,
  sizes: Map<string, number | undefined>,
): KnownDims {
  const letters = term.replace("...", ".");
  const hidden = dims.length - (letters.replace(".", "").length ?? 0);
  if (hidden < 0 || (hidden > 0 && !letters.includes("."))) {
    call.refuse(`einsum term "${term}" does not fit a tensor ${printDims(dims)}`);
    return [];
  }
  let position = 0;
  let ellipsis: KnownDims = [];
  for (const letter of letters) {
    if (letter === ".") {
      ellipsis = dims.slice(position, position + hidden);
      position += hidden;
      continue;
    }
    const size = dims[position++];
    const earlier = sizes.get(letter);
    if (
      earlier !== undefined &&
      size !== undefined &&
      earlier !== size &&
      earlier !== 1 &&
      size !== 1
    ) {
      call.refuse(`einsum subscript "${letter}" is ${earlier} and ${size}`);
    }
    sizes.set(letter, earlier === undefined || earlier === 1 ? (size ?? earlier) : earlier);
  }
  return ellipsis;
}

function implicitOutput(left: string): string {
  const letters = [...left.replaceAll("...", "").replaceAll(",", "")];
  const once = letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter));
  return (left.includes("...") ? "..." : "") + once.sort().join("");
}
