/**
 * Which operators of a model the parts of an import are of.
 *
 * A part of several operators is one kernel, or one group of them: its time is that of the first operator that it
 * names, and the others are fused with that one and take none of their own. An operator that no part
 * names was computed with its neighbor or left out: it takes no time either, and stays with the operator
 * that it reads from. That is no answer for a matrix product or a convolution, which is refused.
 *
 * On a GPU the kernel of Conv + Add + Relu needs the other addend, and what reads the Relu waits for it. So it is
 * launched by the operator that all of the part ends in, if there is one.
 */
import { fail, ok, type Result } from "../../core/result.js";
import { importMalformed } from "../../import/failures.js";
import type { OperatorGraph, OperatorId } from "../../ir/operator-graph.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import { alignByOrder, MOST_PAIRS } from "./align-by-order.js";
import { importCoverageLow, importOperatorsMissing } from "./failures.js";
import type { ImportedPart, ImportedSource } from "./imported-part.js";
import { type NodeNames, nodeNamesOf } from "./node-names.js";

/** Least share of the recorded time that must belong to nodes of the model. */
export const LEAST_COVERAGE = 0.95;

/** Operators of each kernel of ONNX Runtime, by the kernel's name: from its optimized model. */
export type KernelOperators = ReadonlyMap<string, readonly OperatorId[]>;

/** How to match. */
export interface MatchOptions {
  /** The file that was read, for messages. */
  readonly path: string;
  /** By type, size and order instead of names. */
  readonly byOrder: boolean;
  /** Known from the optimized model; absent: by names alone. */
  readonly kernelOperators?: KernelOperators;
}

/** Parts by operator. */
export interface MatchedParts {
  /** The parts whose time an operator has, by its id. */
  readonly partsOf: ReadonlyMap<OperatorId, readonly ImportedPart[]>;
  /** By operator: the first of those that are computed with it; itself where none is. */
  readonly first: Int32Array;
  /** By operator with parts: the one that the kernels of these wait with, and whose readers wait for them. */
  readonly launcherOf: ReadonlyMap<OperatorId, OperatorId>;
  /** Share of the recorded time that belongs to nodes of the model. */
  readonly coverage: number;
  /** Operators that no part names. */
  readonly unnamed: number;
  /** Labels of the parts that no node was found for, the largest first, and their time. */
  readonly unmatched: readonly { readonly label: string; readonly ns: number }[];
}

/** Fails: `import-coverage-low`, `import-operators-missing`, `import-malformed` for more parts than can be matched by order. */
export function matchParts(
  lowered: LoweredModel,
  source: ImportedSource,
  options: MatchOptions,
): Result<MatchedParts> {
  const { path, byOrder } = options;
  const { graph } = lowered;
  if (byOrder && (source.parts.length + 1) * (graph.operators.length + 1) > MOST_PAIRS) {
    const message = `has ${source.parts.length} operators, too many to match by order`;
    return fail([importMalformed(path, "", message)]);
  }
  const operatorsOf = byOrder
    ? alignByOrder(source.parts, lowered).map((id) => (id === undefined ? undefined : [id]))
    : withMain(
        graph,
        source.parts,
        byName(source.parts, nodeNamesOf(lowered), options.kernelOperators),
      );
  const matched = grouped(graph, source, operatorsOf);
  if (!(matched.coverage >= LEAST_COVERAGE)) {
    const unmatched = matched.unmatched.map(({ label }) => label);
    const { coverage } = matched;
    return fail([importCoverageLow(path, { coverage, least: LEAST_COVERAGE, unmatched })]);
  }
  const named = new Set(operatorsOf.flatMap((ids) => ids ?? []));
  const missing = graph.operators.filter(
    ({ id, products, work }) => products !== undefined && work.flops > 0 && !named.has(id),
  );
  return missing.length > 0 ? fail([importOperatorsMissing(path, missing)]) : ok(matched);
}

type OperatorsOfPart = readonly OperatorId[] | undefined;

/** The operators of each part, the one that gets its time first; `undefined`: the model has none of its names. */
function byName(
  parts: readonly ImportedPart[],
  names: NodeNames,
  known: KernelOperators | undefined,
): readonly OperatorsOfPart[] {
  const found = parts.map((part): OperatorsOfPart => {
    const operators = known?.get(part.label) ?? [];
    return operators.length > 0 ? operators : named(part, names);
  });
  const isFor = (side: "next" | "previous", at: number): boolean =>
    found[at] === undefined && parts[at]?.neighbor === side;
  const result = [...found];
  let beside: OperatorsOfPart;
  for (const at of parts.keys()) {
    result[at] = isFor("previous", at) ? beside?.slice(0, 1) : result[at];
    beside = found[at] ?? beside;
  }
  beside = undefined;
  for (let at = parts.length - 1; at >= 0; at--) {
    result[at] = isFor("next", at) ? beside?.slice(0, 1) : result[at];
    beside = found[at] ?? beside;
  }
  return result;
}

/** By the first reading of which the model has every name, else by the one of which it has most. */
function named({ readings }: ImportedPart, names: NodeNames): OperatorsOfPart {
  let best: readonly (OperatorId | "none")[] = [];
  for (const reading of readings) {
    const found = reading.map((name) => names.operatorOf(name)).filter((id) => id !== undefined);
    if (found.length > 0 && found.length === reading.length) {
      best = found;
      break;
    }
    best = found.length > best.length ? found : best;
  }
  return best.length === 0 ? undefined : [...new Set(best.filter((id) => id !== "none"))];
}

/**
 * The operators of each part, with those that its kernel computes before the one that it is named after: those on
 * the way back to the first of a main type, over operators that nothing else names and nobody else reads.
 */
function withMain(
  graph: OperatorGraph,
  parts: readonly ImportedPart[],
  operatorsOf: readonly OperatorsOfPart[],
): readonly OperatorsOfPart[] {
  const taken = new Set(operatorsOf.flatMap((ids) => ids ?? []));
  return operatorsOf.map((operators, at) => {
    const types = parts[at]?.mainTypes;
    const [last, ...others] = operators ?? [];
    if (types === undefined || last === undefined || others.length > 0) {
      return operators;
    }
    const path = wayBack(graph, last, types, taken);
    for (const id of path) {
      taken.add(id);
    }
    return [...path, last];
  });
}

/** The operators from the first of `types` to the one before `last`, in this order; empty if there is none. */
function wayBack(
  graph: OperatorGraph,
  last: OperatorId,
  types: readonly string[],
  taken: ReadonlySet<OperatorId>,
): readonly OperatorId[] {
  const path: OperatorId[] = [];
  for (let id = last; !types.includes(graph.operators[id]?.type ?? ""); ) {
    const before = (graph.operators[id]?.predecessors ?? []).filter(
      (each) => !taken.has(each) && graph.operators[each]?.successors.length === 1,
    );
    const main = before.find((each) => types.includes(graph.operators[each]?.type ?? ""));
    const next = main ?? before[0];
    if (next === undefined) {
      return [];
    }
    path.unshift(next);
    id = next;
  }
  return path;
}

function grouped(
  graph: OperatorGraph,
  { parts, totalNs }: ImportedSource,
  operatorsOf: readonly OperatorsOfPart[],
): MatchedParts {
  const groups = new Groups(graph.operators.length);
  const partsOf = new Map<OperatorId, ImportedPart[]>();
  const launcherOf = new Map<OperatorId, OperatorId>();
  const named = new Set<OperatorId>();
  const unmatched = new Map<string, number>();
  let matchedNs = 0;
  for (const [at, part] of parts.entries()) {
    const operators = operatorsOf[at];
    if (operators === undefined) {
      unmatched.set(part.label, (unmatched.get(part.label) ?? 0) + part.wholeNs);
      continue;
    }
    matchedNs += part.wholeNs;
    const [lead, ...others] = operators;
    if (lead !== undefined) {
      const list = partsOf.get(lead) ?? [];
      list.push(part);
      partsOf.set(lead, list);
      named.add(lead);
      // What prepares the part names its first operator alone.
      if (others.length > 0 || !launcherOf.has(lead)) {
        launcherOf.set(lead, endOf(graph, operators));
      }
    }
    for (const other of others) {
      groups.join(lead as OperatorId, other);
      named.add(other);
    }
  }
  const unnamed = graph.operators.filter(({ id }) => !named.has(id));
  for (const { id, predecessors, successors } of unnamed) {
    const beside = predecessors[0] ?? successors[0];
    if (beside !== undefined) {
      groups.join(beside, id);
    }
  }
  return {
    partsOf,
    first: groups.first(),
    launcherOf,
    coverage: matchedNs / totalNs,
    unnamed: unnamed.length,
    unmatched: [...unmatched]
      .map(([label, ns]) => ({ label, ns }))
      .filter(({ ns }) => ns > 0)
      .sort((a, b) => b.ns - a.ns || (a.label < b.label ? -1 : 1)),
  };
}

/**
 * The operator that the first of a part leads to while nothing else reads what is on the way: the last operator of
 * the longest row, from the first in the order of the model, of which only the last is read outside. The
 * named first where it is not in that row.
 */
function endOf(graph: OperatorGraph, operators: readonly OperatorId[]): OperatorId {
  const members = [...operators].sort((a, b) => a - b);
  const placeOf = new Map(members.map((id, at) => [id, at]));
  let count = 0;
  let readUntil = 0;
  for (const [at, id] of members.entries()) {
    count = readUntil <= at ? at + 1 : count;
    const { outputs, successors } = graph.operators[id]!;
    const isSeen = outputs.some((output) => graph.outputs.includes(output));
    const places = successors.map((next) => placeOf.get(next) ?? members.length);
    readUntil = Math.max(readUntil, isSeen || places.length === 0 ? members.length : 0, ...places);
  }
  const row = members.slice(0, count);
  const [lead] = operators as readonly [OperatorId];
  return row.includes(lead) ? (row.at(-1) ?? lead) : lead;
}

/** Sets of operators, each known by its first. */
class Groups {
  readonly #parent: Int32Array;

  constructor(count: number) {
    this.#parent = Int32Array.from({ length: count }, (_, id) => id);
  }

  join(one: number, other: number): void {
    const [a, b] = [this.#rootOf(one), this.#rootOf(other)];
    this.#parent[Math.max(a, b)] = Math.min(a, b);
  }

  /** By operator, the first of its set. */
  first(): Int32Array {
    return this.#parent.map((_, id) => this.#rootOf(id));
  }

  #rootOf(id: number): number {
    let root = id;
    while (this.#parent[root] !== root) {
      root = this.#parent[root]!;
    }
    this.#parent[id] = root;
    return root;
  }
}
