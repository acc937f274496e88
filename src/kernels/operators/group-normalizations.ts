/** Normalizations of groups of channels, stored before or behind the spatial dims. */
import {
  add,
  convert,
  divide,
  type Expression,
  literal,
  load,
  multiply,
  remainder,
  VALUE_OF,
} from "../language/expression.js";
import { sizeOf } from "../language/layout.js";
import type { EmitRule, EmitTable, Operand } from "../operator-call.js";
import { sigmoid } from "./formulas.js";
import { type Normalization, normalizationNodes, scaled } from "./normalizations.js";

/** Rows are the channels of one group with their spatial dims; scales per group before version 21. */
const groupNormalization: EmitRule = (op) => {
  const [x, scale, bias, y] = [op.input(0), op.input(1), op.input(2), op.result()];
  const groups = op.call.int("num_groups");
  if (x === undefined || scale === undefined || bias === undefined || y === undefined) {
    return undefined;
  }
  const channels = x.dims[1] ?? 1;
  if (groups === undefined || channels % groups !== 0) {
    return op.refuse("its number of groups");
  }
  const spatial = sizeOf(x.dims.slice(2));
  const perGroup = channels / groups;
  const isPerGroup = op.call.opset < 21;
  const place = (row: Expression, at: Expression): Expression => {
    const group = remainder(row, literal(row.type, groups));
    const within = divide(convert(row.type, at), literal(row.type, spatial));
    return isPerGroup ? group : add(multiply(group, literal(row.type, perGroup)), within);
  };
  return normalizationNodes([x.dims[0] ?? 1, groups, perGroup * spatial], y, {
    axes: [2],
    epsilon: op.call.float("epsilon") ?? 1e-5,
    isCentred: true,
    element: (address) => load(x.storage, 1, address),
    inputs: [x, scale, bias],
    finish: scaled(
      VALUE_OF[x.storage],
      place,
      { operand: scale, buffer: 2 },
      { operand: bias, buffer: 3 },
    ),
    label: "groupNormalization",
  });
};

/** How GroupNorm and SkipGroupNorm find their inputs. */
interface GroupInputs {
  readonly skip?: number;
  readonly bias?: number;
}

/**
 * Groups of channels that are the last dim unless `channels_last` is 0; of the sum of input, skip and
 * bias where they are given, which may be an output of its own; then `x sigmoid(x)` where asked for.
 */
function storedGroups({ skip: skipAt, bias: biasAt }: GroupInputs): EmitRule {
  return (op) => {
    const [x, scale, shift, y] = [op.input(0), op.input(1), op.input(2), op.result()];
    const skip = skipAt === undefined ? undefined : op.optional(skipAt);
    const bias = biasAt === undefined ? undefined : op.optional(biasAt);
    if (x === undefined || scale === undefined || shift === undefined || y === undefined) {
      return undefined;
    }
    const isLast = op.call.int("channels_last") !== 0;
    const channels = (isLast ? x.dims.at(-1) : x.dims[1]) ?? 1;
    const groups = op.call.int("groups") ?? 0;
    if (groups < 1 || channels % groups !== 0) {
      return op.refuse("its number of groups");
    }
    if (skip !== undefined && sizeOf(skip.dims) !== sizeOf(x.dims)) {
      return op.refuse("a skip input that is broadcast");
    }
    const perGroup = channels / groups;
    const spatial = sizeOf(x.dims) / Math.max(1, (x.dims[0] ?? 1) * channels);
    const inputs = [x, scale, shift, skip, bias].filter((each) => each !== undefined);
    const buffer = (operand: Operand): number => inputs.indexOf(operand) + 1;
    const type = VALUE_OF[x.storage];
    const channelAt = (row: Expression, at: Expression): Expression => {
      const place = convert(row.type, at);
      const within = isLast
        ? remainder(place, literal(row.type, perGroup))
        : divide(place, literal(row.type, spatial));
      const group = remainder(row, literal(row.type, groups));
      return add(multiply(group, literal(row.type, perGroup)), within);
    };
    const channelOf = (address: Expression): Expression =>
      isLast
        ? remainder(address, literal(address.type, channels))
        : remainder(
            divide(address, literal(address.type, spatial)),
            literal(address.type, channels),
          );
    const element = (address: Expression): Expression => {
      const value = load(x.storage, 1, address);
      const kept =
        skip === undefined ? value : add(value, load(skip.storage, buffer(skip), address));
      return bias === undefined
        ? kept
        : add(kept, convert(type, load(bias.storage, buffer(bias), channelOf(address))));
    };
    const affine = scaled(
      type,
      channelAt,
      { operand: scale, buffer: buffer(scale) },
      { operand: shift, buffer: buffer(shift) },
    );
    const finish: Normalization["finish"] = (value, row, at) => {
      const result = affine(value, row, at);
      return op.call.int("activation") === 1 ? multiply(result, sigmoid(result)) : result;
    };
    const [dims, axes] = isLast
      ? [
          [x.dims[0] ?? 1, spatial, groups, perGroup],
          [1, 3],
        ]
      : [[x.dims[0] ?? 1, groups, perGroup * spatial], [2]];
    const sum = skip === undefined ? {} : { element: op.output(1) };
    return normalizationNodes(
      dims,
      y,
      {
        axes,
        epsilon: op.call.float("epsilon") ?? 1e-5,
        isCentred: true,
        element,
        inputs,
        finish,
        label: skip === undefined ? "groupNorm" : "skipGroupNorm",
      },
      sum,
    );
  };
}

/** Rules of the normalizations of groups. */
export const GROUP_RULES: EmitTable = {
  GroupNormalization: groupNormalization,
  "com.microsoft:GroupNorm": storedGroups({}),
  "com.microsoft:SkipGroupNorm": storedGroups({ skip: 3, bias: 4 }),
};
