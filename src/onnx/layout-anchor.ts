/**
 * A way to bring a received tensor into the memory layout that it has inside the whole model.
 *
 * ONNX Runtime keeps channels in blocks (NCHWc) from one convolution to the next, and some of what
 * it fuses depends on that: a residual addition becomes part of a convolution only if its other
 * addend is in blocks too, and a global average over blocks adds in another order. A tensor that a
 * stage receives is a graph input, never in blocks, so the last bits of such operators differ
 * between the stage and the whole model. A maximum over windows of one element changes no value,
 * and the layout pass of ONNX Runtime takes it as an operator on blocks: what reads its output finds
 * blocks, as in the whole model.
 *
 * Example: x -> conv -> add(x): cut before x's readers, the addition is done after the convolution
 * and rounded once more; behind an anchor it is fused as before.
 *
 * Whether that helps depends on the machine (how wide its vectors are) and on the readers; the
 * runner of stages tries both and compares.
 */
import protobuf from "protobufjs/minimal.js";
import type { TensorType } from "./lowered-model.js";
import type { OnnxNode } from "./model.js";

/** Name of the graph input that feeds an anchor whose output is called `tensor`. */
export function receivedName(tensor: string): string {
  return `${tensor}/received`;
}

/** Whether the layout pass treats tensors of this type: batches of pictures of 32-bit floats. */
export function canAnchor(type: TensorType | undefined): boolean {
  return type?.elementType === "float32" && type.dims.length === 4;
}

/** The node: `receivedName(tensor)` in, `tensor` out, nothing changed. */
export function layoutAnchor(tensor: string): OnnxNode {
  const name = `${tensor}/anchor`;
  const input = receivedName(tensor);
  const writer = protobuf.Writer.create();
  writer.uint32(10).string(input).uint32(18).string(tensor).uint32(26).string(name);
  writer.uint32(34).string("MaxPool");
  // attribute: name, ints (packed), type INTS
  writer.uint32(42).fork().uint32(10).string("kernel_shape");
  writer.uint32(66).fork().int64(1).int64(1).ldelim().uint32(160).int32(7).ldelim();
  return {
    name,
    opType: "MaxPool",
    domain: "",
    inputs: [input],
    outputs: [tensor],
    attributes: new Map([["kernel_shape", { kind: "ints", value: [1, 1] }]]),
    raw: writer.finish(),
  };
}
