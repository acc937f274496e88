/**
 * The types of all values of a model, from several sources.
 *
 * What the rules and the oracle say holds in every run. What the user gives, a run showed, the model
 * declares or a bound allows is what a schedule is made for: a run may differ from it. So there are two
 * scopes, and only the first one decides what is constant.
 */
import { ok, type Result } from "../core/result.js";
import type { BoundInputs } from "./bind-dims.js";
import type { DataSize } from "./data-sizes.js";
import {
  type Fact,
  isComplete,
  isStatic,
  mergeFacts,
  printFact,
  tensor,
  UNKNOWN,
} from "./infer/fact.js";
import type { Scope } from "./infer/scope.js";
import { declaredFacts, type InferContext, inferGraph } from "./infer-graph.js";
import type { OpenTensor } from "./lower-failures.js";
import type { ShapeOracle, TensorType } from "./lowered-model.js";
import type { OnnxGraph, OnnxModel } from "./model.js";
import { nodeRoles, type Roles } from "./node-roles.js";
import { readsOf } from "./normalize-model.js";
import { operatorTypeNamed, typeOf } from "./operators/catalog.js";

/** Where types come from besides the rules. */
export interface TypeSources {
  readonly oracle?: ShapeOracle | undefined;
  /** Sizes that depend on data, from an earlier run or bounds; absent: none. */
  readonly recorded?: readonly DataSize[] | undefined;
}

/** What is known about the values of a model. */
export interface Inferred {
  /** What a schedule is made for. */
  readonly scope: Scope;
  /** What holds in every run. */
  readonly fixed: Scope;
  readonly bodies: ReadonlyMap<OnnxGraph, Scope>;
  /** Answers of the oracle. */
  readonly answers: ReadonlyMap<string, Fact>;
  /** Values completed by the oracle or by declarations. */
  readonly fromOracle: ReadonlySet<string>;
  readonly fromDeclared: ReadonlySet<string>;
  /** Values completed by a run or by bounds, in the order of the nodes. */
  readonly dataSizes: readonly DataSize[];
}

/** Elements of constants that are computed at most: far more than shapes need, 160 MB of numbers. */
const MAX_EVALUATED = 20_000_000;

/**
 * Infers once by rules alone and, when something stays open, again with types from other sources.
 *
 * Fails: as `inferGraph`. Cost: O(nodes + edges) and the elements of small constants, up to three times,
 * besides the oracle's.
 */
export async function inferModel(
  model: OnnxModel,
  bound: BoundInputs,
  { oracle, recorded = [] }: TypeSources,
): Promise<Result<Inferred>> {
  const strict = withoutGivenTypes(bound);
  const first = inferOnce(model, strict, {});
  if (!first.ok) {
    return first;
  }
  const open = openTensors(model, first.value.scope, nodeRoles(model, first.value.scope));
  const isWorthAsking = open.length > 0 && !followsFromData(model, first.value.scope);
  const answers = isWorthAsking ? await askOracle(model, bound, oracle, open) : NONE;
  const fixed = answers.size === 0 ? first : inferOnce(model, strict, { fallback: answers });
  if (!fixed.ok) {
    return fixed;
  }
  return inferPlanned(model, bound, { answers, fixed: fixed.value.scope }, { recorded });
}

/** Sizes that depend on data, by tensor. */
export interface DataSources {
  readonly recorded: readonly DataSize[];
  /** Types that a run showed; absent: there was none. */
  readonly observed?: ReadonlyMap<string, TensorType>;
  /** Whether what is still open takes bounds. */
  readonly usesBounds?: boolean;
}

/**
 * Infers what a schedule is made for: with sizes from the user, of a run, declared in the model, and bounds.
 *
 * Fails: as `inferGraph`.
 */
export function inferPlanned(
  model: OnnxModel,
  bound: BoundInputs,
  known: Pick<Inferred, "answers" | "fixed">,
  { recorded, observed = NO_TYPES, usesBounds = false }: DataSources,
): Result<Inferred> {
  const { answers, fixed } = known;
  // Bounds follow from the model: they are taken from it again.
  const shown = recorded.filter(({ source }) => source === "run");
  const isShown = new Set([...observed.keys(), ...shown.map(({ tensor: name }) => name)]);
  const fallback = joined([
    answers,
    new Map(shown.map((size) => [size.tensor, tensor(size.elementType, size.dims)])),
    new Map([...observed].map(([name, type]) => [name, tensor(type.elementType, type.dims)])),
    declaredFacts(model.graph, bound.sizes),
  ]);
  const bounded = new Set<string>();
  const more = usesBounds ? { fallback, fixed, bounded } : { fallback, fixed };
  const planned = inferOnce(model, bound, more);
  if (!planned.ok) {
    return planned;
  }
  const { scope, bodies, completed } = planned.value;
  const made = model.graph.nodes.flatMap(({ outputs }) => outputs);
  const isAnswered = (name: string): boolean => isComplete(answers.get(name) ?? UNKNOWN);
  const dataSizes = made.flatMap((name): DataSize[] => {
    const source = bounded.has(name) ? "bound" : "run";
    const { elementType, dims } = scope.get(name) ?? UNKNOWN;
    const isRoot =
      bounded.has(name) || (completed.has(name) && isShown.has(name) && !isAnswered(name));
    return isRoot && elementType !== undefined && isStatic(dims)
      ? [{ tensor: name, elementType, dims, source }]
      : [];
  });
  const fromData = new Set(dataSizes.map((size) => size.tensor));
  const others = [...completed].filter((name) => !fromData.has(name));
  return ok({
    ...known,
    scope,
    bodies,
    fromOracle: new Set(others.filter((name) => answers.has(name))),
    fromDeclared: new Set(others.filter((name) => !answers.has(name))),
    dataSizes,
  });
}

const NONE: ReadonlyMap<string, Fact> = new Map();
const NO_TYPES: ReadonlyMap<string, TensorType> = new Map();

/** The facts of several sources, the first ones first. */
function joined(sources: readonly ReadonlyMap<string, Fact>[]): ReadonlyMap<string, Fact> {
  const facts = new Map<string, Fact>();
  for (const source of sources) {
    for (const [name, fact] of source) {
      facts.set(name, mergeFacts(facts.get(name) ?? UNKNOWN, fact));
    }
  }
  return facts;
}

/**
 * The facts that follow from the inputs alone: sizes that the user gives for other tensors, declared
 * or observed ones may differ in a run.
 */
export function inferStrictly(model: OnnxModel, bound: BoundInputs): Scope | undefined {
  const strict = inferOnce(model, withoutGivenTypes(bound), { trustsBodies: false });
  return strict.ok ? strict.value.scope : undefined;
}

function withoutGivenTypes(bound: BoundInputs): BoundInputs {
  return { ...bound, tensorDims: new Map() };
}

type Knowledge = Partial<Pick<InferContext, "fallback" | "trustsBodies" | "fixed" | "bounded">>;

function inferOnce(model: OnnxModel, bound: BoundInputs, knowledge: Knowledge) {
  const bodies = new Map<OnnxGraph, Scope>();
  const completed = new Set<string>();
  const context: InferContext = {
    fallback: NONE,
    trustsBodies: true,
    ...knowledge,
    model,
    sizes: bound.sizes,
    givenDims: bound.tensorDims,
    hasDefaults: bound.boundDims.some((dim) => dim.source !== "option"),
    bodies,
    completed,
    budget: { elements: MAX_EVALUATED },
  };
  const scope = inferGraph(model.graph, bound.inputs, context);
  return scope.ok ? ok({ scope: scope.value, bodies, completed }) : scope;
}

/**
 * Whether all that is open follows from operators whose sizes values decide: another inference knows no more
 * than ours then, which knows the types and ranks. A value of unknown rank is worth asking for anywhere.
 */
function followsFromData({ graph }: OnnxModel, scope: Scope): boolean {
  const byData = new Set<string>();
  return graph.nodes.every((node) => {
    const made = node.outputs.filter((name) => name !== "");
    const facts = made.map((name) => scope.get(name) ?? UNKNOWN);
    const isByData =
      operatorTypeNamed(typeOf(node))?.isSizedByData === true ||
      [...readsOf(node)].some((name) => byData.has(name));
    for (const [i, { values }] of isByData ? facts.entries() : []) {
      if (values === undefined) {
        byData.add(made[i] ?? "");
      }
    }
    return facts.every((fact) => isComplete(fact) || (isByData && fact.dims !== undefined));
  });
}

async function askOracle(
  model: OnnxModel,
  bound: BoundInputs,
  oracle: ShapeOracle | undefined,
  open: readonly { readonly name: string }[],
): Promise<ReadonlyMap<string, Fact>> {
  const inputs = new Map<string, TensorType>();
  for (const [name, { elementType, dims }] of bound.inputs) {
    if (elementType !== undefined && isStatic(dims)) {
      inputs.set(name, { elementType, dims });
    }
  }
  if (oracle === undefined || inputs.size < bound.inputs.size) {
    return NONE;
  }
  const doubtful = misjudged(model, open);
  const asked = open.map(({ name }) => name).filter((name) => !doubtful.has(name));
  const answers = asked.length === 0 ? NO_TYPES : await oracle(model, inputs, asked);
  return new Map([...answers].map(([name, type]) => [name, tensor(type.elementType, type.dims)]));
}

/** Open values of which the oracle is known to say other sizes than a run has, and all that follow from them. */
function misjudged(
  model: OnnxModel,
  open: readonly { readonly name: string }[],
): ReadonlySet<string> {
  const isOpen = new Set(open.map(({ name }) => name));
  const doubtful = new Set<string>();
  for (const node of model.graph.nodes) {
    const isCause = operatorTypeNamed(typeOf(node))?.isMisjudged === true;
    if (isCause || (doubtful.size > 0 && [...readsOf(node)].some((name) => doubtful.has(name)))) {
      for (const name of node.outputs.filter((output) => isOpen.has(output))) {
        doubtful.add(name);
      }
    }
  }
  return doubtful;
}

/**
 * Tensors without a complete type that operators or views read or write, and outputs of the model that are
 * constants of unknown sizes, in the order of the nodes.
 */
export function openTensors(
  model: OnnxModel,
  scope: Scope,
  { roles, used }: Roles,
): readonly OpenTensor[] {
  const open: OpenTensor[] = [];
  const given = new Set(model.graph.outputs.map(({ name }) => name));
  const check = (name: string, node: string) => {
    const fact = scope.get(name) ?? UNKNOWN;
    const isNeeded = given.has(name) || (used.has(name) && !fact.isConstant);
    if (isNeeded && !isComplete(fact)) {
      const isTyped = fact.elementType !== undefined && fact.dims !== undefined;
      open.push({ name, type: printFact(fact), isTyped, node });
    }
  };
  for (const input of model.graph.inputs) {
    check(input.name, "input");
  }
  for (const [at, node] of model.graph.nodes.entries()) {
    if (roles[at] !== "dead") {
      for (const name of node.outputs) {
        check(name, `made by ${typeOf(node)} "${node.name}"`);
      }
    }
  }
  return open;
}
