/** Traces of PyTorch's profiler, one per rank, as the rows of a schedule with measured times. */
import { counted, formatNs } from "../../core/format.js";
import { fail, ok, type Result } from "../../core/result.js";
import { importNoActions, importSchedulesConflict } from "../failures.js";
import { readingSource, type SourceFile } from "../read-problem.js";
import type { ReadSchedule, RowTimes } from "../schedule-record.js";
import { type ComputeKind, isCompute } from "./action.js";
import { clockMoves } from "./align-clocks.js";
import type { StageSamples } from "./measured-times.js";
import { MOST_RANKS } from "./read-csv.js";
import { type RankTrace, rankTraceIn, type TraceEvent } from "./trace-events.js";
import { wholeSteps } from "./trace-steps.js";

/** The actions of a rank, step by step. */
interface RankSteps {
  readonly trace: RankTrace;
  /** Those whose times count; the first of several is left out. */
  readonly steps: readonly (readonly TraceEvent[])[];
  readonly partial: number;
}

/**
 * Reads the traces of all ranks, in any order; `chains` as in `stagesOfRows`.
 *
 * Fails: `import-malformed`, `import-actions-missing` for a trace without actions, `import-schedules-conflict` for
 * two traces of one rank.
 */
export function readTraces(files: readonly SourceFile[], chains: number = 1): Result<ReadSchedule> {
  if (files.length > MOST_RANKS) {
    const message = `is one of more than ${MOST_RANKS} traces`;
    return fail([importSchedulesConflict(files[MOST_RANKS]?.path ?? "", message)]);
  }
  const ranks: RankSteps[] = [];
  for (const file of files) {
    const trace = readingSource(file, () => ok(rankTraceIn(file)));
    if (!trace.ok) {
      return trace;
    }
    if (!trace.value.events.some(({ actions }) => actions.some(isCompute))) {
      return fail([importNoActions(file.path)]);
    }
    ranks.push(stepsOf(trace.value));
  }
  return inOrder(ranks, chains);
}

function stepsOf(trace: RankTrace): RankSteps {
  const { steps, partial } = wholeSteps(trace.events);
  return { trace, steps: steps.length > 1 ? steps.slice(1) : steps, partial };
}

function inOrder(found: readonly RankSteps[], chains: number): Result<ReadSchedule> {
  const isNumbered = found.every(({ trace }) => trace.rank !== undefined);
  const ranks = isNumbered
    ? [...found].sort((a, b) => (a.trace.rank ?? 0) - (b.trace.rank ?? 0))
    : found;
  const twice = ranks.find(
    ({ trace }, at) => isNumbered && trace.rank === ranks[at - 1]?.trace.rank,
  );
  if (twice !== undefined) {
    const message = `is a second trace of rank ${twice.trace.rank}: give one per rank`;
    return fail([importSchedulesConflict(twice.trace.file.path, message)]);
  }
  const count = ranks.reduce((least, { steps }) => Math.min(least, steps.length), Infinity);
  const counted = ranks.map((rank) => ({ ...rank, steps: rank.steps.slice(-count) }));
  const samples = samplesOf(counted);
  const { times, note } = timesOf(counted, samples.length / chains);
  return ok({
    format: "pytorch-trace",
    rows: counted.map(({ trace, steps }, rank) => ({
      path: trace.file.path,
      cells: steps.at(-1) ?? [],
      place: `rank ${trace.rank ?? rank}`,
      placeOf: (at) => `event ${at}`,
    })),
    times,
    samples,
    steps: count,
    notes: [...notesOn(ranks), ...(note === undefined ? [] : [note])],
  });
}

/** Times of the last step, by one clock, from the first start. */
function timesOf(
  ranks: readonly RankSteps[],
  chainLength: number,
): {
  readonly times: readonly RowTimes[];
  readonly note?: string;
} {
  const origin = ranks[0]?.trace.originNs ?? 0n;
  const rows = ranks.map(({ trace, steps }) => {
    const offset = Number(trace.originNs - origin);
    return (steps.at(-1) ?? []).map((event) => ({
      ...event,
      startNs: event.startNs + offset,
      endNs: event.endNs + offset,
    }));
  });
  const moves = clockMoves(rows, chainLength);
  const first = Math.min(...rows.map((row, rank) => (row[0]?.startNs ?? 0) + (moves?.[rank] ?? 0)));
  const times = rows.map((row, rank) => {
    const move = (moves?.[rank] ?? 0) - first;
    return {
      startNs: row.map(({ startNs }) => startNs + move),
      endNs: row.map(({ endNs }) => endNs + move),
    };
  });
  const most = Math.max(0, ...(moves ?? []));
  if (moves !== undefined && most === 0) {
    return { times };
  }
  const note =
    moves === undefined
      ? "the clocks of the ranks contradict each other: times of different ranks are not comparable"
      : `the clocks of the ranks differ: times were moved by up to ${formatNs(most)}, so that nothing starts before what it reads has ended`;
  return { times, note };
}

/** Times of single blocks, by stage. */
function samplesOf(ranks: readonly RankSteps[]): readonly StageSamples[] {
  const samples: Partial<Record<ComputeKind, number[]>>[] = [];
  for (const { actions, startNs, endNs } of ranks.flatMap(({ steps }) => steps.flat())) {
    const [action, another] = actions;
    if (action !== undefined && isCompute(action) && another === undefined) {
      while (samples.length <= action.stage) {
        samples.push({});
      }
      const own = samples[action.stage] ?? {};
      const times = own[action.kind] ?? [];
      times.push(endNs - startNs);
      own[action.kind] = times;
    }
  }
  return samples;
}

function notesOn(ranks: readonly RankSteps[]): readonly string[] {
  const partial = Math.max(0, ...ranks.map((rank) => rank.partial));
  const unknown = ranks.flatMap(({ trace }) => trace.unknown);
  const isBare = ranks.some(({ trace }) => trace.kind === "host" && !trace.hasOperators);
  return [
    ...(partial === 0 ? [] : [`left out: ${counted(partial, "step")} recorded in part only`]),
    ...(unknown.length === 0
      ? []
      : [
          `left out: ${counted(unknown.length, "event")} of no known action, such as ${unknown[0]}`,
        ]),
    ...(isBare
      ? [
          "no operators were recorded: time in which a rank waits for data counts as time of its blocks",
        ]
      : []),
  ];
}
