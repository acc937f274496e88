/** Shapes of times, the same in profiles of CPUs and of GPUs. */
import { type Fields, object } from "../core/json-containers.js";
import { integer, number, type Shape } from "../core/json-shape.js";
import type { RelativeTime, Timing } from "./profile.js";
import { MAX_SAMPLES } from "./profile-limits.js";

/** A whole number from 0. */
export const COUNT: Shape<number> = integer(0).named("count");

/** A number from 0. */
export const RATIO: Shape<number> = number(0).named("ratio");

/** The fields of a `Timing`, for what has more. */
export const TIMING: Fields<Timing> = {
  medianNs: COUNT,
  p10Ns: COUNT,
  p90Ns: COUNT,
  samples: integer(1, MAX_SAMPLES).named("samples"),
};

/** A time. */
export const timingShape: Shape<Timing> = object<Timing>(TIMING)
  .describe("Integer nanoseconds.")
  .named("timing");

/** A time relative to another; that its ends lie on both sides of its median is not checked here. */
export const relativeShape: Shape<RelativeTime> = object<RelativeTime>({
  median: RATIO,
  low: RATIO,
  high: RATIO,
});
