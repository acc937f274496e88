/** The role of a block in its micro-batch. */
export type BlockKind = "forward" | "backward" | "weight" | "other";

/** A device of a placement: runs one block at a time. */
export interface Device {
  readonly name: string;
  /** Memory limit in the placement's memory unit; `undefined` is unlimited. */
  readonly memory: number | undefined;
}

/** A stage's work on its device(s) for one micro-batch in one direction. */
export interface Block {
  /** Name in the placement: unique. */
  readonly id: string;
  readonly kind: BlockKind;
  /** Positions in `Placement.devices`: ascending, unique, at least one. It occupies all of them. */
  readonly devices: readonly number[];
  /** Integer > 0 in the placement's time unit. */
  readonly duration: number;
  /** Lasting change of memory on each of its devices, an integer of either sign. */
  readonly memory: number;
  /** Memory held on each of its devices only while the block runs, >= 0. */
  readonly workspace: number;
  /** Operators of the model that the block stands for. */
  readonly operators: readonly string[];
}

/** `to` starts no earlier than `latency` after `from` ends, in the same micro-batch. */
export interface Dependency {
  /** Positions in `Placement.blocks`. */
  readonly from: number;
  readonly to: number;
  /** Integer >= 0 in the placement's time unit. */
  readonly latency: number;
}

/** Blocks, their devices, durations, memory and dependencies: one micro-batch of a pipeline. */
export interface Placement {
  /** `ns`: nanoseconds; `step`: an abstract unit. */
  readonly timeUnit: "ns" | "step";
  readonly devices: readonly Device[];
  /** In the order of the specification. */
  readonly blocks: readonly Block[];
  /** Without duplicates; the graph has no cycle. */
  readonly dependencies: readonly Dependency[];
  /**
   * The moment at which a block with negative `memory` releases it: its start (Tessel's model) or
   * its end. Positive `memory` is always taken at the start.
   */
  readonly memoryRelease: "start" | "end";
}
