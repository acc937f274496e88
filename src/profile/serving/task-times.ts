/**
 * What the tasks of a served run took, in the terms of the simulator: a task could begin when its first request had come
 * and a session was free, and from then on it went at the speed that the measured law of the busy threads gives. So the
 * simulator, given these times and the same requests, ends every task when it ended in fact.
 */
import { present } from "../../core/invariant.js";
import { median } from "../../core/statistics.js";
import { contentionAt } from "../../schedule/serving/cpu-sharing.js";
import { meanOfRecord, type ServiceRecord } from "../../schedule/serving/service-record.js";

/** A task as it was served. */
export interface ServedTask {
  /** When its first request arrived. */
  readonly arrivalNs: number;
  readonly endNs: number;
}

/** Under what the tasks were served. */
export interface ServedUnder {
  readonly sessions: number;
  /** Of each task. */
  readonly threads: number;
  /** Times that a task takes longer than alone while 1, 2, ... threads are busy. */
  readonly contention: readonly number[];
}

/** What a task took. */
interface TaskTime {
  /** It was launched when its request came, not when another task ended. */
  readonly isWoken: boolean;
  /** As if alone, from when it could begin, without waking up. */
  readonly ns: number;
}

/** Parts of the usual tasks, and the share of tasks that are not usual: the slowest. */
const PARTS = 20;
const SLOW_SHARE = 0.02;

/** Rounds of looking for what waking takes: in each, tasks beside those that wake are slowed down less. */
const WAKE_ROUNDS = 4;

/**
 * The record of tasks in order of launch: integers. What tasks take longer that had to be woken is the difference of
 * medians. Requires: some tasks. Cost: O(tasks x (log tasks + sessions)).
 */
export function recordOf(tasks: readonly ServedTask[], under: ServedUnder): ServiceRecord {
  let wakeNs = 0;
  for (let round = 0; round < WAKE_ROUNDS; round++) {
    wakeNs = Math.max(0, wakeNs + lateBy(timesOf(tasks, under, wakeNs)));
  }
  const times = timesOf(tasks, under, wakeNs).map(({ ns }) => Math.max(1, Math.round(ns)));
  const slow = slowestOf(times, Math.floor(SLOW_SHARE * times.length));
  const usual = times.filter((_, at) => !slow.has(at)).sort((a, b) => a - b);
  const slowAt = [...slow].sort((a, b) => a - b);
  return {
    sessions: under.sessions,
    wakeNs,
    tasks: times.length,
    usualNs: partMeans(usual),
    slowAt,
    slowNs: slowAt.map((at) => times[at]!),
  };
}

/** Of an odd number of records the one with the middle mean time. */
export function middleRecord(records: readonly ServiceRecord[]): ServiceRecord {
  const ascending = records.toSorted((a, b) => meanOfRecord(a) - meanOfRecord(b));
  return present(ascending[(ascending.length - 1) / 2], "an odd number of records");
}

function timesOf(
  tasks: readonly ServedTask[],
  { sessions, threads, contention }: ServedUnder,
  wakeNs: number,
): readonly TaskTime[] {
  const begins = beginningsOf(tasks, sessions, wakeNs);
  const moments = [
    ...begins.map(({ atNs }, task) => ({ atNs, task, isEnd: false })),
    ...tasks.map(({ endNs }, task) => ({ atNs: endNs, task, isEnd: true })),
  ].sort((a, b) => a.atNs - b.atNs || Number(a.isEnd) - Number(b.isEnd));
  const times = new Array<TaskTime>(tasks.length);
  const started = new Float64Array(tasks.length);
  let doneNs = 0;
  let busy = 0;
  let beforeNs = 0;
  for (const { atNs, task, isEnd } of moments) {
    if (busy > 0) {
      doneNs += (atNs - beforeNs) / contentionAt(contention, busy * threads);
    }
    beforeNs = atNs;
    busy += isEnd ? -1 : 1;
    if (isEnd) {
      times[task] = { isWoken: begins[task]!.isWoken, ns: doneNs - started[task]! };
    } else {
      started[task] = doneNs;
    }
  }
  return times;
}

/** When each task began its work, and whether it was woken for that. */
function beginningsOf(tasks: readonly ServedTask[], sessions: number, wakeNs: number) {
  /** The last ends of tasks before, ascending: as many as there are sessions. */
  const ends: number[] = [];
  return tasks.map(({ arrivalNs, endNs }) => {
    const freeNs = ends.at(-sessions) ?? Number.NEGATIVE_INFINITY;
    const isWoken = arrivalNs >= freeNs;
    const atNs = isWoken ? Math.min(arrivalNs + wakeNs, endNs) : freeNs;
    const after = ends.findLastIndex((each) => each <= endNs);
    ends.splice(after + 1, 0, endNs);
    if (ends.length > sessions) {
      ends.shift();
    }
    return { atNs, isWoken };
  });
}

/** By what the median task that was woken is longer than that of the others. */
function lateBy(times: readonly TaskTime[]): number {
  const of = (woken: boolean): readonly number[] =>
    times.filter(({ isWoken }) => isWoken === woken).map(({ ns }) => ns);
  const [woken, others] = [of(true), of(false)];
  return woken.length === 0 || others.length === 0 ? 0 : Math.round(median(woken) - median(others));
}

/** Positions of the largest numbers; of equal ones the first. */
function slowestOf(numbers: readonly number[], count: number): ReadonlySet<number> {
  const order = numbers.map((_, at) => at).sort((a, b) => numbers[b]! - numbers[a]! || a - b);
  return new Set(order.slice(0, count));
}

/** Means of equal parts of ascending numbers; a number that lies in two parts counts for each by its share. */
function partMeans(ascending: readonly number[]): readonly number[] {
  const length = ascending.length / PARTS;
  return Array.from({ length: PARTS }, (_, part) => {
    const [from, to] = [part * length, (part + 1) * length];
    let sum = 0;
    for (let at = Math.floor(from); at < Math.min(Math.ceil(to), ascending.length); at++) {
      sum += (Math.min(to, at + 1) - Math.max(from, at)) * ascending[at]!;
    }
    return Math.round(sum / length);
  });
}
