import { ok, type Result } from "../core/result.js";
import { chainDp } from "./chain-dp.js";
import { orderCutter } from "./cut-order.js";
import { partitionGraphOf } from "./partition-graph.js";
import type { PartitionProblem } from "./partition-problem.js";
import {
  type PartitionOutcome,
  type PartitionSearchOptions,
  searchPartition,
} from "./search-partition.js";
import { candidateOrders } from "./topological-orders.js";

/** Numbers of stages that are searched in full. */
const SEARCHED = 2;

/**
 * Cuts a model into at least `least` stages and at most as many as the problem has devices, using
 * the first of them: for small models, handing tensors over costs more than a further stage saves.
 *
 * All numbers are tried with exact cuts of the candidate orders, and the best two searched in full.
 * The one with the smaller objective (the period, unless another is given) wins; of equal ones that
 * with fewer stages.
 *
 * Requires: `least` is at least 1 and at most the number of devices.
 * Fails: as `searchPartition` for all devices, when no number of stages fits.
 */
export function searchStageCounts(
  problem: PartitionProblem,
  least: number,
  options: PartitionSearchOptions = {},
): Result<PartitionOutcome> {
  const graph = partitionGraphOf(problem);
  const cutter = orderCutter(graph);
  const orders = candidateOrders(graph);
  const most = Math.min(problem.devices.length, graph.operators);
  const quick: { readonly stages: number; readonly periodNs: number }[] = [];
  for (let stages = least; stages <= most; stages++) {
    const found = chainDp(cutter, orders, stages);
    if (found !== undefined) {
      quick.push({ stages, periodNs: found.periodNs });
    }
  }
  quick.sort((a, b) => a.periodNs - b.periodNs || a.stages - b.stages);
  const value = ({ partition, periodNs }: PartitionOutcome): number =>
    options.objective?.(partition) ?? periodNs;
  const outcomes = quick
    .slice(0, SEARCHED)
    .sort((a, b) => a.stages - b.stages)
    .map(({ stages }) => searchPartition(withStages(problem, stages), options))
    .flatMap((result) => (result.ok ? [result.value] : []));
  const [first, ...others] = outcomes;
  return first === undefined
    ? searchPartition(problem, options)
    : ok(others.reduce((a, b) => (value(b) < value(a) ? b : a), first));
}

/** The problem on its first devices only. */
function withStages(problem: PartitionProblem, stages: number): PartitionProblem {
  return {
    ...problem,
    devices: problem.devices.slice(0, stages),
    inFlight: problem.inFlight.slice(0, stages),
  };
}
