import { integer, type Shape } from "../core/json-shape.js";

/** A duration or a time in a section of an artifact: integer nanoseconds. */
export const NANOSECONDS: Shape<number> = integer(0).named("nanoseconds");
