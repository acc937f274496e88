import {
  arithmeticIntensity,
  type OperatorGraph,
  type OperatorWork,
} from "../ir/operator-graph.js";
import type { OperatorCosts } from "./operator-costs.js";

/** What limits an operator on a device: its arithmetic, or the memory it moves. */
export type BoundClass = "compute" | "memory";

/**
 * Compute-bound when the operator does more FLOPs per byte than `ridge`, the FLOPs per byte at
 * which a device's arithmetic and its memory take the same time.
 *
 * Source: Williams, Waterman, Patterson, Roofline, CACM 2009.
 */
export function boundClass(work: OperatorWork, ridge: number): BoundClass {
  return work.flops > 0 && arithmeticIntensity(work) >= ridge ? "compute" : "memory";
}

/** FLOPs per byte of a device about which nothing else is known: between CPUs (5-15) and GPUs (10-50). */
const USUAL_RIDGE = 10;

/**
 * The ridge point that the costs themselves show: the best rate of arithmetic of any operator over
 * the best rate of memory traffic of any operator. A model in which nothing computes, or nothing
 * takes time, has no ridge of its own and gets 10 FLOPs per byte.
 *
 * The rates are those that operators reach, not a data sheet's: both are too low, usually by about
 * the same factor, and the classification only needs their ratio.
 *
 * Units: FLOPs per byte. Cost: O(V).
 */
export function ridgeOf(graph: OperatorGraph, { durationNs }: OperatorCosts): number {
  let flopsPerNs = 0;
  let bytesPerNs = 0;
  for (const { id, work } of graph.operators) {
    const ns = durationNs[id]!;
    if (ns > 0) {
      const bytes = work.bytesRead + work.bytesWritten + work.parameterBytes;
      flopsPerNs = Math.max(flopsPerNs, work.flops / ns);
      bytesPerNs = Math.max(bytesPerNs, bytes / ns);
    }
  }
  return flopsPerNs > 0 && bytesPerNs > 0 ? flopsPerNs / bytesPerNs : USUAL_RIDGE;
}
