/**
 * What the script of a page gets to draw: columns of numbers rather than records, because a page of ten
 * thousand events has to stay small.
 */

/** The unit of times: nanoseconds, or the steps of a placement. */
export type PageUnit = "ns" | "step";

/** Events on lanes. Columns have one entry for each event: lane after lane, by start in each. */
export interface TimelineData {
  /** Names of lanes, and how many events each has. */
  readonly lanes: readonly string[];
  readonly counts: readonly number[];
  /** Time at the right edge; the left one is 0. */
  readonly end: number;
  /** Start after the start of the event before in the lane, in the first event after 0. */
  readonly starts: readonly number[];
  readonly durations: readonly number[];
  /** Texts of events, each once, and which of them an event has. */
  readonly labels: readonly string[];
  readonly label: readonly number[];
  /** Micro-batches, shown behind the text; absent: there are none. */
  readonly numbers?: readonly number[];
  /** Colors of events, and what they stand for; without names they stand for lanes. */
  readonly color: readonly number[];
  readonly colors: readonly string[];
  /** How many events an event waits for, and which: positions among all events. */
  readonly waitCounts: readonly number[];
  readonly waits: readonly number[];
  /** Positions of the events that decide the end. */
  readonly chain: readonly number[];
  /** Parts that can be looked at by themselves. */
  readonly views: readonly { readonly title: string; readonly from: number; readonly to: number }[];
}

/** What the numbers of an axis are. */
export type Quantity = "time" | "bytes" | "percent" | "number";

/** Curves over one axis. */
export interface CurveData {
  /** The id of the element that they are drawn in. */
  readonly id: string;
  readonly x: { readonly label: string; readonly quantity: Quantity };
  readonly y: { readonly label: string; readonly quantity: Quantity };
  /** Whether a value holds until the next one, instead of a line between the two. */
  readonly isStepped: boolean;
  /** Whether the axis is that of the timeline, and moves with it. */
  readonly followsTimeline: boolean;
  readonly series: readonly CurveSeries[];
}

/** One curve. */
export interface CurveSeries {
  readonly name: string;
  /** Each after the one before, the first after 0. */
  readonly dx: readonly number[];
  readonly y: readonly number[];
}

/** Everything that the script of a page draws. */
export interface PageData {
  readonly unit: PageUnit;
  readonly timeline?: TimelineData;
  readonly curves: readonly CurveData[];
}
