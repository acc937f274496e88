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
import type { EmitRule, EmitTable, Operand, OperatorCall } from "../operator-call.js";
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
    isCentered: true,
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

/** Input positions of GroupNorm and SkipGroupNorm. */
interface GroupInputs {
  readonly skip?: number;
  readonly bias?: number;
}

/** The channel axis of a tensor: the last dim unless `channels_last` is 0. */
interface Channels {
  readonly isLast: boolean;
  readonly count: number;
  readonly perGroup: number;
  readonly groups: number;
  readonly batch: number;
  readonly spatial: number;
}

function channelsOf(op: OperatorCall, dims: readonly number[]): Channels | undefined {
  const isLast = op.call.int("channels_last") !== 0;
  const count = (isLast ? dims.at(-1) : dims[1]) ?? 1;
  const groups = op.call.int("groups") ?? 0;
  if (groups < 1 || count % groups !== 0) {
    return op.refuse("its number of groups");
  }
  const batch = dims[0] ?? 1;
  const spatial = sizeOf(dims) / Math.max(1, batch * count);
  return { isLast, count, perGroup: count / groups, groups, batch, spatial };
}

/** The channel of an element of a group. */
function channelInGroup({ isLast, perGroup, groups, spatial }: Channels) {
  return (row: Expression, at: Expression): Expression => {
    const place = convert(row.type, at);
    const within = isLast
      ? remainder(place, literal(row.type, perGroup))
      : divide(place, literal(row.type, spatial));
    return add(
      multiply(remainder(row, literal(row.type, groups)), literal(row.type, perGroup)),
      within,
    );
  };
}

/** The channel of an element of the tensor. */
function channelAt({ isLast, count, spatial }: Channels, address: Expression): Expression {
  const { type } = address;
  const place = isLast ? address : divide(address, literal(type, spatial));
  return remainder(place, literal(type, count));
}

/**
 * Normalizes groups of channels of the sum of input, skip and bias where present; the sum may be an
 * output of its own. `x sigmoid(x)` follows on request.
 */
function storedGroups(places: GroupInputs): EmitRule {
  return (op) => {
    const [x, scale, shift, y] = [op.input(0), op.input(1), op.input(2), op.result()];
    const channels = x && channelsOf(op, x.dims);
    if (x === undefined || scale === undefined || shift === undefined || y === undefined) {
      return undefined;
    }
    const skip = places.skip === undefined ? undefined : op.optional(places.skip);
    const bias = places.bias === undefined ? undefined : op.optional(places.bias);
    if (skip !== undefined && sizeOf(skip.dims) !== sizeOf(x.dims)) {
      return op.refuse("a skip input that is broadcast");
    }
    const inputs = [x, scale, shift, skip, bias].filter((each) => each !== undefined);
    const how = channels && normalizationOf(op, channels, { x, scale, shift, skip, bias, inputs });
    const sides = skip === undefined ? {} : { element: op.output(1) };
    return how && normalizationNodes(how.dims, y, how.normalization, sides);
  };
}

interface GroupOperands {
  readonly x: Operand;
  readonly scale: Operand;
  readonly shift: Operand;
  readonly skip: Operand | undefined;
  readonly bias: Operand | undefined;
  /** The operands that are present, in the order of their buffers. */
  readonly inputs: readonly Operand[];
}

function normalizationOf(
  op: OperatorCall,
  channels: Channels,
  { x, scale, shift, skip, bias, inputs }: GroupOperands,
): { readonly dims: readonly number[]; readonly normalization: Normalization } {
  const { isLast, perGroup, groups, batch, spatial } = channels;
  const type = VALUE_OF[x.storage];
  const buffer = (operand: Operand): number => inputs.indexOf(operand) + 1;
  const affine = scaled(
    type,
    channelInGroup(channels),
    { operand: scale, buffer: buffer(scale) },
    { operand: shift, buffer: buffer(shift) },
  );
  const added = (address: Expression): readonly Expression[] => [
    ...(skip === undefined ? [] : [load(skip.storage, buffer(skip), address)]),
    ...(bias === undefined
      ? []
      : [convert(type, load(bias.storage, buffer(bias), channelAt(channels, address)))]),
  ];
  return {
    dims: isLast ? [batch, spatial, groups, perGroup] : [batch, groups, perGroup * spatial],
    normalization: {
      axes: isLast ? [1, 3] : [2],
      epsilon: op.call.float("epsilon") ?? 1e-5,
      isCentered: true,
      element: (address) => added(address).reduce(add, load(x.storage, 1, address)),
      inputs,
      finish: (value, row, at) => {
        const result = affine(value, row, at);
        return op.call.int("activation") === 1 ? multiply(result, sigmoid(result)) : result;
      },
      label: skip === undefined ? "groupNorm" : "skipGroupNorm",
    },
  };
}

/** Emission rules of the normalizations of groups. */
export const GROUP_RULES: EmitTable = {
  GroupNormalization: groupNormalization,
  "com.microsoft:GroupNorm": storedGroups({}),
  "com.microsoft:SkipGroupNorm": storedGroups({ skip: 3, bias: 4 }),
};
