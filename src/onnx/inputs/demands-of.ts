/**
 * What a model asks of its inputs, by how it uses them.
 *
 * The nodes are visited from the last to the first, so that everything that is asked of a value is known
 * when the node that makes it is reached. Branches and bodies are visited where their node stands: what
 * they ask of values around them counts there, and what is asked of the node's outputs counts inside.
 */
import { bodiesOf } from "../bodies.js";
import type { OnnxGraph } from "../model.js";
import { type Demand, meet } from "./demand.js";
import { INDEX_USES } from "./index-uses.js";
import { MASK_USES } from "./mask-uses.js";
import { demandsBehind } from "./passes.js";
import { SIZE_USES } from "./size-uses.js";
import { type KnownParts, Surroundings, UseCall, type UseRule } from "./use-call.js";

/** All rules about uses, in the order of the documents. */
export const USE_RULES: readonly UseRule[] = [...INDEX_USES, ...MASK_USES, ...SIZE_USES];

const RULES_OF = new Map<string, UseRule[]>();
for (const rule of USE_RULES) {
  for (const type of rule.types) {
    RULES_OF.set(type, [...(RULES_OF.get(type) ?? []), rule]);
  }
}

type Demands = Map<string, Demand>;

/** Demands on the values of a model, its inputs among them, by name. Cost: linear in the model. */
export function demandsOf(parts: KnownParts): ReadonlyMap<string, Demand> {
  const { graph } = parts.model;
  return visit(graph, new Surroundings(parts, graph), new Map());
}

/** The demands on all values that a graph names, from those on its outputs. */
function visit(graph: OnnxGraph, known: Surroundings, demands: Demands): Demands {
  for (const node of [...graph.nodes].reverse()) {
    const call = new UseCall(node, known);
    for (const rule of RULES_OF.get(call.type) ?? []) {
      add(demands, node.inputs[rule.input], rule.demand(call));
    }
    node.outputs.forEach((name, output) => {
      const demand = demands.get(name);
      const behind = demand === undefined ? [] : demandsBehind(call, demand, output);
      for (const [input, each] of behind) {
        add(demands, node.inputs[input], each);
      }
    });
    for (const body of bodiesOf(node)) {
      visitBody(body, call, known, demands);
    }
  }
  return demands;
}

function visitBody(body: OnnxGraph, call: UseCall, known: Surroundings, demands: Demands): void {
  const inside: Demands = new Map();
  const { inputs, outputs } = pairsOf(call, body);
  for (const [outer, inner] of outputs) {
    add(inside, inner, demands.get(outer));
  }
  visit(body, known.inside(body), inside);
  for (const [outer, inner] of inputs) {
    add(demands, outer, inside.get(inner));
  }
  const own = new Set([
    ...body.inputs.map(({ name }) => name),
    ...body.initializers.map(({ name }) => name),
    ...body.nodes.flatMap((node) => node.outputs),
  ]);
  for (const [name, demand] of inside) {
    if (!own.has(name)) {
      add(demands, name, demand);
    }
  }
}

type Pairs = readonly (readonly [string, string])[];

/**
 * Values of a node and of its body that are each other's, outer name first. Of what a loop carries on
 * only the first round counts: later rounds have what the body makes.
 */
function pairsOf({ node }: UseCall, body: OnnxGraph): { inputs: Pairs; outputs: Pairs } {
  const inner = body.inputs.map(({ name }) => name);
  const made = body.outputs.map(({ name }) => name);
  const pair = (a: readonly string[], b: readonly string[]): Pairs =>
    a.flatMap((name, at) => (b[at] === undefined ? [] : [[name, b[at]] as const]));
  switch (node.opType) {
    case "If":
      return { inputs: [], outputs: pair(node.outputs, made) };
    case "Loop":
      // The number of the round and the condition come first inside; only the condition comes out.
      return {
        inputs: pair(node.inputs.slice(1), inner.slice(1)),
        outputs: pair(node.outputs, made.slice(1)),
      };
    case "Scan":
      return {
        inputs: pair(node.inputs.slice(node.inputs.length - inner.length), inner),
        outputs: pair(node.outputs, made),
      };
    default:
      return { inputs: [], outputs: [] };
  }
}

function add(demands: Demands, name: string | undefined, demand: Demand | undefined): void {
  if (name !== undefined && name !== "" && demand !== undefined) {
    const before = demands.get(name);
    // Nodes come last to first, and of two values the one that is used first counts.
    demands.set(name, before === undefined ? demand : meet(demand, before));
  }
}
