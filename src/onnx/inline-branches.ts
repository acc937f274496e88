/**
 * An If whose condition is known becomes the nodes of the branch that runs.
 *
 * PyTorch writes `x.squeeze(d)` as an If over the size of `d`: with sizes at hand there is nothing to
 * decide. Values and initializers of the branch become those of the graph, named `n/value` for an If
 * named `n`; what the branch returns gets the names of the If's outputs, and values around the If
 * keep theirs. An output that the branch only passes on (a value around it, an initializer, the same
 * value twice) is a copy by Identity. An If inside such a branch is then one of the graph.
 */
import { bodiesOf } from "./bodies.js";
import { Budget, MemorySource } from "./byte-source.js";
import { decodeNode } from "./decode-node.js";
import { branchesOf } from "./infer/control-flow.js";
import { callOf } from "./infer/node-call.js";
import type { Scope } from "./infer/scope.js";
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, ValueInfo } from "./model.js";
import { newNode, renameNode, rewriteNode } from "./rewrite-node.js";

/** From this version of the default operator set on, Identity also copies sequences. */
const SEQUENCE_IDENTITY = 14;

/** Whether the main graph has an If. */
export function hasBranches({ graph }: OnnxModel): boolean {
  return graph.nodes.some(isIf);
}

/**
 * Returns the model without the Ifs of the main graph whose conditions `scope` knows; `undefined`
 * when there is none. Nodes stand in the order of the branches and may have names in use.
 *
 * Cost: linear in the nodes and names of the model.
 */
export function inlineBranches(model: OnnxModel, scope: Scope): OnnxModel | undefined {
  const { graph } = model;
  const names = new Set<string>();
  const parts: Part[] = [];
  let isChanged = false;
  for (const node of graph.nodes) {
    const branch = knownBranch(node, scope, model);
    if (branch === undefined) {
      parts.push({ nodes: [node], initializers: [], valueInfo: [] });
      continue;
    }
    if (!isChanged) {
      addNames(graph, names);
      isChanged = true;
    }
    parts.push(expand(node, branch, names));
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

function isIf({ opType, domain }: OnnxNode): boolean {
  return opType === "If" && domain === "";
}

/** The branch of an If that runs, where it is known and can stand in the main graph. */
function knownBranch(node: OnnxNode, scope: Scope, model: OnnxModel): OnnxGraph | undefined {
  const call = callOf(node, scope, model);
  if (!isIf(node) || call.values(0)?.[0] === undefined) {
    return undefined;
  }
  const [branch] = branchesOf(call);
  const isWhole = branch?.outputs.length === node.outputs.length && branch.inputs.length === 0;
  // Sparse initializers are kept in the encoded branch alone.
  const isKept = branch?.initializers.every(({ payload }) => payload.kind !== "absent");
  const copies = call.opset >= SEQUENCE_IDENTITY || !branch?.outputs.some(isSequence, scope);
  return isWhole && isKept && copies ? branch : undefined;
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

function expand(node: OnnxNode, branch: OnnxGraph, taken: Set<string>): Part {
  const own = ownNames(branch);
  const prefix = prefixFor(node, own, taken);
  const { returned, copies } = matchOutputs(node, branch);
  const value = (name: string): string =>
    returned.get(name) ?? (own.has(name) ? prefix + name : name);
  const nodes = branch.nodes.map((inner, at) => {
    const name = prefix + (inner.name || `${inner.opType}_${at}`);
    return named(rewriteNode(inner.raw, { value, attribute: () => undefined }), name);
  });
  const passedOn = copies.map(([from, to]) => newNode("Identity", [value(from)], to));
  const initializers: OnnxTensor[] = branch.initializers.map((tensor) => ({
    ...tensor,
    name: value(tensor.name),
  }));
  const valueInfo = [
    ...branch.valueInfo.map((info) => ({ ...info, name: value(info.name) })),
    ...branch.outputs.map((info, i) => ({ ...info, name: node.outputs[i] ?? "" })),
  ];
  return { nodes: [...nodes, ...passedOn], initializers, valueInfo };
}

function ownNames(branch: OnnxGraph): Set<string> {
  const own = new Set<string>([
    ...branch.initializers.map((tensor) => tensor.name),
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
}

function matchOutputs(node: OnnxNode, branch: OnnxGraph): Matched {
  const made = new Set(branch.nodes.flatMap((inner) => inner.outputs));
  // A body in the branch would take a value of this name for its own.
  const inBodies = new Set<string>();
  for (const body of branch.nodes.flatMap(bodiesOf)) {
    addNames(body, inBodies);
  }
  const returned = new Map<string, string>();
  const copies: [string, string][] = [];
  node.outputs.forEach((output, i) => {
    const from = branch.outputs[i]?.name ?? "";
    if (output === "") {
      return;
    }
    if (made.has(from) && !returned.has(from) && !inBodies.has(output)) {
      returned.set(from, output);
    } else {
      copies.push([from, output]);
    }
  });
  return { returned, copies };
}

function named(raw: Uint8Array, name: string): OnnxNode {
  const source = new MemorySource(raw, new Budget(Number.POSITIVE_INFINITY));
  const node = decodeNode(source, { offset: 0, bytes: raw.length }, 0);
  return { ...node, name, raw: renameNode(node, name) };
}
