/**
 * If, Loop, Scan and SequenceMap: their output types follow from those of their branches and bodies, which see
 * the values of the graph around them.
 */
import type { OnnxGraph } from "../model.js";
import { commonFact, type Fact, tensor, UNKNOWN } from "./fact.js";
import type { NodeCall } from "./node-call.js";

/** The inference of bodies, for control flow. */
export interface BodyInference {
  /** Nesting depth of the graph with the node. */
  readonly depth: number;
  /** Facts of the body's outputs for these inputs; `undefined`, and the node refused, when impossible. */
  readonly inferBody: (body: OnnxGraph, inputs: readonly Fact[]) => readonly Fact[] | undefined;
}

/** Bodies of loops are inferred twice where sizes change from one iteration to the next: not in deep nests. */
const TWICE_DEPTH = 4;

/** Iterations of a Loop with sequences that are inferred one by one at most. */
const MOST_INFERRED_TRIPS = 256;

/** Trip counts from here on mean "until the condition says stop". */
const UNBOUNDED_TRIPS = 2 ** 31 - 1;

/** Output facts of If, Loop, Scan or SequenceMap. */
export function inferControlFlow(call: NodeCall, bodies: BodyInference): readonly Fact[] {
  switch (call.node.opType) {
    case "If":
      return inferIf(call, bodies);
    case "Loop":
      return inferLoop(call, bodies);
    case "SequenceMap":
      return inferSequenceMap(call, bodies);
    default:
      return inferScan(call, bodies);
  }
}

/** The branches that may run: one when the condition is known. */
export function branchesOf(call: NodeCall): readonly OnnxGraph[] {
  const condition = call.values(0)?.[0];
  const [yes, no] = [call.graph("then_branch"), call.graph("else_branch")];
  const branches = condition === undefined ? [yes, no] : [condition === 0 ? no : yes];
  return branches.filter((branch) => branch !== undefined);
}

/** A branch that is impossible for these sizes cannot be the one that runs, unless both are. */
function inferIf(call: NodeCall, { inferBody }: BodyInference): readonly Fact[] {
  const outcomes = branchesOf(call)
    .map((branch) => inferBody(branch, []))
    .filter((outcome) => outcome !== undefined);
  const [first, second] = outcomes;
  if (first !== undefined) {
    call.refusal = undefined;
  }
  return first === undefined || second === undefined
    ? (first ?? [])
    : first.map((fact, i) => commonFact(fact, second[i] ?? UNKNOWN));
}

/**
 * Iterations of a Loop, or `undefined` when they are known only at run time: always, unless there is one at
 * most, or the body passes its condition on unchanged and it is true from the start. `condition` is the fact of
 * the condition that the body outputs.
 */
export function tripCount(call: NodeCall, condition: Fact | undefined): number | undefined {
  const start = call.has(1) ? call.values(1)?.[0] : 1;
  const limit = tripLimit(call);
  if (start === 0 || limit === 0) {
    return 0;
  }
  if (start !== undefined && limit === 1) {
    return 1;
  }
  const isEndless = condition?.values?.[0] === 1 || handsConditionOn(call.graph("body"));
  return start !== undefined && isEndless ? limit : undefined;
}

/** Iterations of a Loop at most, by its trip count; `undefined` when that is unknown or no limit. */
export function tripLimit(call: NodeCall): number | undefined {
  const count = call.has(0) ? call.values(0)?.[0] : undefined;
  return count === undefined || count >= UNBOUNDED_TRIPS ? undefined : Math.max(0, count);
}

/** Whether the body's condition is its input condition, by name or through Identity. */
function handsConditionOn(body: OnnxGraph | undefined): boolean {
  const given = body?.inputs[1]?.name;
  let made = body?.outputs[0]?.name;
  for (const node of body?.nodes.toReversed() ?? []) {
    const isCopy = node.opType === "Identity" && node.domain === "";
    if (isCopy && node.outputs[0] === made) {
      made = node.inputs[0];
    }
  }
  return made !== undefined && made === given;
}

/**
 * Inputs: trip count, condition, carried values; the body outputs condition, carried values,
 * scanned values.
 */
function inferLoop(call: NodeCall, { depth, inferBody }: BodyInference): readonly Fact[] {
  const body = call.graph("body");
  if (body === undefined) {
    call.refuse("the loop has no body");
    return [];
  }
  const scalars = [tensor("int64", []), tensor("bool", [])];
  const start = call.inputs.slice(2).map(withoutValue);
  const first = inferBody(body, [...scalars, ...start]);
  if (first === undefined) {
    return [];
  }
  if (start.some(({ items }) => items !== undefined)) {
    return growingLoop(call, {
      start,
      first,
      infer: (state) => inferBody(body, [...scalars, ...state]),
    });
  }
  const carried = start.map((fact, i) => commonFact(fact, first[i + 1] ?? UNKNOWN));
  const isStable = carried.every((fact, i) => isSame(fact, start[i] ?? UNKNOWN));
  const outputs =
    isStable || depth >= TWICE_DEPTH ? first : inferBody(body, [...scalars, ...carried]);
  const scanned = (outputs ?? [])
    .slice(1 + start.length)
    .map((fact) => stacked(fact, tripCount(call, (outputs ?? [])[0]), 0));
  return [...carried, ...scanned];
}

interface GrowingLoop {
  /** Facts of the carried values before the first iteration. */
  readonly start: readonly Fact[];
  /** Facts of the body's outputs in the first iteration. */
  readonly first: readonly Fact[];
  readonly infer: (state: readonly Fact[]) => readonly Fact[] | undefined;
}

/**
 * A Loop that carries sequences: one iteration after the other, since a sequence has more or fewer items
 * after each. Nothing is known where the number of iterations is not, or is large.
 */
function growingLoop(call: NodeCall, { start, first, infer }: GrowingLoop): readonly Fact[] {
  const trips = tripCount(call, first[0]);
  if (trips === undefined || trips > MOST_INFERRED_TRIPS) {
    return [
      ...start.map((fact, i) =>
        fact.items === undefined ? commonFact(fact, first[i + 1] ?? UNKNOWN) : UNKNOWN,
      ),
      ...first.slice(1 + start.length).map((fact) => stacked(fact, undefined, 0)),
    ];
  }
  let state = start;
  let scanned = first.slice(1 + start.length);
  for (let trip = 0; trip < trips; trip++) {
    const outputs = infer(state);
    if (outputs === undefined) {
      return [];
    }
    state = outputs.slice(1, 1 + start.length).map(withoutValue);
    scanned = outputs.slice(1 + start.length);
  }
  return [...state, ...scanned.map((fact) => stacked(fact, trips, 0))];
}

function withoutValue(fact: Fact): Fact {
  return fact.items === undefined
    ? tensor(fact.elementType, fact.dims)
    : { ...UNKNOWN, items: fact.items.map(withoutValue) };
}

function isSame(a: Fact, b: Fact): boolean {
  return a.elementType === b.elementType && a.dims?.join() === b.dims?.join();
}

function stacked(fact: Fact, count: number | undefined, axis: number): Fact {
  return tensor(fact.elementType, fact.dims?.toSpliced(axis, 0, count as number));
}

/** Operator set in which Scan lost its batch dim and its input for the lengths of sequences. */
const SCAN_WITHOUT_BATCH = 9;
/** The body once for each item of the first sequence, with the items of the others at its place. */
function inferSequenceMap(call: NodeCall, { inferBody }: BodyInference): readonly Fact[] {
  const body = call.graph("body");
  const { items } = call.input(0);
  if (body === undefined || items === undefined || items.length > MOST_INFERRED_TRIPS) {
    return [];
  }
  const made = items.map((_, at) =>
    inferBody(
      body,
      call.inputs.map((fact) =>
        withoutValue(fact.items === undefined ? fact : (fact.items[at] ?? UNKNOWN)),
      ),
    ),
  );
  return body.outputs.map((_, output) => ({
    ...UNKNOWN,
    items: made.map((outputs) => outputs?.[output] ?? UNKNOWN),
  }));
}

/** Iterations of a Scan: the size of the scanned axis of its first scanned input. */
export function scanLength(call: NodeCall): number | undefined {
  const scanned = call.int("num_scan_inputs") ?? 0;
  if (call.opset < SCAN_WITHOUT_BATCH) {
    return call.dims(call.inputs.length - scanned)?.[1];
  }
  const position = call.inputs.length - scanned;
  const dims = call.dims(position);
  const axis = call.ints("scan_input_axes")?.[0] ?? 0;
  return dims?.[axis < 0 ? axis + dims.length : axis];
}

/** States first, then scanned inputs, of which the body receives one slice at a time. */
function inferScan(call: NodeCall, { inferBody }: BodyInference): readonly Fact[] {
  const body = call.graph("body");
  const scanned = call.int("num_scan_inputs") ?? 0;
  const states = call.inputs.length - scanned;
  if (body === undefined || states < 0) {
    return [];
  }
  if (call.opset < SCAN_WITHOUT_BATCH) {
    return inferBatchedScan(call, body, scanned, inferBody);
  }
  const inputAxes = call.ints("scan_input_axes") ?? [];
  const slices = call.inputs.slice(states).map((fact, i) => {
    const axis = fact.dims && call.axis(inputAxes[i] ?? 0, fact.dims.length);
    return tensor(fact.elementType, axis === undefined ? undefined : fact.dims?.toSpliced(axis, 1));
  });
  const start = call.inputs.slice(0, states).map(withoutValue);
  const outputs = inferBody(body, [...start, ...slices]);
  const outputAxes = call.ints("scan_output_axes") ?? [];
  const length = scanLength(call);
  return (outputs ?? []).map((fact, i) => {
    if (i < states) {
      return withoutValue(fact);
    }
    const axis = outputAxes[i - states] ?? 0;
    return stacked(fact, length, axis < 0 ? axis + (fact.dims?.length ?? 0) + 1 : axis);
  });
}

/**
 * Scan of version 8: lengths of the sequences first, then states [batch, ...] and scanned inputs
 * [batch, length, ...]; the body sees one item of one sequence at a time.
 */
function inferBatchedScan(
  call: NodeCall,
  body: OnnxGraph,
  scanned: number,
  inferBody: BodyInference["inferBody"],
): readonly Fact[] {
  const inputs = call.inputs.slice(1);
  const states = inputs.length - scanned;
  const items = inputs.map(({ elementType, dims }, i) =>
    tensor(elementType, dims?.slice(i < states ? 1 : 2)),
  );
  const [batch] = inputs[0]?.dims ?? [];
  const outputs = inferBody(body, items) ?? [];
  return outputs.map((fact, i) => {
    const outer = i < states ? [batch] : [batch, scanLength(call)];
    return tensor(fact.elementType, fact.dims && [...outer, ...fact.dims]);
  });
}
