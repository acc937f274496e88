import { counted, formatNs } from "../core/format.js";
import { longestPeriodNs } from "../launcher/window-launches.js";
import type { MergedWindow } from "../schedule/serving/merged-window.js";

/** What is reported of a window. */
export interface ReportedWindow
  extends Pick<MergedWindow, "periodNs" | "lowerBoundNs" | "boundedBy" | "status"> {
  /** Each with the position of its model, its batch, and how many parts it has. */
  readonly tasks: readonly {
    readonly model: number;
    readonly batch: number;
    readonly parts: number;
  }[];
}

/**
 * What a window launches, how long it takes with what is proved of that, and whether windows that begin at least
 * `apartNs` apart sustain the rates, in requests per second by model.
 */
export function windowLines(
  { tasks, periodNs, lowerBoundNs, status, boundedBy }: ReportedWindow,
  apartNs: number,
  rates: readonly number[],
): readonly string[] {
  const parts = Math.max(...tasks.map((task) => task.parts));
  const cut = parts === 1 ? "" : ` in up to ${parts} parts`;
  const proof =
    status === "optimal"
      ? "no schedule of it takes less"
      : `its bound is ${formatNs(lowerBoundNs)} (${boundedBy.replace("-", " ")})`;
  const own = rates.map((_, model) => tasks.filter((task) => task.model === model));
  const longestNs = longestPeriodNs(
    rates,
    own.map(([first]) => first?.batch ?? 1),
    own.map(({ length }) => length),
  );
  const isStable = Math.max(periodNs, apartNs) <= longestNs;
  return [
    `A window of ${counted(tasks.length, "task")}${cut} takes ${formatNs(periodNs)}; ${proof}.`,
    `The rates need one every ${formatNs(longestNs)}: they are ${isStable ? "" : "not "}sustained.`,
  ];
}
