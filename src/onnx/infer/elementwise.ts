/** Operators that treat every element alone: the output has the (broadcast) shape of the inputs. */
import { type ElementType, elementTypeOf } from "../../ir/element-type.js";
import { broadcast } from "./broadcast.js";
import { type Fact, tensor } from "./fact.js";
import type { InferRule, NodeCall, RuleTable } from "./node-call.js";

/** Same type and shape as the first input. */
export const likeFirst: InferRule = (call) => [tensor(call.input(0).elementType, call.dims(0))];

const predicate: InferRule = (call) => [tensor("bool", call.dims(0))];

/** Broadcast of all inputs, which must have one element type. */
const arithmetic: InferRule = (call) => {
  const types = call.inputs.map((input) => input.elementType);
  return [tensor(sameType(call, types), broadcastInputs(call))];
};

/** Broadcast of all inputs, with the element type of the first. */
const firstType: InferRule = (call) => [tensor(call.input(0).elementType, broadcastInputs(call))];

const comparison: InferRule = (call) => {
  sameType(
    call,
    call.inputs.map((input) => input.elementType),
  );
  return [tensor("bool", broadcastInputs(call))];
};

/** The element type that all have that are known; refuses the node when two differ. */
export function sameType(
  call: NodeCall,
  types: readonly (ElementType | undefined)[],
): ElementType | undefined {
  const known = types.filter((type) => type !== undefined);
  const other = known.find((type) => type !== known[0]);
  return other === undefined
    ? known[0]
    : call.refuse(`inputs have different element types: ${known[0]} and ${other}`);
}

function broadcastInputs(call: NodeCall) {
  return broadcast(
    call,
    call.inputs.map((input) => input.dims),
  );
}

const where: InferRule = (call) => [
  tensor(
    sameType(call, [call.input(1).elementType, call.input(2).elementType]),
    broadcastInputs(call),
  ),
];

const cast: InferRule = (call) => [tensor(elementTypeOf(call.int("to") ?? 0), call.dims(0))];

const castLike: InferRule = (call) => [tensor(call.input(1).elementType, call.dims(0))];

const bernoulli: InferRule = (call) => {
  const dtype = call.int("dtype");
  const type = dtype === undefined ? call.input(0).elementType : elementTypeOf(dtype);
  return [tensor(type, call.dims(0))];
};

/** The mask is boolean since version 10, before that it has the type of the data. */
const dropout: InferRule = (call) => {
  const data = tensor(call.input(0).elementType, call.dims(0));
  return [data, call.opset >= 10 ? tensor("bool", data.dims) : data];
};

const prelu: InferRule = (call) => {
  broadcastInputs(call);
  return likeFirst(call);
};

/** The last dim of `x` is halved: a gate multiplied with the other half. */
const halved: InferRule = (call) => {
  const dims = call.dims(0);
  const last = dims?.at(-1);
  const half = last === undefined ? undefined : Math.floor(last / 2);
  return [tensor(call.input(0).elementType, dims && [...dims.slice(0, -1), half])];
};

function table(names: string, rule: InferRule): RuleTable {
  return Object.fromEntries(names.split(" ").map((name) => [name, rule]));
}

/** Outputs of the kind of input `i`, for rules elsewhere. */
export function like(fact: Fact): Fact {
  return tensor(fact.elementType, fact.dims);
}

/** Rules of the element-wise operators. */
export const ELEMENTWISE: RuleTable = {
  ...table(
    "Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Ceil Celu Clip Cos Cosh CumProd CumSum Elu Erf Exp " +
      "Floor Gelu HardSigmoid HardSwish Hardmax Identity LRN LeakyRelu Log LogSoftmax LpNormalization " +
      "MeanVarianceNormalization Mish Neg Not Reciprocal Relu ReverseSequence Round Selu Shrink Sigmoid Sign " +
      "Sin Sinh Softmax Softplus Softsign Sqrt Swish Tan Tanh ThresholdedRelu Trilu InstanceNormalization " +
      "GroupNormalization RMSNormalization RotaryEmbedding",
    likeFirst,
  ),
  ...table("IsNaN IsInf", predicate),
  ...table(
    "Add Sub Mul Div Mod BitwiseAnd BitwiseOr BitwiseXor Sum Max Min Mean BitShift",
    arithmetic,
  ),
  ...table("Pow", firstType),
  ...table("And Or Xor Equal Less LessOrEqual Greater GreaterOrEqual", comparison),
  PRelu: prelu,
  Where: where,
  Cast: cast,
  CastLike: castLike,
  Bernoulli: bernoulli,
  Dropout: dropout,
  ...table(
    "com.microsoft:Gelu com.microsoft:FastGelu com.microsoft:QuickGelu com.microsoft:RotaryEmbedding " +
      "com.microsoft:QLinearSigmoid com.microsoft:QLinearLeakyRelu com.microsoft:QLinearSoftmax " +
      "com.microsoft:GroupNorm com.microsoft:Trilu com.microsoft:BiasSoftmax " +
      "com.microsoft:BiasDropout",
    likeFirst,
  ),
  ...table("com.microsoft:BiasGelu com.microsoft:BiasAdd com.microsoft:BiasQuickGelu", firstType),
  "com.microsoft:BiasSplitGelu": halved,
};
