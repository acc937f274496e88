import { fail, ok, type Result } from "../core/result.js";
import { dimExpression } from "./dim-expression.js";
import { evaluateNode } from "./evaluate/evaluate.js";
import { inferControlFlow } from "./infer/control-flow.js";
import {
  countOf,
  dimsOfRank,
  type Fact,
  factBytes,
  isComplete,
  type KnownDims,
  MAX_RANK,
  mergeFacts,
  printFact,
  tensor,
  UNKNOWN,
} from "./infer/fact.js";
import { callOf, type NodeCall } from "./infer/node-call.js";
import { Scope } from "./infer/scope.js";
import { type NodePlace, shapeImpossible, tensorTooLarge } from "./lower-failures.js";
import type { OnnxGraph, OnnxModel, ValueInfo } from "./model.js";
import { readsOf } from "./normalize-model.js";
import { operatorTypeNamed, typeOf } from "./operators/catalog.js";
import { drawsNumbers } from "./random-nodes.js";
import { tensorFact } from "./tensor-values.js";

/** The context of an inference besides the graph. */
export interface InferContext {
  readonly model: OnnxModel;
  /** Sizes of named dims, for declared shapes. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Whether some of the sizes are guesses, which failures mention. */
  readonly hasDefaults: boolean;
  /** Sizes that the user gave for dims of values of the main graph, by axis. */
  readonly givenDims: ReadonlyMap<string, ReadonlyMap<number, number>>;
  /** Types from other sources for values of the main graph that the rules leave open. */
  readonly fallback: ReadonlyMap<string, Fact>;
  /** Whether the types that branches and bodies declare complete what the rules leave open. */
  readonly trustsBodies: boolean;
  /** Filled: the facts of every branch and body. */
  readonly bodies: Map<OnnxGraph, Scope>;
  /** Filled: values of the main graph that were completed from `fallback`. */
  readonly completed: Set<string>;
  /** What holds in every run; absent: whatever is inferred does. Nothing else of the main graph is constant. */
  readonly fixed?: Scope;
  /** Filled: values of the main graph that were completed by bounds; absent: no bounds are taken. */
  readonly bounded?: Set<string>;
  /** Elements of constants that may still be computed: bounds the memory that a model can ask for. */
  readonly budget: { elements: number };
}

/** More than any device holds. */
const MAX_BYTES = 2 ** 43;

/**
 * Types, sizes and small constants of every value of the main graph.
 *
 * Requires: nodes in topological order.
 * Fails: `shape-impossible`, `tensor-too-large` for the first node that cannot be.
 * Cost: O(nodes + edges), plus the elements of small constants.
 */
export function inferGraph(
  graph: OnnxGraph,
  inputs: ReadonlyMap<string, Fact>,
  context: InferContext,
): Result<Scope> {
  const scope = new Scope();
  for (const [name, fact] of inputs) {
    scope.set(name, fact);
    const problem = checkSize({ path: context.model.path, node: name, type: "input" }, name, fact);
    if (problem !== undefined) {
      return fail([problem]);
    }
  }
  return inferNodes(graph, scope, context);
}

function inferNodes(graph: OnnxGraph, scope: Scope, context: InferContext): Result<Scope> {
  for (const initializer of graph.initializers) {
    const { name } = initializer;
    const fact = tensorFact(initializer);
    const place = { path: context.model.path, node: name, type: "initializer" };
    const problem = checkSize(place, name, fact);
    if (problem !== undefined) {
      return fail([problem]);
    }
    scope.set(name, fact);
  }
  const isMain = scope.depth === 0;
  const fallback = isMain ? context.fallback : declaredInside(graph, context);
  for (const node of graph.nodes) {
    const call = callOf(node, scope, context.model);
    noteOutputs(call, { scope, context, fallback, isMain });
    const problem = checkNode(call, scope, context);
    if (problem !== undefined) {
      return fail([problem]);
    }
  }
  return ok(scope);
}

interface Place {
  readonly scope: Scope;
  readonly context: InferContext;
  readonly fallback: ReadonlyMap<string, Fact>;
  readonly isMain: boolean;
}

/**
 * Records the facts of a node's outputs: from its rule, the user, other sources and bounds, in this
 * order. In the main graph no size from another source is beyond its bound.
 */
function noteOutputs(call: NodeCall, { scope, context, fallback, isMain }: Place): void {
  const { fixed } = context;
  const facts = inferNode(call, scope, context);
  const isOpen = isMain && !facts.every(isComplete);
  const bounds = isOpen ? (operatorTypeNamed(typeOf(call.node))?.bound?.(call, facts) ?? []) : [];
  for (const [i, fact] of facts.entries()) {
    const name = call.node.outputs[i] ?? "";
    const bound = bounds[i];
    const known = isMain
      ? completed(call, { name, fact, bound }, context)
      : mergeFacts(fact, isComplete(fact) ? UNKNOWN : (fallback.get(name) ?? UNKNOWN));
    const isConstant = isMain && fixed ? fixed.get(name)?.isConstant === true : known.isConstant;
    scope.set(name, isConstant === known.isConstant ? known : { ...known, isConstant });
  }
}

interface Output {
  readonly name: string;
  /** From the rule. */
  readonly fact: Fact;
  readonly bound: KnownDims | undefined;
}

/** The fact of an output of the main graph. */
function completed(
  call: NodeCall,
  { name, fact, bound }: Output,
  { givenDims, fallback, completed: noted, bounded }: InferContext,
): Fact {
  const places = givenDims.get(name);
  const ranked = fact.dims === undefined ? withRank(fact, fallback.get(name)?.dims) : fact;
  const given = places === undefined ? fact : withGivenDims(call, ranked, places, bound);
  const other = isComplete(given) ? undefined : fallback.get(name);
  if (other !== undefined) {
    noted.add(name);
  }
  const known = other === undefined ? given : mergeFacts(given, within(other, bound));
  if (bounded === undefined || isComplete(known)) {
    return known;
  }
  const whole = mergeFacts(known, tensor(undefined, bound));
  if (isComplete(whole)) {
    bounded.add(name);
  }
  return whole;
}

/** The fact with as many dims as another source has for it. */
function withRank(fact: Fact, dims: KnownDims | undefined): Fact {
  return { ...fact, dims: dimsOfRank(dims?.length) };
}

/** The fact with no size above its bound. */
function within(fact: Fact, bound: KnownDims | undefined): Fact {
  const dims = fact.dims?.map((dim, axis) => {
    const most = bound?.[axis];
    return dim === undefined || most === undefined ? dim : Math.min(dim, most);
  });
  return { ...fact, dims };
}

/**
 * Adds the sizes that the user gave to a fact; refuses the node when it is known to have others, or
 * cannot have as many.
 */
function withGivenDims(
  call: NodeCall,
  fact: Fact,
  places: ReadonlyMap<number, number>,
  bound: KnownDims | undefined,
): Fact {
  const isWhole = [...places.keys()].every((axis) => axis < places.size);
  const dims = fact.dims ?? (isWhole ? dimsOfRank(places.size) : undefined);
  for (const [axis, size] of places) {
    const known = dims?.[axis];
    const most = bound?.[axis];
    if (dims !== undefined && (axis >= dims.length || (known !== undefined && known !== size))) {
      call.refuse(`--dim gives dim ${axis} size ${size}, but the output is ${printFact(fact)}`);
    } else if (most !== undefined && size > most) {
      call.refuse(`--dim gives dim ${axis} size ${size}, but the output has at most ${most} there`);
    }
  }
  return { ...fact, dims: dims?.map((dim, axis) => dim ?? places.get(axis)) };
}

/** One fact for each output of the node. */
function inferNode(call: NodeCall, scope: Scope, context: InferContext): readonly Fact[] {
  const { node } = call;
  const type = operatorTypeNamed(typeOf(node));
  const inferBody = (body: OnnxGraph, inputs: readonly Fact[]) => {
    const inner = new Scope(scope);
    for (const [i, input] of body.inputs.entries()) {
      const declared = context.trustsBodies ? declaredFact(input, context.sizes) : UNKNOWN;
      inner.set(input.name, mergeFacts(inputs[i] ?? UNKNOWN, declared));
    }
    const result = inferNodes(body, inner, context);
    if (!result.ok) {
      call.refuse(result.error[0].message);
      return undefined;
    }
    context.bodies.set(body, inner);
    return body.outputs.map((output) => inner.get(output.name) ?? UNKNOWN);
  };
  const isFlow = type?.form === "control";
  const facts = isFlow
    ? inferControlFlow(call, { depth: scope.depth, inferBody })
    : (type?.infer?.(call) ?? []);
  const reads = isFlow ? [...readsOf(node)] : node.inputs.filter((name) => name !== "");
  const draws = drawsNumbers(node, (name) => scope.get(name)?.values?.[0] === 0);
  const isConstant = reads.every((name) => scope.get(name)?.isConstant === true) && !draws;
  const isAffordable = call.refusal === undefined && context.budget.elements > 0;
  const isEvaluated = isAffordable && !draws;
  const values = isEvaluated ? evaluateNode(type?.evaluate, call, facts) : facts;
  context.budget.elements -= values.reduce((sum, fact) => sum + (fact.values?.length ?? 0), 0);
  return node.outputs.map((_, i) => {
    const fact = values[i] ?? UNKNOWN;
    return isConstant ? { ...fact, isConstant } : fact;
  });
}

function checkNode(call: NodeCall, scope: Scope, context: InferContext) {
  const place: NodePlace = {
    path: context.model.path,
    node: call.node.name,
    type: typeOf(call.node),
  };
  if (call.refusal !== undefined) {
    return shapeImpossible(place, call.refusal, context.hasDefaults);
  }
  for (const name of call.node.outputs) {
    const fact = scope.get(name) ?? UNKNOWN;
    const bad = fact.dims?.find((dim) => dim !== undefined && !(Number.isInteger(dim) && dim >= 0));
    if (bad !== undefined) {
      const reason = `output "${name}" would be ${printFact(fact)}`;
      return shapeImpossible(place, reason, context.hasDefaults);
    }
    const tooLarge = checkSize(place, name, fact);
    if (tooLarge !== undefined) {
      return tooLarge;
    }
  }
  return undefined;
}

function checkSize(place: NodePlace, name: string, fact: Fact) {
  const isTooLarge =
    (countOf(fact.dims) ?? 0) > Number.MAX_SAFE_INTEGER ||
    factBytes(fact) > MAX_BYTES ||
    (fact.dims?.length ?? 0) > MAX_RANK;
  return isTooLarge ? tensorTooLarge(place, name, printFact(fact)) : undefined;
}

/** Types declared by `value_info` and the outputs of a graph, dim names replaced by their sizes. */
export function declaredFacts(
  graph: OnnxGraph,
  sizes: ReadonlyMap<string, number>,
): Map<string, Fact> {
  const facts = new Map<string, Fact>();
  for (const value of [...graph.outputs, ...graph.valueInfo]) {
    const fact = declaredFact(value, sizes);
    facts.set(value.name, mergeFacts(facts.get(value.name) ?? UNKNOWN, fact));
  }
  return facts;
}

function declaredInside(graph: OnnxGraph, { sizes, trustsBodies }: InferContext) {
  return trustsBodies ? declaredFacts(graph, sizes) : new Map<string, Fact>();
}

function declaredFact(value: ValueInfo, sizes: ReadonlyMap<string, number>): Fact {
  return tensor(
    value.elementType,
    value.dims?.map((dim) => (typeof dim === "string" ? sizeNamed(dim, sizes) : dim)),
  );
}

function sizeNamed(name: string, sizes: ReadonlyMap<string, number>): number | undefined {
  return sizes.get(name) ?? dimExpression(name)?.evaluate((term) => sizes.get(term));
}
