/**
 * Model-local functions become the nodes of their bodies.
 *
 * A call `y = F(x)` named `n` is replaced by F's body with every inner value renamed to `n/value`,
 * formal inputs and outputs by the actual ones, and attribute references by the call's attributes
 * or F's defaults (an attribute that neither gives is left out). Bodies may call functions again;
 * work continues until none is left, and a chain of calls deeper than the number of functions is a
 * recursion, which ONNX forbids.
 *
 * Source: ONNX IR specification, Functions.
 */
import protobuf from "protobufjs/minimal.js";
import { fail, ok, type Result } from "../core/result.js";
import { modelInvalid } from "./failures.js";
import type { AttributeValue, OnnxFunction, OnnxModel, OnnxNode } from "./model.js";
import { concatenate, rawFields, rewriteNode } from "./rewrite-node.js";

/** Nodes that inlining may produce: small models can describe exponentially many. */
const MAX_NODES = 2_000_000;

const ATTRIBUTE = { name: 1, reference: 21 } as const;

/**
 * The model without functions.
 *
 * Fails: `model-invalid` for recursion, for a body that explodes, and for control flow inside a
 * function (its bodies name values of the function, which would have to be renamed too).
 */
export function inlineFunctions(model: OnnxModel): Result<OnnxModel> {
  if (model.functions.length === 0) {
    return ok(model);
  }
  const byKey = new Map(model.functions.map((body) => [keyOf(body.domain, body.name), body]));
  const nodes: OnnxNode[] = [];
  /** Calls still to be expanded, last first. */
  const pending: { node: OnnxNode; depth: number }[] = model.graph.nodes
    .map((node) => ({ node, depth: 0 }))
    .reverse();
  let calls = 0;
  for (;;) {
    const next = pending.pop();
    if (next === undefined) {
      break;
    }
    const body = byKey.get(keyOf(next.node.domain, next.node.opType));
    if (body === undefined) {
      nodes.push(next.node);
      continue;
    }
    const problem = refuse(body, next.depth, model.functions.length);
    if (problem !== undefined || nodes.length + pending.length > MAX_NODES) {
      const what = problem ?? `functions expand to more than ${MAX_NODES} nodes`;
      return fail([modelInvalid(model.path, `function "${body.name}"`, what)]);
    }
    const prefix = `${next.node.name === "" ? `${body.name}_${calls}` : next.node.name}/`;
    calls++;
    for (const inner of bodyOf(body, next.node, prefix).reverse()) {
      pending.push({ node: inner, depth: next.depth + 1 });
    }
  }
  const opsets = new Map(model.opsets);
  for (const body of model.functions) {
    for (const [domain, version] of body.opsets) {
      opsets.set(domain, Math.max(opsets.get(domain) ?? 0, version));
    }
  }
  return ok({ ...model, opsets, functions: [], graph: { ...model.graph, nodes } });
}

function keyOf(domain: string, name: string): string {
  return `${domain === "ai.onnx" ? "" : domain}:${name}`;
}

function refuse(body: OnnxFunction, depth: number, functions: number): string | undefined {
  if (depth > functions) {
    return "calls itself";
  }
  const hasGraphs = body.nodes.some((node) =>
    [...node.attributes.values()].some(({ kind }) => kind === "graph" || kind === "graphs"),
  );
  return hasGraphs ? "has control flow in its body, which cannot be inlined" : undefined;
}

function bodyOf(body: OnnxFunction, call: OnnxNode, prefix: string): OnnxNode[] {
  const names = new Map<string, string>([["", ""]]);
  body.inputs.forEach((formal, i) => {
    names.set(formal, call.inputs[i] ?? "");
  });
  body.outputs.forEach((formal, i) => {
    const actual = call.outputs[i] ?? "";
    names.set(formal, actual === "" ? `${prefix}${formal}` : actual);
  });
  const renamed = (name: string): string => names.get(name) ?? `${prefix}${name}`;
  return body.nodes.map((node, i) => {
    const inner = {
      name: `${prefix}${node.name === "" ? `${node.opType}_${i}` : node.name}`,
      inputs: node.inputs.map(renamed),
      outputs: node.outputs.map(renamed),
    };
    const { attributes, encoded } = resolved(node, call, body);
    return {
      ...node,
      ...inner,
      attributes,
      raw: rewriteNode(node, { ...inner, attributes: encoded }),
    };
  });
}

interface Resolved {
  readonly attributes: ReadonlyMap<string, AttributeValue>;
  readonly encoded: readonly Uint8Array[];
}

/** The attributes of an inner node with references replaced. */
function resolved(node: OnnxNode, call: OnnxNode, body: OnnxFunction): Resolved {
  const attributes = new Map<string, AttributeValue>();
  const encoded: Uint8Array[] = [];
  const own = encodedAttributes(node);
  const given = encodedAttributes(call);
  for (const [name, value] of node.attributes) {
    if (value.kind !== "reference") {
      attributes.set(name, value);
      encoded.push(own.get(name) ?? new Uint8Array());
      continue;
    }
    const actual = call.attributes.get(value.attribute);
    const fallback = body.attributeDefaults.get(value.attribute);
    if (actual !== undefined) {
      attributes.set(name, actual);
      encoded.push(renamedAttribute(given.get(value.attribute) ?? new Uint8Array(), name));
    } else if (fallback !== undefined) {
      attributes.set(name, fallback);
      encoded.push(encodeSimple(name, fallback));
    }
  }
  return { attributes, encoded };
}

function encodedAttributes(node: OnnxNode): Map<string, Uint8Array> {
  const result = new Map<string, Uint8Array>();
  for (const field of rawFields(node.raw)) {
    if (field.number === 5) {
      const message = field.bytes.subarray(field.valueAt);
      const name = rawFields(message).find(({ number }) => number === ATTRIBUTE.name);
      if (name !== undefined) {
        result.set(new TextDecoder().decode(name.bytes.subarray(name.valueAt)), message);
      }
    }
  }
  return result;
}

function renamedAttribute(message: Uint8Array, name: string): Uint8Array {
  const head = protobuf.Writer.create()
    .uint32(ATTRIBUTE.name * 8 + 2)
    .string(name)
    .finish();
  const rest = rawFields(message).filter(
    ({ number }) => number !== ATTRIBUTE.name && number !== ATTRIBUTE.reference,
  );
  return concatenate([head, ...rest.map((field) => field.bytes)]);
}

/** Defaults of function attributes are scalars, text and lists of them. */
function encodeSimple(name: string, value: AttributeValue): Uint8Array {
  const writer = protobuf.Writer.create().uint32(10).string(name);
  switch (value.kind) {
    case "float":
      writer.uint32(21).float(value.value).uint32(160).int32(1);
      break;
    case "int":
      writer.uint32(24).int64(value.value).uint32(160).int32(2);
      break;
    case "string":
      writer.uint32(34).string(value.value).uint32(160).int32(3);
      break;
    case "floats":
      for (const item of value.value) {
        writer.uint32(61).float(item);
      }
      writer.uint32(160).int32(6);
      break;
    case "ints":
      for (const item of value.value) {
        writer.uint32(64).int64(item);
      }
      writer.uint32(160).int32(7);
      break;
    default:
      break;
  }
  return writer.finish();
}
