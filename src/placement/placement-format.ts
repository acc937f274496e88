/** The file format of placements: what a file says, with names; `placement.ts` has what it means. */
import { distinct, list, object, optional, unless } from "../core/json-containers.js";
import { type DocumentKind, defineDocument } from "../core/json-document.js";
import { boolean, integer, oneOf, text } from "../core/json-shape.js";
import type { BlockKind, LinkBlocking, LinkOrder } from "./placement.js";

/** A device as a file has it. */
export interface DeviceSpec {
  readonly name: string;
  readonly kind: "compute" | "link";
  readonly memory?: number;
  readonly reserved: number;
}

/** A link as a file has it. */
export interface LinkSpec {
  readonly name: string;
  readonly sharing: "exclusive" | "shared";
  readonly blocking: LinkBlocking;
  readonly order: LinkOrder | "any";
}

/** A block as a file has it. */
export interface BlockSpec {
  readonly id: string;
  readonly kind: Exclude<BlockKind, "transfer">;
  readonly devices: readonly string[];
  readonly duration: number;
  readonly memory: number;
  readonly workspace: number;
  readonly operators: readonly string[];
  readonly durations?: readonly number[];
  readonly perStep: boolean;
  readonly elsewhere: readonly MemoryElsewhereSpec[];
}

/** What a block is in an option. */
export interface VersionSpec {
  readonly id: string;
  readonly devices?: readonly string[];
  readonly duration?: number;
  readonly memory?: number;
  readonly workspace?: number;
}

/** Options of which one is taken, as a file has them. */
export interface ChoiceSpec {
  readonly name: string;
  readonly options: readonly {
    readonly name: string;
    readonly blocks: readonly VersionSpec[];
  }[];
  readonly chosen?: string;
}

/** A change of memory elsewhere as a file has it. */
export interface MemoryElsewhereSpec {
  readonly device: string;
  readonly memory: number;
}

/** A dependency as a file has it. */
export interface DependencySpec {
  readonly from: string;
  readonly to: string;
  readonly latency: number;
  readonly distance: number;
  readonly link?: string;
  readonly transfer?: number;
}

/** Two blocks that can run at once, as a file has them. */
export interface OverlapSpec {
  readonly blocks: readonly string[];
  readonly duration: number;
}

/** A placement as a file has it, defaults filled in. */
export interface PlacementSpec {
  readonly timeUnit: "ns" | "step";
  readonly devices: readonly DeviceSpec[];
  readonly links: readonly LinkSpec[];
  readonly lengths?: readonly number[];
  readonly blocks: readonly BlockSpec[];
  readonly dependencies: readonly DependencySpec[];
  readonly overlaps: readonly OverlapSpec[];
  readonly choices: readonly ChoiceSpec[];
  readonly memoryRelease: "start" | "end";
}

/** Durations and latencies of a placement together: 2^40 ns is 18 minutes for one micro-batch. */
export const MAX_TIME: number = 2 ** 40;

/** Memory and workspace that the blocks of one device name, together: 2 TiB when the unit is a byte. */
export const MAX_MEMORY: number = 2 ** 41;

/** More blocks than any pipeline has; quadratic checks stay quick. */
export const MAX_BLOCKS: number = 4096;

/** Longest micro-batch: a million tokens. */
const MAX_LENGTH = 2 ** 20;

/** Most micro-batches of a step, as of a schedule. */
const MAX_LENGTHS = 4096;

const NAME = text().named("name");

/** Most options of a choice. */
const MAX_OPTIONS = 64;

const VERSION = object<VersionSpec>({
  id: NAME,
  devices: optional(distinct(list(NAME, MAX_BLOCKS, 1))),
  duration: optional(integer(1, MAX_TIME)),
  memory: optional(integer(-MAX_MEMORY, MAX_MEMORY)),
  workspace: optional(integer(0, MAX_MEMORY)),
}).describe("What a block is in this option.");

/** The file format `top-compile/placement`, version 1. */
export const PLACEMENT_KIND: DocumentKind<PlacementSpec> = defineDocument<PlacementSpec>(
  {
    format: "top-compile/placement",
    version: 1,
    description:
      "Blocks on devices, with durations, memory and dependencies: one micro-batch of a pipeline. What a schema cannot say is in docs/placement-format.md: names are unique and known, dependencies make no cycle, sums stay within limits.",
  },
  {
    timeUnit: optional(
      oneOf("ns", "step").describe("Of durations and latencies: nanoseconds, or an abstract unit."),
      "ns",
    ),
    devices: list(
      object<DeviceSpec>({
        name: NAME,
        kind: unless(
          "compute",
          oneOf("compute", "link").describe(
            "`link`: its time is not counted as that of devices which compute.",
          ),
        ),
        memory: optional(integer(0, MAX_MEMORY).describe("Limit; absent: none.")),
        reserved: unless(
          0,
          integer(0, MAX_MEMORY).describe(
            "Of its memory, held always: parameters, the optimizer's state, receive buffers.",
          ),
        ),
      }),
      MAX_BLOCKS,
      1,
    ),
    links: unless<readonly LinkSpec[]>(
      [],
      list(
        object<LinkSpec>({
          name: NAME,
          sharing: optional(
            oneOf("exclusive", "shared").describe(
              "Whether it carries one transfer at a time, or all side by side, each as fast as alone.",
            ),
            "exclusive",
          ),
          blocking: optional(
            oneOf("neither", "sender", "receiver", "both").describe(
              "Whose devices can run nothing else during a transfer.",
            ),
            "neither",
          ),
          order: unless(
            "any",
            oneOf("any", "pair", "link").describe(
              "Which transfers start in the order in which the blocks before them end: none, those between the same two devices, or all.",
            ),
          ),
        }),
        MAX_BLOCKS,
      ).describe("What dependencies can go over."),
    ),
    lengths: optional(
      list(integer(1, MAX_LENGTH), MAX_LENGTHS, 1).describe(
        "Of each micro-batch of a step: time and memory of blocks are multiplied by it.",
      ),
    ),
    blocks: list(
      object<BlockSpec>({
        id: NAME,
        kind: optional(oneOf("forward", "backward", "weight", "other"), "other"),
        devices: distinct(list(NAME, MAX_BLOCKS, 1)).describe("It occupies all of them."),
        duration: integer(1, MAX_TIME),
        memory: optional(
          integer(-MAX_MEMORY, MAX_MEMORY).describe("Lasting change on each of its devices."),
          0,
        ),
        workspace: unless(
          0,
          integer(0, MAX_MEMORY).describe("Held on each of its devices only while it runs."),
        ),
        operators: unless<readonly string[]>(
          [],
          list(text(65_536)).describe("Operators of the model that it stands for."),
        ),
        durations: optional(
          list(integer(1, MAX_TIME), MAX_LENGTHS, 1).describe(
            "Time in each micro-batch of a step, in the place of `duration`.",
          ),
        ),
        perStep: unless(
          false,
          boolean.describe("Whether it runs once per step, and not in every micro-batch."),
        ),
        elsewhere: unless<readonly MemoryElsewhereSpec[]>(
          [],
          list(
            object<MemoryElsewhereSpec>({
              device: NAME,
              memory: integer(-MAX_MEMORY, MAX_MEMORY).describe(
                "Lasting change, when `memory` of the block changes too.",
              ),
            }),
            MAX_BLOCKS,
          ).describe("Memory that it changes on devices which it does not occupy."),
        ),
      }),
      MAX_BLOCKS,
      1,
    ),
    dependencies: optional(
      list(
        object<DependencySpec>({
          from: NAME,
          to: NAME,
          latency: unless(
            0,
            integer(0, MAX_TIME).describe(
              "Least time from the end of `from`, or of the transfer, to the start of `to`.",
            ),
          ),
          distance: unless(
            0,
            integer(0, MAX_LENGTHS).describe(
              "`to` waits for `from` of the micro-batch that is so many before its own.",
            ),
          ),
          link: optional(text().describe("Name of the link that it goes over.")),
          transfer: optional(integer(1, MAX_TIME).describe("Time of the transfer over the link.")),
        }),
        MAX_BLOCKS * 64,
      ),
      [],
    ),
    overlaps: unless<readonly OverlapSpec[]>(
      [],
      list(
        object<OverlapSpec>({
          blocks: distinct(list(NAME, 2, 2)).describe("On the same devices."),
          duration: integer(1, MAX_TIME).describe(
            "Of both together: as long as the longer at least, and shorter than one after the other.",
          ),
        }),
        MAX_BLOCKS,
      ).describe("Pairs of blocks, of any micro-batches, that can run at once in less time."),
    ),
    choices: unless<readonly ChoiceSpec[]>(
      [],
      list(
        object<ChoiceSpec>({
          name: NAME,
          options: list(
            object<ChoiceSpec["options"][number]>({
              name: NAME,
              blocks: list(VERSION, MAX_BLOCKS, 1),
            }),
            MAX_OPTIONS,
            1,
          ),
          chosen: optional(
            text().describe("Name of the option that is taken; absent: any that fits."),
          ),
        }),
        MAX_BLOCKS,
      ).describe(
        "Versions of blocks: the search takes one option of each choice. All options change the same fields of the same blocks.",
      ),
    ),
    memoryRelease: optional(
      oneOf("start", "end").describe(
        "When negative memory is given back: at the block's start or at its end.",
      ),
      "end",
    ),
  },
);
