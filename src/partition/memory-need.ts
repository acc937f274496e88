/**
 * The memory that a partition needs, for the failure that reports too little.
 *
 * What is *enough* comes from a cut of one of the candidate orders with the least memory in the
 * stage that needs most; what is *needed* from the largest operator and the parameters over the
 * number of stages. Between the two, exhaustive search decides one memory after the other as far as
 * its work limit goes: what it finds is enough, and where it ends without finding anything, more is
 * needed. Where both meet the least memory is known.
 */
import type { Failure } from "../core/failure.js";
import type { OrderCutter } from "./cut-order.js";
import { exhaustivePartition } from "./exhaustive.js";
import {
  type MemoryNeed,
  type MemoryShortage,
  stageMemoryInfeasible,
  stageMemoryNotMet,
} from "./failures.js";
import type { PartitionGraph } from "./partition-graph.js";
import type { PartitionProblem } from "./partition-problem.js";
import { stageCosts } from "./stage-costs.js";

/** Assignments that deciding one memory may look at. */
const DECIDE_NODES = 20_000;

/** Memories that are decided at most: enough to tell any two apart. */
const MOST_DECISIONS = 42;

/**
 * The failure of a problem for which no partition fits: with the proof where there is a short one,
 * and with the memory that every device would need.
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
  let enough = Number.POSITIVE_INFINITY;
  for (const order of orders) {
    enough = Math.min(enough, cutter.cut(order, stages, enough)?.periodNs ?? enough);
  }
  const need = narrowed(problem, graph, enough);
  const shortage = proofOfShortage(problem, graph, need);
  const onDevice = onDevices(problem, graph, need);
  return shortage === undefined
    ? stageMemoryNotMet(stages, onDevice)
    : stageMemoryInfeasible(shortage, onDevice);
}

/** The memory that a device needs, where it may have several stages or only a part of one. */
function onDevices(
  { seating, devices: stages }: PartitionProblem,
  graph: PartitionGraph,
  need: MemoryNeed,
): MemoryNeed {
  const { devices = stages.length, stagesPerDevice = 1, devicesPerStage = 1 } = seating ?? {};
  return {
    neededBytes: Math.ceil(
      Math.max(need.neededBytes / devicesPerStage, parametersOf(graph) / devices),
    ),
    enoughBytes: Math.ceil(need.enoughBytes * stagesPerDevice),
  };
}

function narrowed(problem: PartitionProblem, graph: PartitionGraph, cutBytes: number): MemoryNeed {
  const stages = problem.devices.length;
  const alone = graph.parameterBytes.map((_, operator) => bytesAlone(graph, operator));
  let needed = Math.ceil(Math.max(...alone.values(), parametersOf(graph) / stages));
  let enough = Math.max(needed, Math.floor(cutBytes));
  for (let step = 0; step < MOST_DECISIONS && needed < enough; step++) {
    const middle = Math.floor((needed + enough) / 2);
    const limited = { ...graph, memoryLimit: graph.memoryLimit.map(() => middle) };
    const { found, isComplete } = exhaustivePartition(
      limited,
      stages,
      Number.POSITIVE_INFINITY,
      DECIDE_NODES,
    );
    if (found !== undefined) {
      const used = stageCosts(problem, found.partition).map(({ memoryBytes }) => memoryBytes);
      enough = Math.min(middle, Math.ceil(Math.max(...used)));
    } else if (isComplete) {
      needed = middle + 1;
    } else {
      break;
    }
  }
  return { neededBytes: needed, enoughBytes: enough };
}

/** Least memory of a stage of this operator alone. */
function bytesAlone(graph: PartitionGraph, operator: number): number {
  const fewest = Math.min(...graph.inFlight);
  const { reads, producer } = graph;
  let [held, perMicroBatch] = [graph.parameterBytes[operator]!, graph.keptBytes[operator]!];
  for (let i = reads.start[operator]!; i < reads.start[operator + 1]!; i++) {
    const item = reads.items[i]!;
    // A tensor of another operator need not come from another stage.
    if (producer[item]! < 0) {
      held += graph.heldBytes[item]!;
      perMicroBatch += graph.tensorBytes[item]!;
    }
  }
  return held + fewest * perMicroBatch + graph.workspaceBytes[operator]!;
}

/** All parameters, each once. */
function parametersOf({ parameterBytes, heldBytes }: PartitionGraph): number {
  const sum = (values: Float64Array): number => values.reduce((total, each) => total + each, 0);
  return sum(parameterBytes) + sum(heldBytes);
}

/** An operator that fits nowhere, a stage that takes none, parameters beyond all devices together, or a search that found nothing. */
function proofOfShortage(
  problem: PartitionProblem,
  graph: PartitionGraph,
  { neededBytes }: MemoryNeed,
): MemoryShortage | undefined {
  const limits = Array.from(graph.memoryLimit);
  const limitBytes = Math.max(...limits);
  for (const { id, name } of problem.graph.operators) {
    const bytes = bytesAlone(graph, id);
    if (bytes > limitBytes) {
      return { kind: "operator", operator: name, bytes, limitBytes };
    }
  }
  const least = Math.min(...problem.graph.operators.map(({ id }) => bytesAlone(graph, id)));
  const smallest = Math.min(...limits);
  if (least > smallest) {
    const operator = problem.devices[limits.indexOf(smallest)]?.name ?? "";
    return { kind: "stage", operator, bytes: least, limitBytes: smallest };
  }
  const bytes = parametersOf(graph);
  const together = limits.reduce((sum, limit) => sum + limit, 0);
  if (bytes > together) {
    return { kind: "parameters", operator: "", bytes, limitBytes: together };
  }
  return neededBytes > limitBytes
    ? { kind: "search", operator: "", bytes: neededBytes, limitBytes }
    : undefined;
}
