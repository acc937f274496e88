/**
 * Rotary position embedding: pairs of numbers turned by an angle that grows with the position.
 *
 *   (a, b)  ->  (a cos - b sin, a sin + b cos)
 *
 * The pair of the number at place i of a head is the one half of the rotated part away, or (interleaved) its
 * neighbor. Cosines and sines come as tables by position and pair. A thread makes one number.
 *
 * Source: Su et al., RoFormer, arXiv 2104.09864, section 3.2; ONNX operator documentation, RotaryEmbedding.
 */

import {
  add,
  choose,
  convert,
  divide,
  type Expression,
  less,
  literal,
  load,
  local,
  multiply,
  remainder,
  subtract,
} from "../language/expression.js";
import { define, perElementKernel } from "../language/kernel.js";
import { addressOf, coordinatesOf, sizeOf } from "../language/layout.js";
import type { EmitRule, EmitTable, Operand } from "../operator-call.js";
import { headsOf } from "./attention.js";
import { brought } from "./lookup.js";
import { rowBuffers } from "./reductions.js";

/**
 * Input positions: `positions` is the last of ONNX's own operator, the second of ONNX Runtime's.
 */
function rotaryRule(at: { cos: number; sin: number; positions: number }): EmitRule {
  return (op) => {
    const [x, cos, sin, y] = [op.input(0), op.input(at.cos), op.input(at.sin), op.result()];
    const positions = op.optional(at.positions);
    if (x === undefined || cos === undefined || sin === undefined || y === undefined) {
      return undefined;
    }
    const width = cos.dims.at(-1) ?? 0;
    const rotated = op.call.int("rotary_embedding_dim") || 2 * width;
    const heads = op.call.int("num_heads") || (x.dims.at(-1) ?? 1) / rotated;
    if (!Number.isInteger(heads) || width !== rotated / 2) {
      return op.refuse("tables that do not fit");
    }
    if (sizeOf(y.dims) === 0) {
      return [];
    }
    const { dims, layout } = headsOf(x, x.dims.length === 4 ? (x.dims[1] ?? 1) : heads);
    const isInterleaved = op.call.int("interleaved") === 1;
    const reads = [x, cos, sin, ...(positions === undefined ? [] : [positions])];
    const kernel = perElementKernel("rotary", rowBuffers(y, ...reads), sizeOf(dims), (i) => {
      const number = (value: number) => literal(i.type, value);
      const [b = i, h = i, l = i, d = i] = dims.map((_, axis) => local(i.type, `c${axis}`));
      const half = number(width);
      const isFirst = isInterleaved ? less(remainder(d, number(2)), number(1)) : less(d, half);
      const step = number(isInterleaved ? 1 : width);
      const partner = choose(isFirst, add(d, step), subtract(d, step));
      const pair = isInterleaved ? divide(d, number(2)) : remainder(d, half);
      const element = (place: Expression) =>
        convert("f32", load(x.storage, 1, addressOf(layout, [b, h, l, place])));
      const table = (operand: Operand, buffer: number) =>
        convert("f32", load(operand.storage, buffer, local(i.type, "angle")));
      const own = multiply(element(d), table(cos, 2));
      const other = multiply(element(local(i.type, "partner")), table(sin, 3));
      const turned = choose(isFirst, subtract(own, other), add(own, other));
      const isTurned = less(d, number(rotated));
      const row = positions === undefined ? undefined : positionOf(positions, dims[2], b, l);
      const angleRow = row
        ? brought(row, cos.dims[0] ?? 1, i.type)
        : add(multiply(b, number(dims[2])), l);
      return [
        ...coordinatesOf(i, dims).map((each, axis) => define(`c${axis}`, each)),
        define("angle", add(multiply(angleRow, half), pair)),
        define("partner", partner),
        {
          kind: "store",
          buffer: 0,
          index: addressOf(layout, [b, h, l, d]),
          value: choose(isTurned, turned, element(d)),
        },
      ];
    });
    return [{ kind: "kernel", kernel, buffers: [y, ...reads].map(({ place }) => place) }];
  };
}

/** One position for all samples (that of the first place), or one for each place. */
function positionOf(
  positions: Operand,
  length: number,
  sample: Expression,
  place: Expression,
): Expression {
  const { type } = sample;
  return positions.dims.length === 1
    ? add(convert("i64", load(positions.storage, 4, literal(type, 0))), convert("i64", place))
    : load(positions.storage, 4, add(multiply(sample, literal(type, length)), place));
}

/** Emission rules of the rotary embeddings. */
export const ROTARY_RULES: EmitTable = {
  RotaryEmbedding: rotaryRule({ cos: 1, sin: 2, positions: 3 }),
  "com.microsoft:RotaryEmbedding": rotaryRule({ cos: 2, sin: 3, positions: 1 }),
};
