import { seededRandom } from "../core/random.js";
import { fail, ok, type Result } from "../core/result.js";
import { anneal } from "./annealing.js";
import { chainDp } from "./chain-dp.js";
import { orderCutter } from "./cut-order.js";
import { exhaustivePartition } from "./exhaustive.js";
import { moreStagesThanOperators } from "./failures.js";
import type { FoundPartition } from "./found-partition.js";
import { greedyPartition } from "./greedy.js";
import { climbHill } from "./hill-climbing.js";
import { memoryFailure } from "./memory-need.js";
import { partitionGraphOf, periodLowerBound } from "./partition-graph.js";
import type { PartitionProblem } from "./partition-problem.js";
import { fitsInMemory, periodOf, type StageCost, stageCosts } from "./stage-costs.js";
import type { StagePartition } from "./stage-partition.js";
import { candidateOrders } from "./topological-orders.js";

/** Names of all methods, the default first. */
export const PARTITION_METHODS = [
  "gpg",
  "chain-dp",
  "annealing",
  "hill-climbing",
  "greedy",
  "exhaustive",
] as const;

/** The name of a method. */
export type PartitionMethod = (typeof PARTITION_METHODS)[number];

/** How to search; the same values give the same partition on every machine. */
export interface PartitionSearchOptions {
  /** Default `gpg`: all methods, and the best of them. Any other: that one alone. */
  readonly method?: PartitionMethod;
  /** Default 1. */
  readonly seed?: number;
  /** Steps of `annealing`, default 100,000. */
  readonly annealingSteps?: number;
}

/** What one method found. */
export interface PartitionCandidate extends FoundPartition {
  readonly method: PartitionMethod;
}

/** The partition to use, and what else was found. */
export interface PartitionOutcome {
  /** The method that found it: of equal ones the simplest. */
  readonly method: PartitionMethod;
  readonly partition: StagePartition;
  readonly stages: readonly StageCost[];
  readonly periodNs: number;
  /** No partition is below it. */
  readonly lowerBoundNs: number;
  /** `optimal`: the period meets the bound, or everything better was ruled out. */
  readonly status: "optimal" | "heuristic";
  /** Simplest method first; methods that found nothing that fits are left out. */
  readonly candidates: readonly PartitionCandidate[];
}

/** Assignments that the proof may look at. */
const PROOF_NODES = 200_000;

/**
 * Cuts a model into as many stages as the problem has devices.
 *
 * Ensures: `verifyStagePartition` finds nothing, every stage fits into its device's memory, and
 * `gpg` is never worse than any other method.
 * Fails: `more-stages-than-operators`, `stage-memory-infeasible` (proved), `stage-memory-not-met`.
 */
export function searchPartition(
  problem: PartitionProblem,
  options: PartitionSearchOptions = {},
): Result<PartitionOutcome> {
  const stages = problem.devices.length;
  const operators = problem.graph.operators.length;
  if (stages > operators) {
    return fail([moreStagesThanOperators(stages, operators)]);
  }
  const graph = partitionGraphOf(problem);
  const orders = candidateOrders(graph);
  const random = seededRandom(options.seed ?? 1);
  const cutter = orderCutter(graph);
  const chain = chainDp(cutter, orders, stages);
  if (chain === undefined) {
    return fail([memoryFailure(problem, graph, orders, orderCutter(graph, "memory"))]);
  }
  const method = options.method ?? "gpg";
  const candidates: PartitionCandidate[] = [];
  const add = (name: PartitionMethod, found: FoundPartition | undefined): void => {
    if (found !== undefined && (method === name || method === "gpg")) {
      candidates.push({ method: name, ...found });
    }
  };
  const greedy = judge(problem, greedyPartition(graph, orders[0] as Int32Array, stages));
  const start = greedy ?? chain;
  add("greedy", greedy);
  add("chain-dp", chain);
  if (method !== "chain-dp" && method !== "greedy") {
    const steps = options.annealingSteps ?? 100_000;
    add("hill-climbing", climbHill(graph, start.partition, random.fork(0)));
    add("annealing", anneal(graph, start.partition, { steps, random: random.fork(1) }));
  }
  const lowerBoundNs = periodLowerBound(graph, stages);
  const known = leastPeriod([chain, ...candidates]);
  const proof = exhaustivePartition(graph, stages, known.periodNs, PROOF_NODES);
  const surest = proof.found ?? known;
  if (proof.isComplete || proof.found !== undefined || method === "exhaustive") {
    add("exhaustive", { partition: surest.partition, periodNs: surest.periodNs });
  }
  if (candidates.length === 0) {
    return fail([memoryFailure(problem, graph, orders, orderCutter(graph, "memory"))]);
  }
  const best = leastPeriod(candidates);
  const isProved = proof.isComplete && best.periodNs === surest.periodNs;
  return ok({
    ...best,
    stages: stageCosts(problem, best.partition),
    lowerBoundNs,
    status: best.periodNs <= lowerBoundNs || isProved ? "optimal" : "heuristic",
    candidates,
  });
}

/** The first of those with the least period. Requires: not empty. */
function leastPeriod<T extends FoundPartition>(found: readonly T[]): T {
  return found.reduce((a, b) => (b.periodNs < a.periodNs ? b : a));
}

/** The partition with its period; `undefined` when it does not fit. */
function judge(problem: PartitionProblem, partition: StagePartition): FoundPartition | undefined {
  return fitsInMemory(problem, stageCosts(problem, partition))
    ? { partition, periodNs: periodOf(problem, partition) }
    : undefined;
}
