/**
 * Work of If, Loop and Scan: that of their bodies, times how often they run.
 *
 * If counts its more expensive branch. Loop counts its trips where they are constant or a scanned output
 * tells them; otherwise it counts one and records that. Scan counts the length of its sequence.
 */
import type { OperatorWork } from "../../ir/operator-graph.js";
import { branchesOf, scanLength, tripCount } from "../infer/control-flow.js";
import { type Fact, UNKNOWN } from "../infer/fact.js";
import { callOf, type NodeCall } from "../infer/node-call.js";
import type { Scope } from "../infer/scope.js";
import type { OnnxGraph, OnnxModel, OnnxNode } from "../model.js";
import { isControlFlow, isView, operatorTypeNamed, typeOf } from "../operators/catalog.js";
import { nodeWork } from "./work-of.js";

/** The context of counting the work of a model. */
export interface WorkContext {
  readonly model: OnnxModel;
  /** Facts of the values of every branch and body. */
  readonly bodies: ReadonlyMap<OnnxGraph, Scope>;
  /** Filled: nodes of bodies without a formula, by name or type. */
  readonly unknownInside: Set<string>;
  /** Filled: loops that were counted as one iteration. */
  readonly guessedLoops: Set<string>;
}

const NOTHING: OperatorWork = { flops: 0, bytesRead: 0, bytesWritten: 0, parameterBytes: 0 };

/** Work of one node, its bodies included. Cost: O(nodes of its bodies). */
export function workOf(
  call: NodeCall,
  outputs: readonly Fact[],
  context: WorkContext,
): OperatorWork {
  const type = typeOf(call.node);
  const own = nodeWork({ call, outputs }, operatorTypeNamed(type));
  return isControlFlow(type) ? sum(own, bodiesWork(call, outputs, context)) : own;
}

function bodiesWork(call: NodeCall, outputs: readonly Fact[], context: WorkContext): OperatorWork {
  if (call.node.opType === "If") {
    return branchesOf(call)
      .map((branch) => graphWork(branch, context))
      .reduce((a, b) => (isMore(b, a) ? b : a), NOTHING);
  }
  const body = call.graph("body");
  const once = body === undefined ? NOTHING : graphWork(body, context);
  const condition = body && context.bodies.get(body)?.get(body.outputs[0]?.name ?? "");
  const times = timesOf(call, outputs, condition);
  if (times === undefined) {
    context.guessedLoops.add(call.node.name);
  }
  return scale(once, times ?? 1);
}

/** Iterations that a scanned output has the results of. */
function scannedTrips(call: NodeCall, outputs: readonly Fact[]): number | undefined {
  const carried = call.inputs.length - 2;
  return outputs.slice(carried).find(({ dims }) => dims?.[0] !== undefined)?.dims?.[0];
}

function timesOf(
  call: NodeCall,
  outputs: readonly Fact[],
  condition: Fact | undefined,
): number | undefined {
  switch (call.node.opType) {
    case "Loop":
      return tripCount(call, condition) ?? scannedTrips(call, outputs);
    case "Scan":
      return scanLength(call);
    default:
      return call.input(0).items?.length;
  }
}

/** Whether one work has more FLOPs, or as many and more bytes. */
function isMore(a: OperatorWork, b: OperatorWork): boolean {
  return a.flops === b.flops ? bytes(a) > bytes(b) : a.flops > b.flops;
}

function bytes(work: OperatorWork): number {
  return work.bytesRead + work.bytesWritten + work.parameterBytes;
}

function graphWork(graph: OnnxGraph, context: WorkContext): OperatorWork {
  const scope = context.bodies.get(graph);
  return scope === undefined
    ? NOTHING
    : graph.nodes.reduce((total, node) => sum(total, innerWork(node, scope, context)), NOTHING);
}

function innerWork(node: OnnxNode, scope: Scope, context: WorkContext): OperatorWork {
  const call = callOf(node, scope, context.model);
  const outputs = node.outputs.map((name) => scope.get(name) ?? UNKNOWN);
  const type = typeOf(node);
  if (outputs.every((output) => output.isConstant) || isView(call, outputs[0] ?? UNKNOWN)) {
    return NOTHING;
  }
  if (operatorTypeNamed(type) === undefined) {
    context.unknownInside.add(node.name === "" ? type : node.name);
  }
  return workOf(call, outputs, context);
}

function sum(a: OperatorWork, b: OperatorWork): OperatorWork {
  return {
    flops: a.flops + b.flops,
    bytesRead: a.bytesRead + b.bytesRead,
    bytesWritten: a.bytesWritten + b.bytesWritten,
    parameterBytes: a.parameterBytes + b.parameterBytes,
  };
}

function scale(work: OperatorWork, times: number): OperatorWork {
  return {
    flops: work.flops * times,
    bytesRead: work.bytesRead * times,
    bytesWritten: work.bytesWritten * times,
    parameterBytes: work.parameterBytes * times,
  };
}
