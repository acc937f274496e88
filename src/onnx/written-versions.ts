import { bodiesOf } from "./bodies.js";
import type { OnnxModel, OnnxNode } from "./model.js";
import { isUnchanged } from "./operators/operator-versions.js";

/** The newest operator set of the default domain and the newest IR that ONNX Runtime 1.30 loads. */
const NEWEST = { opset: 26, ir: 13 } as const;

/**
 * The versions under which nodes of a model are written: the model's own, but no newer than ONNX
 * Runtime loads where the nodes mean the same in the older set. IR 14 only adds element types that
 * are not read here.
 */
export function writtenVersions(
  { irVersion, opsets }: OnnxModel,
  nodes: readonly OnnxNode[],
): Pick<OnnxModel, "irVersion" | "opsets"> {
  const opset = opsets.get("") ?? 0;
  const isOlder = opset > NEWEST.opset && nodes.every((node) => meansTheSame(node, opset));
  return {
    irVersion: Math.min(irVersion, NEWEST.ir),
    opsets: isOlder ? new Map([...opsets, ["", NEWEST.opset] as const]) : opsets,
  };
}

function meansTheSame(node: OnnxNode, opset: number): boolean {
  return (
    (node.domain !== "" || isUnchanged(node.opType, NEWEST.opset, opset)) &&
    bodiesOf(node).every((body) => body.nodes.every((inner) => meansTheSame(inner, opset)))
  );
}
