/** What a profile says of measurements that another tool made. */
import { list, object, optional } from "../core/json-containers.js";
import {
  boolean,
  integer,
  type JsonProblem,
  number,
  oneOf,
  type Shape,
  text,
} from "../core/json-shape.js";

/** Formats of measurements that are read. */
export const IMPORT_TOOLS = ["trtexec", "nsys", "onnxruntime", "pytorch", "csv"] as const;

/** One of them. */
export type ImportTool = (typeof IMPORT_TOOLS)[number];

/** What a tool may leave open; a profile then has the device model's figures, or assumed ones. */
export const LEFT_OPEN = [
  "launchCosts",
  "pairs",
  "clocks",
  "software",
  "kernels",
  "quantiles",
  "workers",
] as const;

/** Where imported figures come from. */
export interface ImportRecord {
  readonly tool: ImportTool;
  /** Who measured, in words. */
  readonly measuredBy: string;
  /** The device as the tool names it; absent: it does not. */
  readonly deviceName?: string;
  /** The files of the tool. */
  readonly files: readonly { readonly name: string; readonly sha256: string }[];
  /** Smallest step of the tool's clock, in nanoseconds. */
  readonly resolutionNs: number;
  /** Share of the recorded time that belongs to nodes of the model. */
  readonly coverage: number;
  readonly matchedBy: "names" | "order";
  /** Whether times include the gap to the next kernel. */
  readonly includesGaps: boolean;
  /** What was not measured. */
  readonly notMeasured: readonly (typeof LEFT_OPEN)[number][];
}

/** The record inside a profile. */
export const importRecordShape: Shape<ImportRecord> = object<ImportRecord>({
  tool: oneOf(...IMPORT_TOOLS),
  measuredBy: text(200),
  deviceName: optional(text(500)),
  files: list(object<ImportRecord["files"][number]>({ name: text(), sha256: text(64) }), 8),
  resolutionNs: integer(1, 1_000_000),
  coverage: number(0, 1),
  matchedBy: oneOf("names", "order"),
  includesGaps: boolean,
  notMeasured: list(oneOf(...LEFT_OPEN), LEFT_OPEN.length),
})
  .describe("What another tool measured; there exactly if device.source is imported.")
  .named("imported");

/** Whether a profile's device and its record say the same of who measured. */
export function importProblems(
  source: "measured" | "imported",
  imported: ImportRecord | undefined,
): readonly JsonProblem[] {
  return (source === "imported") === (imported !== undefined)
    ? []
    : [
        {
          pointer: "/imported",
          message: `must be there exactly if /device/source is "imported", which is "${source}"`,
        },
      ];
}
