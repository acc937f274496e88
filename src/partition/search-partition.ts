import { type Random, seededRandom } from "../core/random.js";
import { fail, ok, type Result } from "../core/result.js";
import { decodeParameters } from "../learn/fixed-point.js";
import { anneal } from "./annealing.js";
import { chainDp } from "./chain-dp.js";
import { type OrderCutter, orderCutter } from "./cut-order.js";
import { exhaustivePartition } from "./exhaustive.js";
import { moreStagesThanOperators } from "./failures.js";
import type { FoundPartition } from "./found-partition.js";
import { refineByPolicy } from "./gpg/gpg.js";
import { PRETRAINED_WEIGHTS } from "./gpg/pretrained-weights.js";
import { greedyPartition } from "./greedy.js";
import { climbHill } from "./hill-climbing.js";
import { memoryFailure } from "./memory-need.js";
import { type PartitionGraph, partitionGraphOf, periodLowerBound } from "./partition-graph.js";
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

/** Options of the search; the same values yield the same partition on every machine. */
export interface PartitionSearchOptions {
  /** Default `gpg`: all methods, and the best of them. Any other: that one alone. */
  readonly method?: PartitionMethod;
  /** Default 1. */
  readonly seed?: number;
  /** Rounds of `gpg` in which its weights go on learning on this model, after all others; default 0. */
  readonly fineTune?: number | undefined;
}

/** The result of one method. */
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
  /** Simplest method first; methods that found nothing that fits, or were not needed, are left out. */
  readonly candidates: readonly PartitionCandidate[];
}

/** Operators that all default rounds of `gpg` look at together: models beyond 40,000 get no round. */
const ROUND_OPERATORS = 40_000;

/** Rounds of `gpg` with the weights as they come, from each start, on models that are not large. */
const ROUNDS = 16;

/** Steps of `annealing`. */
const ANNEALING_STEPS = 100_000;

/** Assignments that the proof may look at. */
const PROOF_NODES = 200_000;

/** A problem with what all methods share. */
interface Search {
  readonly problem: PartitionProblem;
  readonly graph: PartitionGraph;
  readonly cutter: OrderCutter;
  readonly orders: readonly Int32Array[];
  readonly stages: number;
  readonly lowerBoundNs: number;
  readonly options: PartitionSearchOptions;
  readonly random: Random;
}

/**
 * Cuts a model into as many stages as the problem has devices.
 *
 * `gpg` runs the simple methods first, tries to prove their best optimal, and refines it only if
 * that is not possible.
 *
 * Ensures: `verifyStagePartition` finds nothing, every stage fits into its device's memory, and
 * `gpg` is never worse than any other method with the same options.
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
  const search: Search = {
    problem,
    graph,
    cutter: orderCutter(graph),
    orders: candidateOrders(graph),
    stages,
    lowerBoundNs: periodLowerBound(graph, stages),
    options,
    random: seededRandom(options.seed ?? 1),
  };
  const chain = chainDp(search.cutter, search.orders, stages) ?? anyThatFits(search);
  return chain === undefined ? noRoom(search) : candidatesFrom(search, chain);
}

/** All methods wanted, behind a partition that fits. */
function candidatesFrom(search: Search, chain: FoundPartition): Result<PartitionOutcome> {
  const { problem, graph, stages, lowerBoundNs, options, random } = search;
  const method = options.method ?? "gpg";
  const candidates: PartitionCandidate[] = [];
  const offer = (name: PartitionMethod, find: () => FoundPartition | undefined): void => {
    const found = method === name || method === "gpg" ? find() : undefined;
    if (found !== undefined) {
      candidates.push({
        method: name,
        partition: found.partition,
        periodNs: found.periodNs,
      });
    }
  };
  const greedy = judge(problem, greedyPartition(graph, search.orders[0] as Int32Array, stages));
  const start = leastPeriod(greedy === undefined ? [chain] : [chain, greedy]).partition;
  offer("greedy", () => greedy);
  offer("chain-dp", () => chain);
  offer("hill-climbing", () => climbHill(graph, start, random.fork(0)));
  offer("annealing", () =>
    anneal(graph, start, { steps: ANNEALING_STEPS, random: random.fork(1) }),
  );
  const known = leastPeriod([...candidates, chain]);
  const proof = exhaustivePartition(graph, stages, known.periodNs, PROOF_NODES);
  const surest = proof.found ?? known;
  if (proof.isComplete || proof.found !== undefined || method === "exhaustive") {
    offer("exhaustive", () => surest);
  }
  const isOpen = !proof.isComplete && surest.periodNs > lowerBoundNs;
  if (method === "gpg" && isOpen) {
    offer("gpg", () => refine(search, chain, surest));
  }
  if (candidates.length === 0) {
    return noRoom(search);
  }
  const best = leastPeriod(candidates);
  const isProved = proof.isComplete && best.periodNs <= surest.periodNs;
  return ok({
    ...best,
    stages: stageCosts(problem, best.partition),
    lowerBoundNs,
    status: best.periodNs <= lowerBoundNs || isProved ? "optimal" : "heuristic",
    candidates,
  });
}

function refine(search: Search, chain: FoundPartition, best: FoundPartition): FoundPartition {
  const { problem, graph, cutter, lowerBoundNs, options, random } = search;
  const starts = best === chain ? [chain] : [chain, best];
  const outcome = refineByPolicy(problem.graph, graph, cutter, starts, {
    parameters: decodeParameters(PRETRAINED_WEIGHTS),
    rounds: Math.min(ROUNDS, Math.floor(ROUND_OPERATORS / graph.operators)),
    fineTune: options.fineTune ?? 0,
    lowerBoundNs,
    random: random.fork(2),
  });
  return outcome.found;
}

/** Where no order can be cut to fit, small models may still fit in some other way. */
function anyThatFits({ graph, stages }: Search): FoundPartition | undefined {
  return exhaustivePartition(graph, stages, Number.POSITIVE_INFINITY, PROOF_NODES).found;
}

function noRoom({ problem, graph, orders }: Search): Result<PartitionOutcome> {
  return fail([memoryFailure(problem, graph, orders, orderCutter(graph, "memory"))]);
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
