import type { StagePartition } from "./stage-partition.js";

/** A partition that fits into memory, and its period. */
export interface FoundPartition {
  readonly partition: StagePartition;
  readonly periodNs: number;
}
