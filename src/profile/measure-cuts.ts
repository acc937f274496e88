/**
 * What cutting a model costs beyond running small sub-models: caches that are cold, memory layouts and fusions
 * of ONNX Runtime that end at a cut. It differs from model to model, so the model itself is cut: into chunks of
 * its operators, in their order, which two workers run in turn. What these runs take longer than predicted,
 * for each segment, is added to what a segment costs.
 */
import { ok, type Result } from "../core/result.js";
import { median } from "../core/statistics.js";
import type { OperatorCosts, WorkerCosts } from "../cost/operator-costs.js";
import type { OperatorGraph } from "../ir/operator-graph.js";
import type { Launch, OperatorSchedule } from "../schedule/operator-schedule.js";
import { simulateWorkers } from "../schedule/simulate-workers.js";
import type { OnProgress } from "./progress.js";
import { fewestRuns } from "./run-counts.js";
import { openSchedule, type RunnableModel } from "./schedule-runner.js";
import { timedRun } from "./timed-run.js";

/** A model to cut, with what is known of it. */
export interface CutRequest extends RunnableModel {
  readonly costs: OperatorCosts;
  readonly workers: WorkerCosts;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

/** A schedule and how long it took. */
export interface MeasuredRun {
  readonly schedule: OperatorSchedule;
  readonly measuredNs: number;
}

/** Chunks into which the model is cut, in turn. */
const CHUNKS: readonly number[] = [6, 16];
const RUNS = 15;

/**
 * The costs of workers with what cuts of this model take. On one worker, or where the model cannot be cut,
 * they are as they were.
 *
 * Fails: the failures of `openSchedule` and of its runs.
 * Cost: some 20 runs for each number of chunks, and as many sessions as chunks.
 */
export async function withCutCosts(request: CutRequest): Promise<Result<WorkerCosts>> {
  const { lowered, costs, workers } = request;
  const { graph } = lowered;
  const counts = CHUNKS.filter((chunks) => chunks <= graph.operators.length);
  if (workers.workers < 2 || counts.length === 0) {
    return ok(workers);
  }
  const runs: MeasuredRun[] = [];
  for (const [at, chunks] of counts.entries()) {
    const schedule = inChunks(graph, chunks);
    const measuredNs = await timeOf(request, schedule);
    if (!measuredNs.ok) {
      return measuredNs;
    }
    runs.push({ schedule, measuredNs: measuredNs.value });
    request.onProgress?.({
      phase: "workers",
      done: at + 1,
      total: counts.length,
      label: "the model in pieces",
    });
  }
  const segmentNs = workers.segmentNs + Math.round(cutNs(graph, costs, workers, runs));
  return ok({ ...workers, segmentNs });
}

/**
 * Chunks of nearly equal numbers of operators, in the order of the graph, on two streams in turn.
 *
 * Requires: at most as many chunks as operators, and at least two.
 */
export function inChunks({ operators }: OperatorGraph, chunks: number): OperatorSchedule {
  const streamOf = operators.map((_, at) => Math.floor((at * chunks) / operators.length) % 2);
  const launches = operators.map(({ id, predecessors, successors }): Launch => {
    const isElsewhere = (other: number): boolean => streamOf[other] !== streamOf[id];
    return {
      operator: id,
      stream: streamOf[id] ?? 0,
      waits: predecessors.filter(isElsewhere).sort((a, b) => a - b),
      record: successors.some(isElsewhere),
    };
  });
  return { algorithm: "chunks", streams: 2, launches };
}

/** Nanoseconds, not negative, that runs took longer than predicted, for each segment of theirs. */
export function cutNs(
  graph: OperatorGraph,
  costs: OperatorCosts,
  workers: WorkerCosts,
  runs: readonly MeasuredRun[],
): number {
  let [lateNs, segments] = [0, 0];
  for (const { schedule, measuredNs } of runs) {
    const predicted = simulateWorkers(graph, schedule, costs, workers);
    lateNs += measuredNs - predicted.makespanNs;
    segments += predicted.segments.length;
  }
  return Math.max(0, lateNs / segments);
}

async function timeOf(request: CutRequest, schedule: OperatorSchedule): Promise<Result<number>> {
  const opened = await openSchedule(request, schedule, request.signal);
  if (!opened.ok) {
    return opened;
  }
  const runner = opened.value;
  try {
    const first = await timedRun(runner, true, request.signal);
    if (!first.ok) {
      return first;
    }
    const times: number[] = [];
    for (let i = fewestRuns(RUNS, first.value.durationNs); i > 0; i--) {
      const run = await timedRun(runner, false, request.signal);
      if (!run.ok) {
        return run;
      }
      times.push(run.value.durationNs);
    }
    return ok(median(times));
  } finally {
    await runner.close();
  }
}
