/**
 * What is assumed of a device rather than measured, and how far it may be from what is used.
 *
 * A figure that nobody has measured has a low and a high value beside the value that predictions use, and
 * says where these are from. What such figures decide is then known to decide it (`scenarios.ts`).
 */
import { list, object, optional } from "../core/json-containers.js";
import { integer, type JsonProblem, number, oneOf, type Shape, text } from "../core/json-shape.js";
import { SM_SHARINGS, type SmSharing } from "./sm-sharing.js";

/** A figure that may be anything from `low` to `high`. */
export interface FigureRange {
  readonly low: number;
  readonly high: number;
  /** Where the ends are from, or why they are assumed. */
  readonly source: string;
}

/** Ways of sharing SMs, each of which may be the true one. */
export interface SharingRange {
  readonly values: readonly SmSharing[];
  readonly source: string;
}

/** Figures of a device model that may be other than they are used; those that are absent are certain. */
export interface AssumedRanges {
  readonly kernelFloorNs?: FigureRange;
  readonly launchGapNs?: FigureRange;
  /** Of an event, which every fork and every join of streams costs. */
  readonly eventNs?: FigureRange;
  /** Least time between the starts of two kernels, whatever their streams; used: 0 unless the model says. */
  readonly dispatchNs?: FigureRange;
  /** What a kernel loses to each other one beside it, as a share of its speed; used: 0.02. */
  readonly interference?: FigureRange;
  readonly sharing?: SharingRange;
}

/** What a kernel loses to each neighbor, as a share of its speed, where no pairs were measured. */
export const USUAL_INTERFERENCE = 0.02;

/** The figures that ranges are of, as they are used. */
export interface UsedFigures {
  readonly kernelFloorNs: number;
  readonly launchGapNs: number;
  readonly eventNs: number;
  readonly dispatchNs?: number;
  readonly sharing?: SmSharing;
}

const SOURCE = text(500);
const NS = integer(0, 1_000_000);

function rangeOf(end: Shape<number>): Shape<FigureRange> {
  return object<FigureRange>({ low: end, high: end, source: SOURCE });
}

const NS_RANGE = rangeOf(NS).named("latencyRange");

/** The ranges as they stand in a file. */
export const assumedRangesShape: Shape<AssumedRanges> = object<AssumedRanges>({
  kernelFloorNs: optional(NS_RANGE),
  launchGapNs: optional(NS_RANGE),
  eventNs: optional(NS_RANGE),
  dispatchNs: optional(
    NS_RANGE.describe(
      "Least time between the starts of two kernels, whatever their streams; predictions use 0.",
    ),
  ),
  interference: optional(
    rangeOf(number(0, 1)).describe(
      `What a kernel loses to each other one beside it, as a share of its speed; predictions use ${USUAL_INTERFERENCE}.`,
    ),
  ),
  sharing: optional(
    object<SharingRange>({
      values: list(oneOf(...SM_SHARINGS), SM_SHARINGS.length),
      source: SOURCE,
    }),
  ),
}).describe(
  "Figures that are assumed: how far they may be from the ones used, and where that is from. Absent: certain.",
);

/** Ranges that do not hold the figure that is used, by their pointers below that of the device model. */
export function rangeProblems(
  ranges: AssumedRanges | undefined,
  used: UsedFigures,
): readonly JsonProblem[] {
  const figures = {
    kernelFloorNs: used.kernelFloorNs,
    launchGapNs: used.launchGapNs,
    eventNs: used.eventNs,
    dispatchNs: used.dispatchNs ?? 0,
    interference: USUAL_INTERFERENCE,
  };
  const problems = (Object.keys(figures) as (keyof typeof figures)[]).flatMap(
    (name): JsonProblem[] => {
      const range = ranges?.[name];
      const figure = figures[name];
      const holds = range === undefined || (range.low <= figure && figure <= range.high);
      const is = `is ${range?.low} to ${range?.high}`;
      return holds
        ? []
        : [{ pointer: `/ranges/${name}`, message: `must hold the figure used, ${figure}; ${is}` }];
    },
  );
  const usedSharing = used.sharing ?? "exclusive";
  const holdsSharing = ranges?.sharing?.values.includes(usedSharing) ?? true;
  return holdsSharing
    ? problems
    : [
        ...problems,
        { pointer: "/ranges/sharing", message: `must hold the sharing used, ${usedSharing}` },
      ];
}
