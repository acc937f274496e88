/**
 * An If whose condition is known becomes the nodes of the branch that runs, and a Loop that is known to run
 * once those of its body.
 *
 * PyTorch writes `x.squeeze(d)` as an If over the size of `d`: with sizes at hand there is nothing to
 * decide. Values and initializers of the branch become those of the graph, named `n/value` for an If
 * named `n`; what the branch returns gets the names of the If's outputs, and values around the If
 * keep theirs. An output that the branch only passes on (a value around it, an initializer, the same
 * value twice) is a copy by Identity. An If inside such a branch is then one of the graph.
 *
 * In the body of a Loop the number of the iteration is the constant 0, the condition is true, and carried
 * values are those that the Loop starts with; a value that every iteration adds gets its leading dim of one.
 */
import { bodiesOf } from "./bodies.js";
import { Budget, MemorySource } from "./byte-source.js";
import { decodeNode } from "./decode-node.js";
import { branchesOf, tripCount } from "./infer/control-flow.js";
import { callOf } from "./infer/node-call.js";
import type { Scope } from "./infer/scope.js";
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, ValueInfo } from "./model.js";
import { newNode, renameNode, rewriteNode } from "./rewrite-node.js";

/** From this version of the default operator set on, Identity also copies sequences. */
const SEQUENCE_IDENTITY = 14;

/** From this version on, the axes of Unsqueeze are an input. */
const AXES_INPUT = 13;

/** Whether the main graph has an If or a Loop. */
export function hasBranches({ graph }: OnnxModel): boolean {
  return graph.nodes.some((node) => isType(node, "If") || isType(node, "Loop"));
}

/**
 * Returns the model without the Ifs of the main graph whose conditions `scope` knows, and without the Loops
 * that it knows to run once; `undefined` when there is none. Nodes stand in the order of the branches and may have names in use.
 *
 * Cost: linear in the nodes and names of the model.
 */
export function inlineBranches(model: OnnxModel, scope: Scope): OnnxModel | undefined {
  const { graph } = model;
  const names = new Set<string>();
  const parts: Part[] = [];
  let isChanged = false;
  for (const node of graph.nodes) {
    const inlined = knownBranch(node, scope, model) ?? singleBody(node, scope, model);
    if (inlined === undefined) {
      parts.push({ nodes: [node], initializers: [], valueInfo: [] });
      continue;
    }
    if (!isChanged) {
      addNames(graph, names);
      isChanged = true;
    }
    parts.push(expand(node, inlined, names));
  }
  if (!isChanged) {
    return undefined;
  }
  const joined = {
    ...graph,
    nodes: parts.flatMap((part) => part.nodes),
    initializers: [...graph.initializers, ...parts.flatMap((part) => part.initializers)],
    valueInfo: [...graph.valueInfo, ...parts.flatMap((part) => part.valueInfo)],
  };
  return { ...model, graph: joined };
}

type Part = Pick<OnnxGraph, "nodes" | "initializers" | "valueInfo">;

/** A branch or body that takes the place of its node. */
interface InlinedGraph {
  readonly graph: OnnxGraph;
  /** Values around the node that inputs of the graph stand for. */
  readonly given: ReadonlyMap<string, string>;
  /** Inputs of the graph that are constants. */
  readonly constants: readonly OnnxTensor[];
  /** What each output of the node is in the graph. */
  readonly outputs: readonly ValueInfo[];
  /** Outputs of the node from this place on have one more leading dim. */
  readonly stackedFrom: number;
}

function isType({ opType, domain }: OnnxNode, type: string): boolean {
  return opType === type && domain === "";
}

/** The branch of an If that runs, where it is known and can stand in the main graph. */
function knownBranch(node: OnnxNode, scope: Scope, model: OnnxModel): InlinedGraph | undefined {
  const call = callOf(node, scope, model);
  if (!isType(node, "If") || call.values(0)?.[0] === undefined) {
    return undefined;
  }
  const [branch] = branchesOf(call);
  const isWhole = branch?.outputs.length === node.outputs.length && branch.inputs.length === 0;
  return isWhole && canStand(branch, call.opset, scope)
    ? {
        graph: branch,
        given: new Map(),
        constants: [],
        outputs: branch.outputs,
        stackedFrom: node.outputs.length,
      }
    : undefined;
}

/** The body of a Loop that is known to run once. */
function singleBody(node: OnnxNode, scope: Scope, model: OnnxModel): InlinedGraph | undefined {
  const call = callOf(node, scope, model);
  const graph = isType(node, "Loop") ? call.graph("body") : undefined;
  const carried = node.inputs.slice(2);
  const isWhole =
    graph?.inputs.length === 2 + carried.length && graph.outputs.length === 1 + node.outputs.length;
  if (!isWhole || tripCount(call, undefined) !== 1 || !canStand(graph, call.opset, scope)) {
    return undefined;
  }
  const isStacked = node.outputs.length > carried.length;
  const [trip, condition, ...formal] = graph.inputs;
  return isStacked && call.opset < AXES_INPUT
    ? undefined
    : {
        graph,
        given: new Map(formal.map(({ name }, i) => [name, carried[i] ?? ""])),
        constants: [constantOf(trip, "int64", 8, 0), constantOf(condition, "bool", 1, 1)],
        outputs: graph.outputs.slice(1),
        stackedFrom: carried.length,
      };
}

/** An input of a body with its value in the first iteration. */
function constantOf(
  input: ValueInfo | undefined,
  elementType: OnnxTensor["elementType"],
  width: number,
  value: number,
): OnnxTensor {
  const bytes = new Uint8Array(width);
  bytes[0] = value;
  const dims = input?.dims?.length === 1 ? [1] : [];
  return { name: input?.name ?? "", elementType, dims, payload: { kind: "inline", bytes } };
}

function canStand(graph: OnnxGraph, opset: number, scope: Scope): boolean {
  // What was stripped is in the encoded branch alone.
  const isKept = graph.initializers.every(({ payload }) => payload.kind !== "absent");
  return isKept && (opset >= SEQUENCE_IDENTITY || !graph.outputs.some(isSequence, scope));
}

function isSequence(this: Scope, { name }: ValueInfo): boolean {
  return this.get(name)?.items !== undefined;
}

/** Adds the names of all values of a graph and of the bodies in it. */
function addNames(graph: OnnxGraph, into: Set<string>): void {
  for (const { name } of [...graph.inputs, ...graph.initializers]) {
    into.add(name);
  }
  for (const node of graph.nodes) {
    for (const name of node.outputs) {
      into.add(name);
    }
    for (const body of bodiesOf(node)) {
      addNames(body, into);
    }
  }
}

function expand(node: OnnxNode, inlined: InlinedGraph, taken: Set<string>): Part {
  const { graph: branch, given, constants, outputs } = inlined;
  const own = ownNames(branch, constants);
  const prefix = prefixFor(node, own, taken);
  const { returned, copies, stacked } = matchOutputs(node, inlined);
  const value = (name: string): string =>
    returned.get(name) ?? given.get(name) ?? (own.has(name) ? prefix + name : name);
  const nodes = branch.nodes.map((inner, at) => {
    const name = prefix + (inner.name || `${inner.opType}_${at}`);
    return named(rewriteNode(inner.raw, { value, attribute: () => undefined }), name);
  });
  const passedOn = copies.map(([from, to]) => newNode("Identity", [value(from)], to));
  const axes = prefix + AXES;
  const grown = stacked.map(([from, to]) => newNode("Unsqueeze", [value(from), axes], to));
  const initializers: OnnxTensor[] = [
    ...[...constants, ...branch.initializers].map((each) => ({ ...each, name: value(each.name) })),
    ...(stacked.length === 0 ? [] : [{ ...FIRST_AXIS, name: axes }]),
  ];
  const valueInfo = [
    ...branch.valueInfo.map((info) => ({ ...info, name: value(info.name) })),
    ...outputs.flatMap((info, i) =>
      i < inlined.stackedFrom ? [{ ...info, name: node.outputs[i] ?? "" }] : [],
    ),
  ];
  return { nodes: [...nodes, ...passedOn, ...grown], initializers, valueInfo };
}

/** Name of the axes by which values of one iteration get their leading dim. */
const AXES = "axes of stacked values";

const FIRST_AXIS: OnnxTensor = {
  name: AXES,
  elementType: "int64",
  dims: [1],
  payload: { kind: "inline", bytes: new Uint8Array(8) },
};

function ownNames(branch: OnnxGraph, constants: readonly OnnxTensor[]): Set<string> {
  const own = new Set<string>([
    AXES,
    ...[...constants, ...branch.initializers].map((tensor) => tensor.name),
    ...branch.nodes.flatMap((node) => node.outputs),
  ]);
  own.delete("");
  return own;
}

/** A prefix that gives no value of the branch a name in use. */
function prefixFor(node: OnnxNode, own: ReadonlySet<string>, taken: Set<string>): string {
  for (let count = 0; ; count++) {
    const prefix = count === 0 ? `${node.name}/` : `${node.name}_${count}/`;
    const made = [...own].map((name) => prefix + name);
    if (made.every((name) => !taken.has(name))) {
      for (const name of made) {
        taken.add(name);
      }
      return prefix;
    }
  }
}

interface Matched {
  /** Values that nodes of the branch make to the If's outputs, which they become. */
  readonly returned: ReadonlyMap<string, string>;
  /** Values of the branch or around it, and the If's outputs that are copies of them. */
  readonly copies: readonly (readonly [string, string])[];
  /** Values of a body, and the Loop's outputs that have them under one more dim. */
  readonly stacked: readonly (readonly [string, string])[];
}

function matchOutputs(
  node: OnnxNode,
  { graph: branch, outputs, stackedFrom }: InlinedGraph,
): Matched {
  const made = new Set(branch.nodes.flatMap((inner) => inner.outputs));
  // A body in the branch would take a value of this name for its own.
  const inBodies = new Set<string>();
  for (const body of branch.nodes.flatMap(bodiesOf)) {
    addNames(body, inBodies);
  }
  const returned = new Map<string, string>();
  const copies: [string, string][] = [];
  const stacked: [string, string][] = [];
  node.outputs.forEach((output, i) => {
    const from = outputs[i]?.name ?? "";
    if (output === "") {
      return;
    }
    if (i >= stackedFrom) {
      stacked.push([from, output]);
    } else if (made.has(from) && !returned.has(from) && !inBodies.has(output)) {
      returned.set(from, output);
    } else {
      copies.push([from, output]);
    }
  });
  return { returned, copies, stacked };
}

function named(raw: Uint8Array, name: string): OnnxNode {
  const source = new MemorySource(raw, new Budget(Number.POSITIVE_INFINITY));
  const node = decodeNode(source, { offset: 0, bytes: raw.length }, 0);
  return { ...node, name, raw: renameNode(node, name) };
}
