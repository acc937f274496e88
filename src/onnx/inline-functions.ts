/**
 * Model-local functions become the nodes of their bodies.
 *
 * A call `y = F(x)` named `n` is replaced by F's body with every inner value renamed to `n/value`,
 * formal inputs and outputs by the actual ones, and attribute references by the call's attributes
 * or F's defaults (an attribute that neither has is left out). Bodies of control flow inside F are
 * rewritten in the same way, and calls in branches and bodies are replaced there. Where `n/value`
 * is taken (calls of one name), the prefix gets a number. Bodies may call functions again; work
 * continues until none is left, and a chain of calls deeper than the number of functions is a
 * recursion, which ONNX forbids.
 *
 * The rewriting is done on the encoded nodes, which then are decoded again: there is one
 * representation, and fields that this program does not know are kept.
 *
 * Source: ONNX IR specification, Functions.
 */
import { fail, ok, type Result } from "../core/result.js";
import { bodiesOf } from "./bodies.js";
import { Budget, MemorySource } from "./byte-source.js";
import { decodeNode, MAX_NODES } from "./decode-node.js";
import { modelInvalid } from "./failures.js";
import type { OnnxFunction, OnnxGraph, OnnxModel, OnnxNode } from "./model.js";
import { isUnchanged } from "./operators/operator-versions.js";
import {
  concatenate,
  mapBodyNodes,
  payloadOf,
  rawFields,
  rewriteNode,
  textField,
  textOf,
} from "./rewrite-node.js";
import { WireError } from "./wire-error.js";

const NODE = { input: 1, output: 2, name: 3, type: 4, attribute: 5, overload: 8 } as const;
const FUNCTION = { attributeDefault: 11 } as const;
const ATTRIBUTE = { name: 1 } as const;

/** Small models can describe exponentially many nodes. */
const MAX_EXPANDED_BYTES = 256 * 2 ** 20;

/**
 * Returns the model without functions; uncalled ones are dropped.
 *
 * Fails: `model-invalid` for recursion, for bodies that explode, and for a body that needs another
 * version of an operator set than the model and has operators that changed in between. Cost: linear in the expanded nodes.
 */
export function inlineFunctions(model: OnnxModel): Result<OnnxModel> {
  if (model.functions.length === 0) {
    return ok(model);
  }
  try {
    return new Inliner(model).run();
  } catch (error) {
    if (error instanceof WireError) {
      return fail([modelInvalid(model.path, "functions", `expanded, ${error.message}`)]);
    }
    throw error;
  }
}

interface Pending {
  readonly node: OnnxNode;
  readonly depth: number;
}

class Inliner {
  readonly #model: OnnxModel;
  readonly #functions: ReadonlyMap<string, OnnxFunction>;
  readonly #opsets: Map<string, number>;
  readonly #taken = new Set<string>();
  readonly #budget = new Budget(MAX_EXPANDED_BYTES);
  #problem: { readonly where: string; readonly what: string } | undefined;

  constructor(model: OnnxModel) {
    const { graph } = model;
    this.#model = model;
    this.#opsets = new Map(model.opsets);
    this.#functions = new Map(
      model.functions.map((body) => [keyOf(body.domain, body.name, body.overload), body]),
    );
    this.#take(graph);
  }

  /** Records the names of a graph and of the bodies in it. */
  #take(graph: OnnxGraph): void {
    for (const { name } of [...graph.inputs, ...graph.initializers]) {
      this.#taken.add(name);
    }
    for (const node of graph.nodes) {
      for (const name of node.outputs) {
        this.#taken.add(name);
      }
      for (const body of bodiesOf(node)) {
        this.#take(body);
      }
    }
  }

  run(): Result<OnnxModel> {
    const nodes = this.#inlined(this.#model.graph.nodes, 0);
    if (this.#problem !== undefined) {
      return fail([modelInvalid(this.#model.path, this.#problem.where, this.#problem.what)]);
    }
    const graph = { ...this.#model.graph, nodes };
    return ok({ ...this.#model, opsets: this.#opsets, functions: [], graph });
  }

  /** The nodes without calls; fewer, and a problem recorded, when one cannot be inlined. */
  #inlined(calls: readonly OnnxNode[], callDepth: number): OnnxNode[] {
    const nodes: OnnxNode[] = [];
    /** Last first. */
    const pending: Pending[] = calls.map((node) => ({ node, depth: callDepth })).reverse();
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const { node, depth } = next;
      const body = this.#functionOf(node);
      if (body === undefined) {
        nodes.push(this.#withInlinedBodies(node, depth));
        continue;
      }
      const what = misfit(body, node) ?? this.#refuse(body, depth, nodes.length + pending.length);
      if (what !== undefined) {
        this.#problem ??= { where: `function "${body.name}"`, what };
        return nodes;
      }
      for (const inner of this.#expand(body, node).reverse()) {
        pending.push({ node: inner, depth: depth + 1 });
      }
    }
    return nodes;
  }

  /** The node with the calls in its branches or body inlined there. */
  #withInlinedBodies(node: OnnxNode, depth: number): OnnxNode {
    if (!this.#callsInside(node)) {
      return node;
    }
    const raw = mapBodyNodes(node.raw, (inner) =>
      this.#inlined([this.#decode(inner)], depth).map((each) => each.raw),
    );
    return this.#decode(raw);
  }

  #callsInside(node: OnnxNode): boolean {
    return bodiesOf(node).some((body) =>
      body.nodes.some((inner) => this.#functionOf(inner) !== undefined || this.#callsInside(inner)),
    );
  }

  #functionOf(node: OnnxNode): OnnxFunction | undefined {
    return this.#functions.get(keyOf(node.domain, node.opType, overloadOf(node)));
  }

  #refuse(body: OnnxFunction, depth: number, nodes: number): string | undefined {
    if (depth > this.#model.functions.length) {
      return "calls itself";
    }
    if (nodes > MAX_NODES) {
      return `functions expand to more than ${MAX_NODES} nodes`;
    }
    for (const [domain, version] of body.opsets) {
      const known = this.#opsets.get(domain);
      if (known === undefined) {
        this.#opsets.set(domain, version);
      } else if (known !== version && !allUnchanged(body.nodes, domain, [version, known])) {
        const set = domain === "" ? "the default operator set" : `operator set "${domain}"`;
        return `needs version ${version} of ${set}, the model has ${known}`;
      }
    }
    return undefined;
  }

  #expand(body: OnnxFunction, call: OnnxNode): OnnxNode[] {
    const prefix = this.#prefixFor(body, call);
    const names = new Map<string, string>();
    body.outputs.forEach((formal, i) => {
      names.set(formal, call.outputs[i] || `${prefix}${formal}`);
    });
    body.inputs.forEach((formal, i) => {
      names.set(formal, call.inputs[i] ?? "");
    });
    const value = (name: string): string => names.get(name) ?? `${prefix}${name}`;
    const given = encodedAttributes(call.raw, NODE.attribute);
    const defaults = encodedAttributes(body.raw, FUNCTION.attributeDefault);
    const attribute = (reference: string, name: string): Uint8Array | undefined => {
      const encoded = given.get(reference) ?? defaults.get(reference);
      return encoded === undefined ? undefined : renamedAttribute(encoded, name);
    };
    const inner = body.nodes.map((node, i) => {
      const raw = rewriteNode(node.raw, { value, attribute });
      return this.#named(raw, `${prefix}${node.name || `${node.opType}_${i}`}`);
    });
    return [...inner, ...this.#passedOn(body, call, prefix)];
  }

  /** Inputs that the function returns unchanged. */
  #passedOn(body: OnnxFunction, call: OnnxNode, prefix: string): OnnxNode[] {
    return body.outputs.flatMap((formal, i) => {
      const from = body.inputs.indexOf(formal);
      const to = call.outputs[i] ?? "";
      if (from < 0 || to === "") {
        return [];
      }
      const raw = concatenate([
        textField(NODE.input, call.inputs[from] ?? ""),
        textField(NODE.output, to),
        textField(NODE.type, "Identity"),
      ]);
      return [this.#named(raw, `${prefix}${formal}_passed_on`)];
    });
  }

  #named(body: Uint8Array, name: string): OnnxNode {
    const kept = rawFields(body).filter(({ number }) => number !== NODE.name);
    return this.#decode(
      concatenate([textField(NODE.name, name), ...kept.map(({ bytes }) => bytes)]),
    );
  }

  #decode(raw: Uint8Array): OnnxNode {
    this.#budget.take(raw.length, 0);
    return decodeNode(new MemorySource(raw, this.#budget), { offset: 0, bytes: raw.length }, 0);
  }

  /** A prefix that gives no value of the body a name in use. */
  #prefixFor(body: OnnxFunction, call: OnnxNode): string {
    const base = call.name === "" ? body.name : call.name;
    const made = [...body.nodes.flatMap((node) => node.outputs), ...body.outputs];
    for (let count = 0; ; count++) {
      const prefix = count === 0 ? `${base}/` : `${base}_${count}/`;
      const isFree = !this.#taken.has(prefix) && made.every((m) => !this.#taken.has(prefix + m));
      if (isFree) {
        this.#taken.add(prefix);
        for (const name of made) {
          this.#taken.add(prefix + name);
        }
        return prefix;
      }
    }
  }
}

/** Whether all operators of a domain, in bodies too, mean the same in two versions of its operator set. */
function allUnchanged(
  nodes: readonly OnnxNode[],
  domain: string,
  [asked, known]: readonly [number, number],
): boolean {
  return nodes.every(
    (node) =>
      (node.domain !== domain || (domain === "" && isUnchanged(node.opType, asked, known))) &&
      bodiesOf(node).every((body) => allUnchanged(body.nodes, domain, [asked, known])),
  );
}

function keyOf(domain: string, name: string, overload: string): string {
  return JSON.stringify([domain === "ai.onnx" ? "" : domain, name, overload]);
}

function overloadOf(node: OnnxNode): string {
  const field = rawFields(node.raw).findLast(({ number }) => number === NODE.overload);
  return field === undefined ? "" : textOf(field);
}

/** Encoded AttributeProtos of a message by their names. */
function encodedAttributes(raw: Uint8Array, number: number): Map<string, Uint8Array> {
  const result = new Map<string, Uint8Array>();
  for (const field of rawFields(raw)) {
    if (field.number === number) {
      const name = rawFields(payloadOf(field)).find((part) => part.number === ATTRIBUTE.name);
      if (name !== undefined) {
        result.set(textOf(name), payloadOf(field));
      }
    }
  }
  return result;
}

function renamedAttribute(message: Uint8Array, name: string): Uint8Array {
  const rest = rawFields(message).filter(({ number }) => number !== ATTRIBUTE.name);
  return concatenate([textField(ATTRIBUTE.name, name), ...rest.map(({ bytes }) => bytes)]);
}

/** Why a call does not fit the function that it names; `undefined`: it does, with whatever it leaves out. */
function misfit(body: OnnxFunction, call: OnnxNode): string | undefined {
  for (const side of ["inputs", "outputs"] as const) {
    if (call[side].length > body[side].length) {
      const caller = call.name === "" ? "a call without a name" : `node "${call.name}"`;
      return `has fewer ${side} (${body[side].length}) than ${caller} has (${call[side].length})`;
    }
  }
  return undefined;
}
