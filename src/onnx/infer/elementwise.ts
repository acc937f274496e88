/** Operators that treat every element alone: the output has the (broadcast) shape of the inputs. */
import { type ElementType, elementTypeOf } from "../../ir/element-type.js";
import { broadcast } from "./broadcast.js";
import { type Fact, tensor } from "./fact.js";
import type { InferRule, NodeCall } from "./node-call.js";

/** Same type and shape as the first input. */
export const likeFirst: InferRule = (call) => [tensor(call.input(0).elementType, call.dims(0))];

/** Booleans of the shape of input 0. */
export const predicate: InferRule = (call) => [tensor("bool", call.dims(0))];

/** Broadcast of all inputs, which must have one element type. */
export const arithmetic: InferRule = (call) => {
  const types = call.inputs.map((input) => input.elementType);
  return [tensor(sameType(call, types), broadcastInputs(call))];
};

/** Broadcast of all inputs, with the element type of the first. */
export const firstType: InferRule = (call) => [
  tensor(call.input(0).elementType, broadcastInputs(call)),
];

/** Booleans, broadcast from inputs of one element type. */
export const comparison: InferRule = (call) => {
  sameType(
    call,
    call.inputs.map((input) => input.elementType),
  );
  return [tensor("bool", broadcastInputs(call))];
};

/** The element type shared by all known inputs; refuses the node when two differ. */
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

/** Output types of `Where`. */
export const where: InferRule = (call) => [
  tensor(
    sameType(call, [call.input(1).elementType, call.input(2).elementType]),
    broadcastInputs(call),
  ),
];

/** Output types of `Cast`. */
export const cast: InferRule = (call) => [tensor(elementTypeOf(call.int("to") ?? 0), call.dims(0))];

/** The same bits as another type of that size. */
export const bitCast: InferRule = cast;

/** Output types of `CastLike`. */
export const castLike: InferRule = (call) => [tensor(call.input(1).elementType, call.dims(0))];

/** Output types of `Bernoulli`. */
export const bernoulli: InferRule = (call) => {
  const dtype = call.int("dtype");
  const type = dtype === undefined ? call.input(0).elementType : elementTypeOf(dtype);
  return [tensor(type, call.dims(0))];
};

/** The mask is boolean since version 10, before that it has the type of the data. */
export const dropout: InferRule = (call) => {
  const data = tensor(call.input(0).elementType, call.dims(0));
  return [data, call.opset >= 10 ? tensor("bool", data.dims) : data];
};

/** Output types of `PRelu`. */
export const prelu: InferRule = (call) => {
  broadcastInputs(call);
  return likeFirst(call);
};

/** The last dim of `x` is halved: one half gates the other. */
export const halved: InferRule = (call) => {
  const dims = call.dims(0);
  const last = dims?.at(-1);
  const half = last === undefined ? undefined : Math.floor(last / 2);
  return [tensor(call.input(0).elementType, dims && [...dims.slice(0, -1), half])];
};

/** One output with the type and dims of input `i`, for other rules. */
export function like(fact: Fact): Fact {
  return tensor(fact.elementType, fact.dims);
}
