/** What a pipeline's times on GPUs rest on that nobody has measured, and what follows from it. */
import { list, object } from "../core/json-containers.js";
import { integer, number, type Shape } from "../core/json-shape.js";
import { speedUpRange } from "../schedule/speed-up-range.js";
import { NANOSECONDS } from "./nanoseconds.js";

/** The GPUs as they may be, and the times in the order of the schedule then; integer nanoseconds. */
export interface PipelineScenario {
  readonly kernelFloorNs: number;
  readonly launchGapNs: number;
  /** The whole model on one of them, a micro-batch. */
  readonly oneDeviceNs: number;
  /** For all micro-batches of the period. */
  readonly periodNs: number;
  readonly makespanNs: number;
}

/** A pipeline over the range of what is assumed. */
export interface PipelineRange {
  /** Throughput over one device under the same scenario: least and greatest, to four digits. */
  readonly speedUp: { readonly low: number; readonly high: number };
  /** The figures that all other predictions use, then the corners of what is assumed. */
  readonly scenarios: readonly PipelineScenario[];
}

const NS = NANOSECONDS;
const FACTOR = number(0, 1e9);
/** More than there are corners of what is assumed. */
const MOST_SCENARIOS = 100;

const SCENARIO: Shape<PipelineScenario> = object<PipelineScenario>({
  kernelFloorNs: NS.describe("Shortest time that any kernel takes."),
  launchGapNs: NS.describe("Between two kernels of a device."),
  oneDeviceNs: NS.describe("The whole model on one device, a micro-batch."),
  periodNs: integer(1).describe("For all micro-batches of the period, in the schedule's order."),
  makespanNs: integer(1).describe("Of all micro-batches, in the schedule's order."),
}).named("pipelineScenario");

/** The form of `range` in a `pipeline` section. */
export const pipelineRangeShape: Shape<PipelineRange> = object<PipelineRange>({
  speedUp: object<PipelineRange["speedUp"]>({ low: FACTOR, high: FACTOR }).describe(
    "Throughput over one device under the same scenario.",
  ),
  scenarios: list(SCENARIO, MOST_SCENARIOS).describe(
    "The figures that all other predictions use, then the corners of what is assumed.",
  ),
})
  .describe(
    "On GPUs: the pipeline over the range of what is assumed of them; absent where nothing is, or the model is unknown.",
  )
  .named("pipelineRange");

/** The range that follows from scenarios; `undefined` without any. */
export function pipelineRangeOf(
  scenarios: readonly PipelineScenario[],
  microBatchesPerPeriod: number,
): PipelineRange | undefined {
  if (scenarios.length === 0) {
    return undefined;
  }
  const { low, high } = speedUpRange(
    scenarios.map(({ oneDeviceNs }) => oneDeviceNs * microBatchesPerPeriod),
    scenarios.map(({ periodNs }) => periodNs),
  );
  return { speedUp: { low, high }, scenarios };
}
