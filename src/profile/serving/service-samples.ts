/** Service times read off a server that always had something to do. */
import { present } from "../../core/invariant.js";
import { median } from "../../core/statistics.js";
import type { Served } from "../../runtime/serving/server.js";
import type { ServedTask } from "./task-times.js";

/** The first part of a run is left out: engines and caches settle. */
const LEFT_OUT = 0.2;

/** Parts of a run whose paces are compared: a disturbance of one of them does not count. */
const PARTS = 5;

/** A task, in order of launch. */
interface Task extends ServedTask {
  readonly launchNs: number;
}

/** The tasks of the first model. */
export function tasksOf({
  arrivalNs,
  launchNs,
  endNs,
}: Pick<Served, "arrivalNs" | "launchNs" | "endNs">): readonly Task[] {
  const arrivals = present(arrivalNs[0], "arrivals of the model");
  const launches = present(launchNs[0], "launches of the model");
  const ends = present(endNs[0], "ends of the model");
  return Array.from(launches, (launch, at) => {
    return { arrivalNs: arrivals[at] ?? 0, launchNs: launch, endNs: ends[at] ?? 0 };
  }).filter(
    ({ launchNs: launch, endNs: end }, at, all) =>
      end >= 0 && (at === 0 || launch !== all[at - 1]?.launchNs),
  );
}

/**
 * Mean time from one task of a session to the next while so many sessions are busy: the median over parts of the
 * run, in integer nanoseconds.
 */
export function paceOf(tasks: readonly Task[], sessions: number): number {
  const counted = tasks.slice(Math.floor(LEFT_OUT * tasks.length));
  const parts = Math.max(1, Math.min(PARTS, Math.floor((counted.length - 1) / sessions)));
  const at = (part: number): number => Math.floor((part * (counted.length - 1)) / parts);
  const paces = Array.from({ length: parts }, (_, part) => {
    const [from, to] = [at(part), at(part + 1)];
    const span = (counted[to]?.launchNs ?? 0) - (counted[from]?.launchNs ?? 0);
    return (sessions * span) / Math.max(1, to - from);
  });
  return Math.max(1, Math.round(median(paces)));
}
