/** How long tasks take that vary, worked out by itself for `replayRequests` from docs/serving.md. */
import { seededRandom } from "../core/random.js";
import type { BatchRun } from "../schedule/serving/serving-model.js";

/** Launches of a model after which its draws begin again. */
const DRAWS = 8192;

/** A launch whose times are asked for. */
export interface LaunchLuck {
  readonly model: number;
  /** Its number among those of the model, from 0. */
  readonly launch: number;
  /** Most tasks of the model in flight. */
  readonly concurrency: number;
}

/** What a launch takes. */
export interface LaunchTimes {
  /** Times that it takes longer than its run does. */
  readonly factor: number;
  /** What it takes longer if it is launched by a request or a period. */
  readonly wakeNs: number;
}

/** Times of launches of a run. */
export type LaunchTimesOf = (run: BatchRun, luck: LaunchLuck) => LaunchTimes;

/** What is drawn for a model. */
interface Luck {
  readonly start: number;
  readonly draws: readonly number[];
}

/** Times by the seed; without one all launches of a run take the same. */
export function launchTimes(seed: number | undefined): LaunchTimesOf {
  const drawn = new Map<number, Luck>();
  return (run, { model, launch, concurrency }) => {
    const { records, profile } = run;
    const enough = records?.filter(({ sessions }) => sessions >= concurrency) ?? [];
    const record = enough[0] ?? records?.[records.length - 1];
    if (record === undefined) {
      return { factor: 1, wakeNs: 0 };
    }
    const { wakeNs, tasks, usualNs, slowAt, slowNs } = record;
    if (seed === undefined) {
      return { factor: 1, wakeNs };
    }
    const luck = drawn.get(model) ?? luckOf(seed, model);
    drawn.set(model, luck);
    const place = (Math.floor(luck.start * tasks) + launch) % tasks;
    const slow = placeIn(slowAt, place);
    const part = Math.floor(luck.draws[launch % DRAWS]! * usualNs.length);
    const ns = slow === undefined ? usualNs[part]! : slowNs[slow]!;
    return { factor: ns / profile.ns.reduce((sum, each) => sum + each, 0), wakeNs };
  };
}

function luckOf(seed: number, model: number): Luck {
  const random = seededRandom(seed).fork(model);
  const start = random.next();
  return { start, draws: Array.from({ length: DRAWS }, () => random.next()) };
}

/** Where a number stands in ascending ones; `undefined`: nowhere. */
function placeIn(ascending: readonly number[], wanted: number): number | undefined {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return ascending[low] === wanted ? low : undefined;
}
