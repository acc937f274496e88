/** What a prediction for a GPU rests on that nobody has measured, and what follows from it. */
import { list, object, optional } from "../core/json-containers.js";
import { integer, number, oneOf, type Shape } from "../core/json-shape.js";
import type { Scenario } from "../cost/scenarios.js";
import { SM_SHARINGS } from "../cost/sm-sharing.js";
import type { SequentialCase } from "../schedule/gpu-candidate.js";
import { type SpeedUpRange, speedUpRange } from "../schedule/speed-up-range.js";
import { NANOSECONDS } from "./nanoseconds.js";

/** A device as it may be, with the times that one stream and the schedule then take; integer nanoseconds. */
export interface ArtifactScenario extends Scenario {
  readonly sequentialNs: number;
  readonly predictedNs: number;
}

/** A schedule over the range of what is assumed. */
export interface ArtifactRange {
  /** Over one stream under the same scenario: least and greatest, to four digits. */
  readonly speedUp: { readonly low: number; readonly high: number };
  /** The figures that all other predictions use, then the corners of what is assumed. */
  readonly scenarios: readonly ArtifactScenario[];
}

const NS = NANOSECONDS;
const FACTOR = number(0, 1e9);
/** More than there are corners of what is assumed. */
const MOST_SCENARIOS = 100;
const POSITION = integer(0, MOST_SCENARIOS - 1).describe("Position in range/scenarios.");

const SCENARIO: Shape<ArtifactScenario> = object<ArtifactScenario>({
  kernelFloorNs: NS.describe("Shortest time that any kernel takes."),
  launchGapNs: NS.describe("Between two kernels of a stream."),
  eventNs: NS.describe("From a kernel to one on another stream that waits for it."),
  dispatchNs: NS.describe("Least time between the starts of two kernels, whatever their streams."),
  interference: optional(
    number(0, 1).describe(
      "What a kernel loses to each other one beside it, as a share of its speed; absent: not assumed.",
    ),
  ),
  sharing: oneOf(...SM_SHARINGS).describe("Whether thread blocks of several kernels share an SM."),
  sequentialNs: NS.describe("One stream of the model as it is."),
  predictedNs: NS.describe("This schedule."),
});

/** The form of `range` in an `operators` section. */
export const artifactRangeShape: Shape<ArtifactRange> = object<ArtifactRange>({
  speedUp: object<ArtifactRange["speedUp"]>({ low: FACTOR, high: FACTOR }).describe(
    "Over one stream under the same scenario.",
  ),
  scenarios: list(SCENARIO, MOST_SCENARIOS).describe(
    "The figures that all other predictions use, then the corners of what is assumed.",
  ),
}).describe(
  "On a GPU: the schedule over the range of what is assumed of the device; absent where nothing is.",
);

/** The form of a candidate's speed-up. */
export const speedUpRangeShape: Shape<SpeedUpRange> = object<SpeedUpRange>({
  low: FACTOR,
  lowAt: POSITION,
  high: FACTOR,
  highAt: POSITION,
}).describe("Over one stream, least and greatest over range/scenarios; absent without them.");

/** The section of a schedule that takes `timesNs` in these cases; `undefined` where nothing is assumed. */
export function artifactRangeOf(
  cases: readonly SequentialCase[],
  timesNs: readonly number[],
): ArtifactRange | undefined {
  if (cases.length === 0) {
    return undefined;
  }
  const { low, high } = speedUpRange(
    cases.map(({ sequentialNs }) => sequentialNs),
    timesNs,
  );
  return {
    speedUp: { low, high },
    scenarios: cases.map(({ scenario, sequentialNs }, at) => ({
      ...scenario,
      sequentialNs,
      predictedNs: timesNs[at] ?? 0,
    })),
  };
}
