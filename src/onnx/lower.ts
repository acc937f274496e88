/**
 * Lowers a model as read to the operators that do work.
 *
 * 1. Normalize: functions inlined, nodes sorted and named.
 * 2. Bind dynamic dims.
 * 3. Infer types, sizes and small constants: our own rules first, then (for what they leave open)
 *    the oracle, then what the model declares.
 * 4. Replace every If whose condition is now known by the branch that runs, and infer again.
 * 5. Give each node its role: operator, view, constant, dead.
 * 6. Build the operator graph with the work of every operator.
 */
import { invariant } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import type { OperatorGraph } from "../ir/operator-graph.js";
import { verifyGraph } from "../ir/verify-graph.js";
import { type BoundInputs, bindDims } from "./bind-dims.js";
import { buildGraph } from "./build-graph.js";
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
import { declaredFacts, inferGraph } from "./infer-graph.js";
import { hasBranches, inlineBranches } from "./inline-branches.js";
import { inputNotTensor, type OpenTensor, typesUnknown } from "./lower-failures.js";
import type {
  BoundDim,
  ConstantValue,
  LoweredModel,
  ShapeOracle,
  TensorType,
} from "./lowered-model.js";
import type { OnnxGraph, OnnxModel } from "./model.js";
import { nodeRoles, type Roles } from "./node-roles.js";
import { normalizeModel } from "./normalize-model.js";
import { typeOf } from "./operators/catalog.js";
import { MAX_DEPTH } from "./skeleton.js";

/** Options of lowering. */
export interface LowerOptions {
  /** Sizes of dynamic dims, by name or as `TENSOR[AXIS]`. */
  readonly dims: ReadonlyMap<string, number>;
  /** Sizes that replace the defaults of dims that are not in `dims`; absent: none. */
  readonly assumed?: ReadonlyMap<string, number>;
  /** Another shape inference for tensors that ours leaves open. */
  readonly oracle?: ShapeOracle;
}

/** Elements of constants that are computed at most: far more than shapes need, 160 MB of numbers. */
const MAX_EVALUATED = 20_000_000;

/** Tensors that a failure names. */
const NAMED_TENSORS = 5;

/**
 * Lowers a model.
 *
 * Fails: `model-invalid` (normalizing), `input-not-tensor`, `dim-unknown`, `dim-conflict`, `dim-invalid`,
 * `shape-impossible`, `tensor-too-large`, `types-unknown`.
 * Cost: O(nodes + edges) and the elements of small constants, besides the oracle's.
 */
export async function lowerModel(
  model: OnnxModel,
  options: LowerOptions,
): Promise<Result<LoweredModel>> {
  const normal = normalizeModel(model);
  if (!normal.ok) {
    return normal;
  }
  const odd = normal.value.graph.inputs.find(({ other }) => other !== undefined);
  if (odd !== undefined) {
    return fail([inputNotTensor(model.path, odd.name, odd.other ?? "")]);
  }
  const bound = bindDims(normal.value, options.dims, options.assumed);
  if (!bound.ok) {
    return bound;
  }
  const settled = await settleBranches(normal.value, bound.value, options.oracle);
  if (!settled.ok) {
    return settled;
  }
  const { inferred, roles, open } = settled.value;
  if (open.length > 0) {
    return fail([typesUnknown(model.path, open.slice(0, NAMED_TENSORS), open.length)]);
  }
  return ok(finish(settled.value.model, bound.value, inferred, roles));
}

/**
 * The dynamic dims of a model and their sizes, without inferring anything.
 *
 * Fails: as `lowerModel` does for the model and its dims.
 */
export function boundDimsOf(
  model: OnnxModel,
  dims: ReadonlyMap<string, number>,
): Result<readonly BoundDim[]> {
  const normal = normalizeModel(model);
  const bound = normal.ok ? bindDims(normal.value, dims) : normal;
  return bound.ok ? ok(bound.value.boundDims) : bound;
}

/** A model, its facts and roles, and what stays open. */
interface Settled {
  readonly model: OnnxModel;
  readonly inferred: Inferred;
  readonly roles: Roles;
  readonly open: readonly OpenTensor[];
}

/**
 * The model without the Ifs whose conditions are known, one depth of branches after the other. An If
 * stays where its branch has tensors whose types cannot be known, which only matter inside of it.
 */
async function settleBranches(
  model: OnnxModel,
  bound: BoundInputs,
  oracle: ShapeOracle | undefined,
): Promise<Result<Settled>> {
  let settled = await settle(model, bound, oracle);
  for (let depth = 0; settled.ok && depth <= MAX_DEPTH; depth++) {
    const before = new Set(settled.value.open.map(({ name }) => name));
    const inlined = withoutBranches(settled.value.model, bound);
    const next = inlined && (await settle(inlined, bound, oracle));
    if (!next?.ok || next.value.open.some(({ name }) => !before.has(name))) {
      return settled;
    }
    settled = next;
  }
  return settled;
}

/**
 * The model with known branches inlined; `undefined`: there are none. What a condition rests on is
 * inferred from the inputs alone: types that are declared, observed or asked for may differ in a run.
 */
function withoutBranches(model: OnnxModel, bound: BoundInputs): OnnxModel | undefined {
  if (!hasBranches(model)) {
    return undefined;
  }
  const strict = inferOnce(model, { ...bound, tensorDims: new Map() }, new Map(), false);
  const inlined = strict.ok ? inlineBranches(model, strict.value.scope) : undefined;
  const normal = inlined && normalizeModel(inlined);
  return normal?.ok ? normal.value : undefined;
}

async function settle(
  model: OnnxModel,
  bound: BoundInputs,
  oracle: ShapeOracle | undefined,
): Promise<Result<Settled>> {
  const inferred = await inferAll(model, bound, oracle);
  if (!inferred.ok) {
    return inferred;
  }
  const roles = nodeRoles(model, inferred.value.scope);
  const open = openTensors(model, inferred.value.scope, roles);
  return ok({ model, inferred: inferred.value, roles, open });
}

interface Inferred {
  readonly scope: Scope;
  readonly bodies: ReadonlyMap<OnnxGraph, Scope>;
  /** Values completed by the oracle or by declarations. */
  readonly fromOracle: ReadonlySet<string>;
  readonly fromDeclared: ReadonlySet<string>;
}

/**
 * Infers once by rules alone and, when something stays open, again with types from other sources.
 */
async function inferAll(
  model: OnnxModel,
  bound: BoundInputs,
  oracle: ShapeOracle | undefined,
): Promise<Result<Inferred>> {
  const first = inferOnce(model, bound, new Map());
  if (!first.ok) {
    return first;
  }
  const open = openTensors(model, first.value.scope, nodeRoles(model, first.value.scope));
  if (open.length === 0) {
    return ok({ ...first.value, fromOracle: new Set(), fromDeclared: new Set() });
  }
  const answers = await askOracle(model, bound, oracle, open);
  const declared = declaredFacts(model.graph, bound.sizes);
  const fallback = new Map<string, Fact>();
  for (const name of [...answers.keys(), ...declared.keys()]) {
    fallback.set(name, mergeFacts(answers.get(name) ?? UNKNOWN, declared.get(name) ?? UNKNOWN));
  }
  const second = inferOnce(model, bound, fallback);
  if (!second.ok) {
    return second;
  }
  const completed = [...second.value.completed];
  return ok({
    ...second.value,
    fromOracle: new Set(completed.filter((name) => answers.has(name))),
    fromDeclared: new Set(completed.filter((name) => !answers.has(name))),
  });
}

function inferOnce(
  model: OnnxModel,
  bound: BoundInputs,
  fallback: ReadonlyMap<string, Fact>,
  trustsBodies = true,
) {
  const bodies = new Map<OnnxGraph, Scope>();
  const completed = new Set<string>();
  const hasDefaults = bound.boundDims.some((dim) => dim.source !== "option");
  const budget = { elements: MAX_EVALUATED };
  const context = {
    model,
    sizes: bound.sizes,
    givenDims: bound.tensorDims,
    hasDefaults,
    fallback,
    trustsBodies,
    bodies,
    completed,
    budget,
  };
  const scope = inferGraph(model.graph, bound.inputs, context);
  return scope.ok ? ok({ scope: scope.value, bodies, completed }) : scope;
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
    return new Map();
  }
  const answers = await oracle(
    model,
    inputs,
    open.map(({ name }) => name),
  );
  return new Map([...answers].map(([name, type]) => [name, tensor(type.elementType, type.dims)]));
}

/**
 * Tensors without a complete type that operators or views read or write, in the order of the nodes.
 */
function openTensors(
  model: OnnxModel,
  scope: Scope,
  { roles, used }: Roles,
): readonly OpenTensor[] {
  const open: OpenTensor[] = [];
  const check = (name: string, node: string) => {
    const fact = scope.get(name) ?? UNKNOWN;
    if (used.has(name) && !fact.isConstant && !isComplete(fact)) {
      const isTyped = fact.elementType !== undefined && fact.dims !== undefined;
      open.push({ name, type: printFact(fact), isTyped, node });
    }
  };
  for (const input of model.graph.inputs) {
    check(input.name, "input");
  }
  for (const [at, node] of model.graph.nodes.entries()) {
    if (roles[at] === "operator" || roles[at] === "view") {
      for (const name of node.outputs) {
        check(name, `made by ${typeOf(node)} "${node.name}"`);
      }
    }
  }
  return open;
}

function finish(
  model: OnnxModel,
  bound: BoundInputs,
  inferred: Inferred,
  roles: Roles,
): LoweredModel {
  const unknownInside = new Set<string>();
  const guessedLoops = new Set<string>();
  const { scope, bodies } = inferred;
  const graph = buildGraph(model, scope, roles, { model, bodies, unknownInside, guessedLoops });
  const problems = verifyGraph(graph);
  invariant(problems.length === 0, `lowered graph: ${problems[0] ?? ""}`);
  const { types, constants } = typesOf(model, scope);
  const made = model.graph.nodes.flatMap((node) => node.outputs).filter((name) => types.has(name));
  const oracle = made.filter((name) => inferred.fromOracle.has(name)).length;
  const declared = made.filter((name) => inferred.fromDeclared.has(name)).length;
  return {
    model,
    graph,
    roles: roles.roles,
    types,
    constants,
    viewOf: roles.viewOf,
    boundDims: bound.boundDims,
    unknownOperators: [...unknownOperators(graph), ...unknownInside],
    guessedLoops: [...guessedLoops],
    typeSources: { inferred: made.length - oracle - declared, oracle, declared },
  };
}

function unknownOperators(graph: OperatorGraph): readonly string[] {
  return graph.operators.filter(({ form }) => form === "unknown").map((operator) => operator.name);
}

function typesOf(model: OnnxModel, scope: Scope) {
  const types = new Map<string, TensorType>();
  const constants = new Map<string, ConstantValue>();
  const { graph } = model;
  const names = [
    ...graph.inputs.map((input) => input.name),
    ...graph.initializers.map((initializer) => initializer.name),
    ...graph.nodes.flatMap((node) => node.outputs),
  ];
  for (const name of names) {
    const { elementType, dims, values } = scope.get(name) ?? UNKNOWN;
    if (elementType === undefined || !isStatic(dims)) {
      continue;
    }
    types.set(name, { elementType, dims });
    const isExact = values?.every(
      (value) => elementType !== "int64" || Number.isSafeInteger(value),
    );
    if (values !== undefined && isExact) {
      constants.set(name, { elementType, dims, values });
    }
  }
  return { types, constants };
}
