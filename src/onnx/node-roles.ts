/**
 * Roles of the nodes of a model: operator, view, constant or dead.
 *
 * Constants first: everything that depends on weights and static shapes only was marked by
 * inference. Then liveness, backwards from the outputs of the graph. The one subtlety: a constant
 * node that reads the shape of an activation does not keep that activation alive.
 */
import { UNKNOWN } from "./infer/fact.js";
import { callOf } from "./infer/node-call.js";
import type { Scope } from "./infer/scope.js";
import type { NodeRole } from "./lowered-model.js";
import type { OnnxModel, OnnxNode } from "./model.js";
import { readsOf } from "./normalize-model.js";
import { isView } from "./operators/catalog.js";

/** Roles of all nodes, and facts derived from them. */
export interface Roles {
  readonly roles: readonly NodeRole[];
  /** Views to the tensor whose memory they are, chains followed to the end. */
  readonly viewOf: ReadonlyMap<string, string>;
  /** Values that an operator, a view or an output of the graph reads. */
  readonly used: ReadonlySet<string>;
  /** Values that each node reads, outer values of bodies included. */
  readonly reads: readonly (readonly string[])[];
}

/**
 * Decides the role of every node.
 *
 * Requires: nodes in topological order, facts of all values. `isFixed`: whether a value has the same
 * sizes in every run. An output of the graph that has not is no view: its dims are those of the run.
 * Cost: O(nodes + edges).
 */
export function nodeRoles(
  model: OnnxModel,
  scope: Scope,
  isFixed: (name: string) => boolean = () => true,
): Roles {
  const { nodes, outputs } = model.graph;
  const given = new Set(outputs.map(({ name }) => name).filter((name) => !isFixed(name)));
  const live: NodeRole[] = nodes.map((node) => {
    const role = liveRole(node, model, scope);
    return role === "view" && given.has(node.outputs[0] ?? "") ? "operator" : role;
  });
  const reads = nodes.map((node) => [...readsOf(node)]);
  const producer = new Map<string, number>();
  for (const [at, node] of nodes.entries()) {
    for (const name of node.outputs) {
      producer.set(name, at);
    }
  }
  const isNeeded = new Uint8Array(nodes.length);
  const used = new Set(outputs.map((output) => output.name));
  const need = (name: string) => {
    const at = producer.get(name);
    if (at !== undefined) {
      isNeeded[at] = 1;
    }
  };
  used.forEach(need);
  for (let at = nodes.length - 1; at >= 0; at--) {
    if (isNeeded[at] === 0) {
      continue;
    }
    for (const name of reads[at] ?? []) {
      if (live[at] !== "constant") {
        used.add(name);
        need(name);
      } else if (scope.get(name)?.isConstant === true) {
        need(name);
      }
    }
  }
  const roles = live.map((role, at) => (isNeeded[at] === 1 ? role : "dead"));
  return { roles, viewOf: viewRoots(nodes, roles), used, reads };
}

function liveRole(node: OnnxNode, model: OnnxModel, scope: Scope): NodeRole {
  const facts = node.outputs
    .filter((name) => name !== "")
    .map((name) => scope.get(name) ?? UNKNOWN);
  if (facts.every((fact) => fact.isConstant)) {
    return "constant";
  }
  const call = callOf(node, scope, model);
  return isView(call, facts[0] ?? UNKNOWN) ? "view" : "operator";
}

function viewRoots(
  nodes: readonly OnnxNode[],
  roles: readonly NodeRole[],
): ReadonlyMap<string, string> {
  const viewOf = new Map<string, string>();
  for (const [at, node] of nodes.entries()) {
    const [source, target] = [node.inputs[0], node.outputs[0]];
    if (roles[at] === "view" && source !== undefined && target !== undefined) {
      viewOf.set(target, viewOf.get(source) ?? source);
    }
  }
  return viewOf;
}
