/** The role of a block in its micro-batch; `transfer`: what a dependency over a link became. */
export type BlockKind = "forward" | "backward" | "weight" | "other" | "transfer";

/** Whose devices can run nothing else during a transfer. */
export type LinkBlocking = "neither" | "sender" | "receiver" | "both";

/** Which transfers over a link start in the order in which they are handed over: those between two devices, or all. */
export type LinkOrder = "pair" | "link";

/** What dependencies can go over. */
export interface Link {
  readonly name: string;
  /** `exclusive`: one transfer at a time, on a device of its own; `shared`: all side by side. */
  readonly sharing: "exclusive" | "shared";
  readonly blocking: LinkBlocking;
  /** Absent: transfers may start in any order. */
  readonly order?: LinkOrder;
}

/** The dependency that a block of kind `transfer` stands for. */
export interface Transfer {
  /** Position in `Placement.links`. */
  readonly link: number;
  /** Positions in `Placement.blocks`. */
  readonly from: number;
  readonly to: number;
}

/** A device of a placement: runs one block at a time. */
export interface Device {
  readonly name: string;
  /** What its blocks may hold, in the placement's memory unit; `undefined` is unlimited. */
  readonly memory: number | undefined;
  /** Held always, besides what blocks hold: `memory` is the limit less it. Absent: nothing. */
  readonly reserved?: number;
  /** It transfers, and does not compute: bubbles are counted without it. Absent: it computes. */
  readonly isLink?: true;
}

/** A lasting change of memory on a device that a block does not occupy. */
export interface MemoryElsewhere {
  /** Position in `Placement.devices`. */
  readonly device: number;
  /** Taken at the start of the block; if negative, released as the placement releases memory. */
  readonly memory: number;
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
  /** Time in each micro-batch, whatever its length; absent: `duration` times the length. */
  readonly durations?: readonly number[];
  /** It runs once for all micro-batches: what it waits for is done in all, and what waits for it waits in all. */
  readonly isPerStep?: true;
  /** Memory that it changes on devices which it does not occupy; absent: none. */
  readonly elsewhere?: readonly MemoryElsewhere[];
  /** Present for kind `transfer`. */
  readonly transfer?: Transfer;
}

/** `to` starts no earlier than `latency` after `from` ends, in the same micro-batch or an earlier one. */
export interface Dependency {
  /** Positions in `Placement.blocks`. */
  readonly from: number;
  readonly to: number;
  /** Integer >= 0 in the placement's time unit. */
  readonly latency: number;
  /** `to` of a micro-batch waits for `from` of the one that is so many before it; absent: of the same. */
  readonly distance?: number;
  /** Present where it goes over a link that holds nothing up: its transfer is a part of the latency. */
  readonly sent?: { readonly link: number; readonly time: number };
}

/** Options for some blocks, of which one is taken. */
export interface Choice {
  readonly name: string;
  readonly options: readonly { readonly name: string; readonly blocks: readonly BlockVersion[] }[];
  /** The name of one of them. */
  readonly chosen: string;
  /** The file does not say which: a search may take another. */
  readonly isOpen?: true;
}

/** What a block is in an option: the fields that it changes, devices by name. */
export interface BlockVersion {
  readonly id: string;
  readonly devices?: readonly string[];
  readonly duration?: number;
  readonly memory?: number;
  readonly workspace?: number;
}

/** Two blocks that can run at once, of any two micro-batches. */
export interface Overlap {
  /** Positions in `Placement.blocks`, of blocks on the same devices. */
  readonly blocks: readonly [number, number];
  /** Of both: as long as the longer at least, shorter than both one after the other. */
  readonly duration: number;
}

/** Blocks, their devices, durations, memory and dependencies: one micro-batch of a pipeline. */
export interface Placement {
  /** `ns`: nanoseconds; `step`: an abstract unit. */
  readonly timeUnit: "ns" | "step";
  /** In the order of the specification; then one for each exclusive link, with its name. */
  readonly devices: readonly Device[];
  /** Absent: none. */
  readonly links?: readonly Link[];
  /** By what time and memory are multiplied in each micro-batch of a step; absent: micro-batches are alike. */
  readonly lengths?: readonly number[];
  /** Versions of blocks, by names; blocks are as the chosen options have them. Absent: none. */
  readonly choices?: readonly Choice[];
  /** In the order of their blocks; absent: none. */
  readonly overlaps?: readonly Overlap[];
  /** Overlaps that do not suit the chosen options, but others; absent: none. */
  readonly overlapsAside?: readonly Overlap[];
  /** In the order of the specification; then the transfers that take time of a device or link. */
  readonly blocks: readonly Block[];
  /** By `from`, then `to`, without duplicates; those over a link lead to their transfer and on. The graph has no cycle. */
  readonly dependencies: readonly Dependency[];
  /**
   * The moment at which a block with negative `memory` releases it: its start (Tessel's model) or
   * its end. Positive `memory` is always taken at the start.
   */
  readonly memoryRelease: "start" | "end";
}
