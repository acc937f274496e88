/**
 * Lowers a model as read to the operators that do work.
 *
 * 1. Normalize: functions inlined, nodes sorted and named.
 * 2. Bind dynamic dims.
 * 3. Infer types, sizes and small constants: our own rules first, then (for what they leave open)
 *    the oracle, then what the model declares.
 * 4. Replace every If whose condition is now known by the branch that runs, and every Loop that is now known to
 *    run once by its body, and infer again.
 * 5. Give each node its role: operator, view, constant, dead.
 * 6. Build the operator graph with the work of every operator.
 *
 * For a device that cannot branch, step 4 is done once more with the sizes that depend on data, as far as the
 * schedule is made for them (`cannotBranch`).
 */
import { invariant } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import type { OperatorGraph } from "../ir/operator-graph.js";
import { verifyGraph } from "../ir/verify-graph.js";
import { type BoundInputs, bindDims } from "./bind-dims.js";
import { buildGraph } from "./build-graph.js";
import type { DataSize, OpenDims } from "./data-sizes.js";
import { isComplete, isStatic, UNKNOWN } from "./infer/fact.js";
import type { Scope } from "./infer/scope.js";
import {
  type Inferred,
  inferModel,
  inferPlanned,
  inferStrictly,
  openTensors,
  type TypeSources,
} from "./infer-model.js";
import { hasBranches, inlineBranches } from "./inline-branches.js";
import { inputNotTensor, type OpenTensor, runNeeded, typesUnknown } from "./lower-failures.js";
import type {
  BoundDim,
  ConstantValue,
  LoweredModel,
  ShapeOracle,
  SizeObserver,
  TensorType,
} from "./lowered-model.js";
import type { OnnxModel } from "./model.js";
import { nodeRoles, type Roles } from "./node-roles.js";
import { normalizeModel } from "./normalize-model.js";
import { MAX_DEPTH } from "./skeleton.js";

/** Options of lowering. */
export interface LowerOptions {
  /** Sizes of dynamic dims, by name or as `TENSOR[AXIS]`. */
  readonly dims: ReadonlyMap<string, number>;
  /** Sizes that replace the defaults of dims that are not in `dims`; absent: none. */
  readonly assumed?: ReadonlyMap<string, number>;
  /** Another shape inference for tensors that ours leaves open. */
  readonly oracle?: ShapeOracle;
  /** Sizes that depend on data, from an earlier run or bounds; absent: none. */
  readonly dataSizes?: readonly DataSize[] | undefined;
  /** Runs the model once where sizes still depend on data; absent: they take bounds. */
  readonly observe?: SizeObserver | undefined;
  /**
   * Whether what runs at the sizes of the schedule takes the place of Ifs and Loops that ask for sizes which
   * depend on data: for devices that cannot branch. Absent: they stay.
   */
  readonly cannotBranch?: boolean | undefined;
}

/** Tensors that a failure names. */
const NAMED_TENSORS = 5;

/**
 * Lowers a model.
 *
 * Fails: `model-invalid` (normalizing), `input-not-tensor`, `dim-unknown`, `dim-conflict`, `dim-invalid`,
 * `shape-impossible`, `tensor-too-large`, `types-unknown`, and as the run where sizes depend on data that
 * have no bounds.
 * Cost: O(nodes + edges) and the elements of small constants, besides the oracle's and the run's.
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
  const sources = { oracle: options.oracle, recorded: options.dataSizes };
  const settled = await settleBranches(normal.value, bound.value, sources);
  if (!settled.ok) {
    return settled;
  }
  const { open, model: inlined } = settled.value;
  const mayDecide = options.cannotBranch === true && hasBranches(inlined);
  return open.length === 0 && !mayDecide
    ? ok(finish(settled.value, bound.value))
    : lowerByData(settled.value, bound.value, options);
}

/**
 * Lowers a model of which sizes depend on data: those that a run has or, without a run, bounds. With
 * `cannotBranch` a model with branches takes one more run for each depth of those that sizes decide.
 */
async function lowerByData(
  settled: Settled,
  bound: BoundInputs,
  options: LowerOptions,
): Promise<Result<LoweredModel>> {
  const { dataSizes: recorded = [], observe } = options;
  const { model, inferred, open } = settled;
  const wanted = open.map(({ name }) => {
    return { name, elementType: inferred.scope.get(name)?.elementType };
  });
  const isBounded = recorded.some(({ source }) => source === "bound");
  const isKnown = isBounded || open.length === 0;
  const ran = isKnown ? undefined : await observe?.(partly(settled, bound), wanted);
  const run = ran?.ok === true ? ran.value : undefined;
  const sources = run === undefined ? { usesBounds: true } : { observed: run };
  const planned = inferPlanned(model, bound, inferred, { recorded, ...sources });
  if (!planned.ok) {
    return planned;
  }
  const { scope, dataSizes } = planned.value;
  const inlined = options.cannotBranch === true ? inlinedBy(scope, model) : undefined;
  const next = inlined && (await settle(inlined, bound, { oracle: options.oracle, recorded }));
  if (next?.ok === true) {
    const shown = [...recorded, ...dataSizes.filter(({ source }) => source === "run")];
    const decided = await lowerByData(next.value, bound, { ...options, dataSizes: shown });
    if (decided.ok) {
      return ok(withDecided(decided.value, model, inlined));
    }
  }
  const final = settledAs(model, planned.value);
  if (final.open.length > 0) {
    const named = final.open.slice(0, NAMED_TENSORS);
    const more = { count: final.open.length, wasRun: run !== undefined };
    return ran?.ok === false
      ? fail([runNeeded(ran.error[0], named[0]), ...ran.error.slice(1)])
      : fail([typesUnknown(model.path, named, more)]);
  }
  const lowered = finish(final, bound);
  return ok(ran?.ok === false ? { ...lowered, unobserved: ran.error[0] } : lowered);
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
 * The model without the Ifs and Loops that are known, one depth of branches after the other. An If
 * stays where its branch has tensors whose types cannot be known, which only matter inside of it.
 */
async function settleBranches(
  model: OnnxModel,
  bound: BoundInputs,
  sources: TypeSources,
): Promise<Result<Settled>> {
  let settled = await settle(model, bound, sources);
  for (let depth = 0; settled.ok && depth <= MAX_DEPTH; depth++) {
    const before = new Set(settled.value.open.map(({ name }) => name));
    const inlined = withoutBranches(settled.value, bound);
    const next = inlined && (await settle(inlined, bound, sources));
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
function withoutBranches({ model, inferred }: Settled, bound: BoundInputs): OnnxModel | undefined {
  // What is known of all sources is no less than what is known of the inputs alone.
  const mayKnow = hasBranches(model) && inlineBranches(model, inferred.scope) !== undefined;
  const strict = mayKnow ? inferStrictly(model, bound) : undefined;
  return strict && inlinedBy(strict, model);
}

/** The model with the branches inlined that `scope` decides; `undefined`: there are none. */
function inlinedBy(scope: Scope, model: OnnxModel): OnnxModel | undefined {
  const inlined = hasBranches(model) ? inlineBranches(model, scope) : undefined;
  const normal = inlined && normalizeModel(inlined);
  return normal?.ok ? normal.value : undefined;
}

/** Adds the Ifs and Loops of `before` that are not in `after`. */
function withDecided(
  lowered: LoweredModel,
  before: OnnxModel,
  after: OnnxModel | undefined,
): LoweredModel {
  const kept = new Set(after?.graph.nodes.map(({ name }) => name));
  const decided = before.graph.nodes.filter(({ name }) => !kept.has(name));
  const names = decided.map(({ name, opType }) => `${opType} "${name}"`);
  return { ...lowered, decidedBySize: [...names, ...(lowered.decidedBySize ?? [])] };
}

async function settle(
  model: OnnxModel,
  bound: BoundInputs,
  sources: TypeSources,
): Promise<Result<Settled>> {
  const inferred = await inferModel(model, bound, sources);
  return inferred.ok ? ok(settledAs(model, inferred.value)) : inferred;
}

function settledAs(model: OnnxModel, inferred: Inferred): Settled {
  const { scope, fixed } = inferred;
  const roles = nodeRoles(model, scope, (name) => isComplete(fixed.get(name) ?? UNKNOWN));
  return { model, inferred, roles, open: openTensors(model, scope, roles) };
}

/** The model with its inputs, before the types of all values are known: what a run needs. */
function partly({ model, inferred }: Settled, bound: BoundInputs): LoweredModel {
  const dead = model.graph.nodes.map(() => "dead" as const);
  const roles = { roles: dead, viewOf: new Map(), used: new Set<string>(), reads: [] };
  return finish({ model, inferred, roles, open: [] }, bound);
}

function finish({ model, inferred, roles }: Settled, bound: BoundInputs): LoweredModel {
  const unknownInside = new Set<string>();
  const guessedLoops = new Set<string>();
  const { scope, bodies, dataSizes } = inferred;
  const graph = buildGraph(model, scope, roles, { model, bodies, unknownInside, guessedLoops });
  const problems = verifyGraph(graph);
  invariant(problems.length === 0, `lowered graph: ${problems[0] ?? ""}`);
  const { types, constants, farConstants, openDims } = typesOf(model, inferred);
  const made = model.graph.nodes.flatMap((node) => node.outputs).filter((name) => types.has(name));
  const oracle = made.filter((name) => inferred.fromOracle.has(name)).length;
  const declared = made.filter((name) => inferred.fromDeclared.has(name)).length;
  const inferredCount = made.length - oracle - declared - dataSizes.length;
  return {
    model,
    graph,
    roles: roles.roles,
    types,
    constants,
    ...(farConstants.size > 0 && { farConstants }),
    viewOf: roles.viewOf,
    openDims,
    dataSizes,
    boundDims: bound.boundDims,
    unknownOperators: [...unknownOperators(graph), ...unknownInside],
    guessedLoops: [...guessedLoops],
    typeSources: { inferred: inferredCount, oracle, declared, data: dataSizes.length },
  };
}

function unknownOperators(graph: OperatorGraph): readonly string[] {
  return graph.operators.filter(({ form }) => form === "unknown").map((operator) => operator.name);
}

function typesOf(model: OnnxModel, { scope, fixed }: Inferred) {
  const types = new Map<string, TensorType>();
  const constants = new Map<string, ConstantValue>();
  const farConstants = new Map<string, readonly number[]>();
  const openDims = new Map<string, OpenDims>();
  const { graph } = model;
  const names = [
    ...graph.inputs.map((input) => input.name),
    ...graph.initializers.map((initializer) => initializer.name),
    ...graph.nodes.flatMap((node) => node.outputs),
  ];
  for (const name of names) {
    const { elementType, dims } = scope.get(name) ?? UNKNOWN;
    if (elementType === undefined || !isStatic(dims)) {
      continue;
    }
    types.set(name, { elementType, dims });
    const inEveryRun = fixed.get(name) ?? UNKNOWN;
    if (!isComplete(inEveryRun)) {
      openDims.set(name, inEveryRun.dims);
    }
    const { values } = inEveryRun;
    const isExact = values?.every(
      (value) => elementType !== "int64" || Number.isSafeInteger(value),
    );
    if (values !== undefined && isExact) {
      constants.set(name, { elementType, dims, values });
    } else if (values !== undefined) {
      farConstants.set(name, values);
    }
  }
  return { types, constants, farConstants, openDims };
}
