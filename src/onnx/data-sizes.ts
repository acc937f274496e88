/**
 * Sizes that depend on data: how many boxes are left, how long the speech is.
 *
 * A schedule is made for sizes that were observed in a run, or for bounds that no run exceeds. Runs
 * may have others, so nothing is folded that rests on such a size, and executors take what comes.
 */
import { type ElementType, isElementType } from "../ir/element-type.js";
import type { KnownDims } from "./infer/fact.js";

/** The origin of sizes that depend on data. */
export type DataSizeSource =
  /** They were observed in a run. */
  | "run"
  /** No run has larger ones. */
  | "bound";

/** A tensor whose sizes depend on data, and from which the sizes of others follow. */
export interface DataSize {
  readonly tensor: string;
  readonly elementType: ElementType;
  readonly dims: readonly number[];
  readonly source: DataSizeSource;
}

/** The sizes of a tensor as far as the model alone tells them; `undefined`: not even its rank. */
export type OpenDims = KnownDims | undefined;

/** `boxes=int64[7,3]`, or `boxes=at most int64[100,3]`: as the keys of profiles have it. */
export function printDataSize({ tensor, elementType, dims, source }: DataSize): string {
  return `${tensor}=${source === "bound" ? "at most " : ""}${elementType}[${dims.join()}]`;
}

const PRINTED = /^(.+)=(at most )?([a-z]\w*)\[((?:\d{1,15}(?:,\d{1,15})*)?)\]$/s;

/** The reverse of `printDataSize`; `undefined` for other text. */
export function parseDataSize(text: string): DataSize | undefined {
  const [, tensor = "", bound, elementType = "", sizes = ""] = PRINTED.exec(text) ?? [];
  if (!isElementType(elementType)) {
    return undefined;
  }
  const dims = sizes === "" ? [] : sizes.split(",").map(Number);
  return { tensor, elementType, dims, source: bound === undefined ? "run" : "bound" };
}

/** How many of `dims` the model alone does not tell. */
export function openCount(dims: readonly number[], open: OpenDims): number {
  return open === undefined ? dims.length : open.filter((size) => size === undefined).length;
}
