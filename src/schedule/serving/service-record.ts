/**
 * What tasks take that vary: a record of successive tasks, in two parts. Most of them vary a little and by themselves;
 * of these quantiles are enough. A few are slow, because something else had their core or their memory, and these come
 * in bursts: it is the bursts that the largest latencies are made of. So slow tasks are kept one by one, each at its
 * position among all.
 */
import { seededRandom } from "../../core/random.js";

/** Successive tasks of one run while a server served with so many sessions. Nanoseconds, as if alone. */
export interface ServiceRecord {
  /** Most tasks in flight. */
  readonly sessions: number;
  /** What a task takes longer that is launched when a request comes, not when another task ends. */
  readonly wakeNs: number;
  /** Tasks of the record. */
  readonly tasks: number;
  /** Mean times of equal parts of the usual tasks: ascending. */
  readonly usualNs: readonly number[];
  /** Positions of the slow tasks among all, ascending from 0, and what they took. */
  readonly slowAt: readonly number[];
  readonly slowNs: readonly number[];
}

/** Numbers drawn for each model; a launch takes that of its number among the model's, in turns. */
const DRAWS = 8192;

/** What the launch of a number among those of a model takes, by a record of its run: nanoseconds. */
export type DrawnTimes = (record: ServiceRecord, model: number, launch: number) => number;

/**
 * Times by the seed: a launch of a model has the same luck whatever the policy, so that policies are compared on the same
 * terms. Launches go through a record from a position that is drawn, in its order and from its end to its beginning;
 * each that is a usual task there takes the time of a part that is drawn.
 */
export function drawnTimes(models: number, seed: number): DrawnTimes {
  const luck = Array.from({ length: models }, (_, model) => {
    const random = seededRandom(seed).fork(model);
    const start = random.next();
    return { start, draws: Float64Array.from({ length: DRAWS }, () => random.next()) };
  });
  const slowOf = new WeakMap<ServiceRecord, ReadonlyMap<number, number>>();
  return (record, model, launch) => {
    const { start, draws } = luck[model]!;
    const { tasks, usualNs } = record;
    let slow = slowOf.get(record);
    if (slow === undefined) {
      slow = new Map(record.slowAt.map((at, i) => [at, record.slowNs[i]!]));
      slowOf.set(record, slow);
    }
    const position = (Math.floor(start * tasks) + launch) % tasks;
    return slow.get(position) ?? usualNs[Math.floor(draws[launch % DRAWS]! * usualNs.length)]!;
  };
}

/** The record of a policy with so many sessions: of the fewest that are as many, or of the most. */
export function recordFor(records: readonly ServiceRecord[], sessions: number): ServiceRecord {
  return records.find((each) => each.sessions >= sessions) ?? records.at(-1)!;
}

/** The mean time of the tasks of a record. */
export function meanOfRecord({ tasks, usualNs, slowNs }: ServiceRecord): number {
  const usual = usualNs.reduce((sum, each) => sum + each, 0) / usualNs.length;
  const slow = slowNs.reduce((sum, each) => sum + each, 0);
  return (usual * (tasks - slowNs.length) + slow) / tasks;
}
