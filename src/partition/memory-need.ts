import type { Failure } from "../core/failure.js";
import type { OrderCutter } from "./cut-order.js";
import { type MemoryShortage, stageMemoryInfeasible, stageMemoryNotMet } from "./failures.js";
import type { PartitionGraph } from "./partition-graph.js";
import type { PartitionProblem } from "./partition-problem.js";

/**
 * The failure of a problem for which no partition fits: with the proof where there is a short one,
 * and with a memory that, on every device, is enough.
 *
 * Requires: `cutter` measures memory.
 */
export function memoryFailure(
  problem: PartitionProblem,
  graph: PartitionGraph,
  orders: readonly Int32Array[],
  cutter: OrderCutter,
): Failure {
  const stages = problem.devices.length;
  let least = Number.POSITIVE_INFINITY;
  for (const order of orders) {
    least = Math.min(least, cutter.cut(order, stages, least)?.periodNs ?? least);
  }
  const shortage = proofOfShortage(problem, graph);
  return shortage === undefined
    ? stageMemoryNotMet(stages, least)
    : stageMemoryInfeasible(shortage, least);
}

/** An operator that fits nowhere, or parameters beyond all devices together. */
function proofOfShortage(
  problem: PartitionProblem,
  graph: PartitionGraph,
): MemoryShortage | undefined {
  const limits = Array.from(graph.memoryLimit);
  const limitBytes = Math.max(...limits);
  const fewest = Math.min(...graph.inFlight);
  for (const { id, name } of problem.graph.operators) {
    const bytes =
      (graph.parameterBytes[id] as number) +
      fewest * (graph.keptBytes[id] as number) +
      (graph.workspaceBytes[id] as number);
    if (bytes > limitBytes) {
      return { kind: "operator", operator: name, bytes, limitBytes };
    }
  }
  const bytes = graph.parameterBytes.reduce((sum, each) => sum + each, 0);
  const together = limits.reduce((sum, limit) => sum + limit, 0);
  return bytes > together
    ? { kind: "parameters", operator: "", bytes, limitBytes: together }
    : undefined;
}
