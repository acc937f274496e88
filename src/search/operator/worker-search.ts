import { type Random, seededRandom } from "../../core/random.js";
import type { WorkerCosts } from "../../cost/operator-costs.js";
import { workerBounds } from "../../schedule/operator-bounds.js";
import type { OperatorProblem } from "../../schedule/operator-problem.js";
import type { OperatorSchedule } from "../../schedule/operator-schedule.js";
import { simulateWorkers } from "../../schedule/simulate-workers.js";
import { GroupEvaluator, type GroupPlan } from "./group-evaluator.js";
import { chainsOf, type GroupGraph, groupGraphOf, partOf } from "./group-graph.js";
import { improvePlan, isBetter, type JudgedPlan, judge } from "./improve-plan.js";
import { listSchedule, sequentialPlan } from "./list-schedule.js";
import { type Region, regionsOf } from "./regions.js";
import { searchSequential } from "./sequential.js";
import { composeSchedule } from "./waits.js";

/**
 * Our own search for worker threads of a CPU.
 *
 * On a GPU a wait costs microseconds; between workers it costs a tenth of a millisecond, a new
 * sub-model on either side and a copy of the tensors. Most splits lose. So the question is not how
 * to spread a graph over streams but which few splits pay, and the answer is sought in five steps:
 *
 * 1. Chains of operators become groups.
 * 2. Between two groups that every path passes (see `regionsOf`) a region can be decided by itself.
 *    Each starts sequential and is split only when it pays in the simulator, overheads
 *    included. A region whose bound leaves less to win than two starts of a segment is not tried.
 * 3. The whole graph is also tried at once, with list schedules from bold to careful on 2, 3, ...
 *    workers: graphs with long-range arcs (NASNet, masks in transformers) have no regions.
 * 4. The best of these is improved by small changes (see `improvePlan`).
 * 5. So is what comes of it with every operator a group of its own: the inner tensor of a chain may
 *    be smaller than its last, and then the chain is better cut there.
 *
 * Example: two branches of 28 ms each, join 0.1 ms, segment 0.05 ms, signal 0.1 ms. List scheduling
 * puts the branches on two workers; the join waits for one signal: 28.4 ms instead of 56.1.
 * With branches of 0.1 ms the same split takes 0.5 ms instead of 0.3: it stays sequential.
 *
 * Scheduling operators one by one with costs of crossing (HEFT) fails here because the first
 * operator of a branch never pays for its crossing; only the whole branch does.
 *
 * Source: ours; parts as named in their files. The simulator of the target is the judge, and the
 * sequential schedule is always a candidate, so the result is never worse than it.
 */

/** Options of the search; the same values yield the same schedule. */
export interface WorkerSearchOptions {
  /** Default 1. */
  readonly seed?: number;
  /** Evaluations of plans for the whole graph, default 4,000; large graphs get fewer. */
  readonly evaluations?: number;
  /** Schedules on at most as many streams as workers that the result must not be worse than. */
  readonly rivals?: readonly OperatorSchedule[];
}

/** Name of this algorithm in schedules. */
const NAME = "top-compile";

/** Groups, dependencies and reads looked at in all evaluations: keeps 100,000 operators in seconds. */
const MAXIMUM_EFFORT = 20_000_000;

/** Factors by which list schedules overrate the cost of crossing between workers. */
const CAUTIONS: readonly number[] = [0.5, 1, 2, 4, 8];

/**
 * The best schedule found for `workers`, never worse than sequential or any rival in the simulator.
 *
 * Cost: about `evaluations` times O((V + E) * workers).
 */
export function searchWorkers(
  problem: OperatorProblem,
  workers: WorkerCosts,
  options: WorkerSearchOptions = {},
): OperatorSchedule {
  const { graph, costs } = problem;
  const candidates = [searchSequential(problem), ...(options.rivals ?? [])];
  if (workers.workers > 1 && graph.operators.length > 1) {
    candidates.push(searchGroups(problem, workers, options));
  }
  const predict = (schedule: OperatorSchedule): number =>
    simulateWorkers(graph, schedule, costs, workers).makespanNs;
  const times = candidates.map(predict);
  const best = times.reduce((at, ns, i) => (ns < times[at]! ? i : at), 0);
  return { ...(candidates[best] as OperatorSchedule), algorithm: NAME };
}

function searchGroups(
  problem: OperatorProblem,
  workers: WorkerCosts,
  options: WorkerSearchOptions,
): OperatorSchedule {
  const { graph, costs } = problem;
  const chains = chainsOf(graph);
  const groups = groupGraphOf(graph, chains, costs, workers);
  const random = seededRandom(options.seed ?? 1);
  const evaluator = new GroupEvaluator(groups, workers);
  const wanted = options.evaluations ?? 4000;
  const evaluations = Math.min(wanted, affordable(groups));
  const starts = [
    regionPlan(groups, workers, evaluations, random.fork(0)),
    ...listSchedules(groups, workers),
    ...(options.rivals ?? []).map((rival) => planOf(rival, chains)),
  ];
  let best = judge(sequentialPlan(groups.count), evaluator);
  for (const start of starts) {
    const judged = judge(start, evaluator);
    best = isBetter(judged, best) ? judged : best;
  }
  const limits = { evaluations, workers: workers.workers, random: random.fork(1) };
  const { lowerBoundNs } = workerBounds(problem, workers);
  const isOpen = (plan: JudgedPlan): boolean => Math.round(plan.makespanNs) > lowerBoundNs;
  if (isOpen(best)) {
    best = improvePlan(groups, best, evaluator, limits);
  }
  const single = singlePlan(chains, best.plan);
  if (!isOpen(best) || groups.count === graph.operators.length) {
    return scheduleOf(problem, single);
  }
  const singles = graph.operators.map(({ id }) => [id]);
  const operators = groupGraphOf(graph, singles, costs, workers);
  const singleEvaluator = new GroupEvaluator(operators, workers);
  const share = Math.min(evaluations, affordable(operators)) / 2;
  const start = judge(single, singleEvaluator);
  const finest = improvePlan(operators, start, singleEvaluator, { ...limits, evaluations: share });
  return scheduleOf(problem, finest.plan);
}

/** Number of times that a graph may be evaluated. */
function affordable({ count, predecessors, reads }: GroupGraph): number {
  return Math.ceil(MAXIMUM_EFFORT / (count + predecessors.items.length + reads.items.length));
}

/** List schedules on 2, 3, 4, 6, 8, ... and all workers, from bold to careful. */
function listSchedules(groups: GroupGraph, workers: WorkerCosts): GroupPlan[] {
  const counts = new Set([workers.workers]);
  for (let count = 2; count <= workers.workers; count += Math.max(1, count >> 1)) {
    counts.add(count);
  }
  return [...counts].flatMap((count) =>
    CAUTIONS.map((caution) => listSchedule(groups, workers, count, caution)),
  );
}

/** Each region by itself, one after the other on workers renamed so that they meet. */
function regionPlan(
  groups: GroupGraph,
  workers: WorkerCosts,
  evaluations: number,
  random: Random,
): GroupPlan {
  const plan = {
    order: new Int32Array(groups.count),
    workerOf: new Int32Array(groups.count),
    isQuiet: new Uint8Array(groups.count),
  };
  let entryWorker = 0;
  for (const [index, region] of regionsOf(groups).entries()) {
    const part = searchRegion(groups, region, workers, evaluations, random.fork(index));
    // Workers are alike: exchanging two names lets the region begin where the last one ended.
    const entry = region.hasEntry ? part.workerOf[0]! : entryWorker;
    const rename = (worker: number): number =>
      worker === entry ? entryWorker : worker === entryWorker ? entry : worker;
    for (let i = 0; i < part.order.length; i++) {
      plan.order[region.first + i] = region.first + part.order[i]!;
      plan.workerOf[region.first + i] = rename(part.workerOf[i]!);
      plan.isQuiet[region.first + i] = part.isQuiet[i]!;
    }
    entryWorker = plan.workerOf[region.last]!;
  }
  return plan;
}

function searchRegion(
  groups: GroupGraph,
  { first, last }: Region,
  workers: WorkerCosts,
  evaluations: number,
  random: Random,
): GroupPlan {
  const size = last - first + 1;
  const inner = Array.from({ length: size }, (_, i) => first + i);
  const sequential = sequentialPlan(size);
  // Regions of the size of the graph are left to the search for the whole graph.
  if (size < 3 || size > groups.count / 2 + 2) {
    return sequential;
  }
  const part = partOf(groups, inner);
  if (largestGain(part) <= 2 * workers.segmentNs) {
    return sequential;
  }
  const evaluator = new GroupEvaluator(part, workers, "part");
  let best: JudgedPlan = judge(sequential, evaluator);
  for (const plan of listSchedules(part, workers)) {
    const judged = judge(plan, evaluator);
    best = isBetter(judged, best) ? judged : best;
  }
  const share = Math.ceil((evaluations * size) / groups.count);
  const limits = { evaluations: Math.min(400, 4 * share), workers: workers.workers, random };
  return improvePlan(part, best, evaluator, limits).plan;
}

/** Upper bound on the gain of splitting the region: all work but the longest path. */
function largestGain({ count, workNs, predecessors }: GroupGraph): number {
  const end = new Float64Array(count);
  let total = 0;
  let longest = 0;
  for (let group = 0; group < count; group++) {
    let start = 0;
    for (let i = predecessors.start[group]!; i < predecessors.start[group + 1]!; i++) {
      start = Math.max(start, end[predecessors.items[i]!]!);
    }
    end[group] = start + workNs[group]!;
    total += workNs[group]!;
    longest = Math.max(longest, end[group]!);
  }
  return total - longest;
}

/** The plan in which every chain is where and when a schedule launches its first operator. */
function planOf({ launches }: OperatorSchedule, chains: readonly (readonly number[])[]): GroupPlan {
  const groupOfFirst = new Int32Array(launches.length).fill(-1);
  for (const [group, chain] of chains.entries()) {
    groupOfFirst[chain[0]!] = group;
  }
  const order: number[] = [];
  const workerOf = new Int32Array(chains.length);
  for (const { operator, stream } of launches) {
    const group = groupOfFirst[operator]!;
    if (group >= 0) {
      order.push(group);
      workerOf[group] = stream;
    }
  }
  return { order: Int32Array.from(order), workerOf, isQuiet: new Uint8Array(chains.length) };
}

/** The plan of single operators that a plan of chains means. */
function singlePlan(chains: readonly (readonly number[])[], plan: GroupPlan): GroupPlan {
  const order = Int32Array.from(Array.from(plan.order, (group) => chains[group] ?? []).flat());
  const workerOf = new Int32Array(order.length);
  const isQuiet = new Uint8Array(order.length).fill(1);
  for (const [group, chain] of chains.entries()) {
    for (const id of chain) {
      workerOf[id] = plan.workerOf[group]!;
    }
    // Inside a chain nothing else reads, so that only its last operator has an end to signal.
    isQuiet[chain.at(-1)!] = plan.isQuiet[group]!;
  }
  return { order, workerOf, isQuiet };
}

function scheduleOf({ graph }: OperatorProblem, plan: GroupPlan): OperatorSchedule {
  const { order, workerOf, isQuiet } = plan;
  return composeSchedule(graph, NAME, { order, streamOf: workerOf, isQuiet });
}
