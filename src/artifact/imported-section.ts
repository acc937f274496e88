/** What a schedule of another tool was, before it became a schedule of a placement. */
import { list, object, optional } from "../core/json-containers.js";
import { integer, oneOf, type Shape, text } from "../core/json-shape.js";

/** The formats that schedules are imported from. */
export const IMPORTED_FORMATS = ["pytorch-csv", "pytorch-trace"] as const;

/** A format that schedules are imported from. */
export type ImportedFormat = (typeof IMPORTED_FORMATS)[number];

/** Everything that one device does, as the other tool writes it. */
export interface ImportedRow {
  readonly device: string;
  /** Cells of PyTorch's CSV, without empty ones. */
  readonly actions: readonly string[];
  /** Of each action in the last step that was measured, from the first start of all devices. */
  readonly startNs?: readonly number[];
  readonly endNs?: readonly number[];
}

/** The measured times of a block, of all micro-batches. */
export interface ImportedBlock {
  readonly block: string;
  readonly samplesNs: readonly number[];
}

/** The `imported` section of an artifact. */
export interface ImportedSection {
  readonly format: ImportedFormat;
  /** One per rank, in the order of ranks. */
  readonly rows: readonly ImportedRow[];
  /** Steps whose times count; absent: nothing was measured. */
  readonly steps?: number;
  /** Blocks whose durations were measured; absent: none was. */
  readonly blocks?: readonly ImportedBlock[];
}

/** As many actions as a file that is imported may have. */
const MOST = 2_000_000;

/** A day, in nanoseconds. */
const DAY = 86_400e9;

const TIMES: Shape<readonly number[]> = list(integer(0, DAY), MOST);

/** The form of the `imported` section of an artifact. */
export const importedSectionShape: Shape<ImportedSection> = object<ImportedSection>({
  format: oneOf(...IMPORTED_FORMATS),
  rows: list(
    object<ImportedRow>({
      device: text().describe("Name of a device of the placement."),
      actions: list(text(1000), MOST).describe("Cells of PyTorch's CSV, without empty ones."),
      startNs: optional(
        TIMES.describe(
          "Of each action in the last step that was measured, from the first start of all devices.",
        ),
      ),
      endNs: optional(TIMES),
    }),
    4096,
    1,
  ).describe("What each device does, as the other tool writes it; one per rank."),
  steps: optional(integer(1, MOST).describe("Steps whose times count.")),
  blocks: optional(
    list(
      object<ImportedBlock>({
        block: text(),
        samplesNs: list(integer(0, DAY), MOST, 1),
      }),
      4096,
    ).describe("Measured times of blocks, of all micro-batches; their durations are the medians."),
  ),
}).describe("A schedule of another tool: what it said, and what it measured.");
