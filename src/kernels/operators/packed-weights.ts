/**
 * Products with weights of 4 or 8 bits (MatMulNBits), as language models are stored.
 *
 * The weights are [N, blocks, bytes], each block of `block_size` numbers along K with a scale and a zero
 * point. They are unpacked to floats by a kernel, and multiplied by cuBLAS: correct, and twice the memory
 * traffic of a kernel that unpacks as it multiplies.
 *
 * Source: ONNX Runtime, contrib operators, MatMulNBits.
 */

import {
  add,
  binary,
  convert,
  divide,
  type Expression,
  literal,
  load,
  local,
  multiply,
  remainder,
  STORAGE_BYTES,
  subtract,
  VALUE_OF,
} from "../language/expression.js";
import { define, perElementKernel } from "../language/kernel.js";
import { sizeOf } from "../language/layout.js";
import type { EmitRule, EmitTable, Operand, OperatorCall } from "../operator-call.js";
import { broadcastCopy } from "./affine-copy.js";
import { libraryType } from "./matrix.js";
import { rowBuffers } from "./reductions.js";

/** The packed weights of an operator. */
interface Packing {
  readonly bits: number;
  readonly block: number;
  /** Rows of the stored matrix, and numbers in each. */
  readonly n: number;
  readonly k: number;
}

function packingOf(op: OperatorCall): Packing | undefined {
  const bits = op.call.int("bits") ?? 4;
  const block = op.call.int("block_size") ?? 0;
  const [n, k] = [op.call.int("N") ?? 0, op.call.int("K") ?? 0];
  return (bits === 4 || bits === 8) && block > 0 && n * k > 0
    ? { bits, block, n, k }
    : op.refuse(`${bits} bits in blocks of ${block}`);
}

const matMulNBits: EmitRule = (op) => {
  const [a, packed, scales, y] = [op.input(0), op.input(1), op.input(2), op.result()];
  const [zeros, bias] = [op.optional(3), op.optional(5)];
  const packing = packingOf(op);
  if (a === undefined || packed === undefined || scales === undefined || y === undefined) {
    return undefined;
  }
  const type = libraryType(op, [a, y]);
  if (type === undefined || packing === undefined || op.call.refusal !== undefined) {
    return undefined;
  }
  if (op.call.has(4) || (zeros !== undefined && zeros.storage !== "u8")) {
    return op.refuse("reordered groups, or zero points that are not packed");
  }
  if (sizeOf(y.dims) === 0) {
    return [];
  }
  const { n, k } = packing;
  const weights = op.scratch(a.storage, STORAGE_BYTES[a.storage], [n, k]);
  const reads = [packed, scales, ...(zeros === undefined ? [] : [zeros])];
  const kernel = perElementKernel("unpack", rowBuffers(weights, ...reads), n * k, (position) =>
    unpacked(position, packing, { weights, packed, scales, zeros }),
  );
  const matrix = (operand: Operand, rowStride: number, isTransposed: boolean) =>
    ({ place: operand.place, rowStride, isTransposed, batchStride: 0 }) as const;
  const m = sizeOf(a.dims) / k;
  return [
    { kind: "kernel", kernel, buffers: [weights, ...reads].map(({ place }) => place) },
    ...(bias === undefined ? [] : broadcastCopy(bias, y)),
    {
      kind: "gemm",
      type,
      m,
      n,
      k,
      batch: 1,
      alpha: 1,
      beta: bias === undefined ? 0 : 1,
      a: matrix(a, k, false),
      b: matrix(weights, k, true),
      c: matrix(y, n, false),
    },
  ];
};

function unpacked(
  position: Expression,
  { bits, block, k }: Packing,
  operands: {
    readonly weights: Operand;
    readonly packed: Operand;
    readonly scales: Operand;
    readonly zeros: Operand | undefined;
  },
) {
  const { type } = position;
  const { weights, packed, scales, zeros } = operands;
  const number = (value: number) => literal(type, value);
  const name = (text: string) => local(type, text);
  const blocks = Math.ceil(k / block);
  const perByte = 8 / bits;
  const bytesOfZeros = Math.ceil(blocks / perByte);
  /** Number `at` of a row of numbers packed from the lowest bits on, whose bytes start at `start`. */
  const field = (operand: Operand, buffer: number, start: Expression, at: Expression) => {
    const byte = load(operand.storage, buffer, add(start, divide(at, number(perByte))));
    const shift = multiply(convert("i32", remainder(at, number(perByte))), literal("i32", bits));
    return binary("and", binary("shiftRight", byte, shift), literal("i32", 2 ** bits - 1));
  };
  const blockAt = add(multiply(name("row"), number(blocks)), name("block"));
  const start = multiply(name("at"), number((block * bits) / 8));
  const stored = field(packed, 1, start, remainder(name("column"), number(block)));
  const zero =
    zeros === undefined
      ? literal("i32", 2 ** (bits - 1))
      : field(zeros, 3, multiply(name("row"), number(bytesOfZeros)), name("block"));
  const scale = convert("f32", load(scales.storage, 2, name("at")));
  const value = multiply(convert("f32", subtract(stored, zero)), scale);
  return [
    define("row", divide(position, number(k))),
    define("column", remainder(position, number(k))),
    define("block", divide(name("column"), number(block))),
    define("at", blockAt),
    {
      kind: "store",
      buffer: 0,
      index: position,
      value: convert(VALUE_OF[weights.storage], value),
    } as const,
  ];
}

/** Emission rules of the products with packed weights. */
export const PACKED_RULES: EmitTable = { "com.microsoft:MatMulNBits": matMulNBits };
