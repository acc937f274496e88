import { beginsAs, fieldSpans, listItems, wholeSpan } from "../../core/json-items.js";
import { recordOf } from "../../import/read-problem.js";
import { NEUTRAL_HEADER } from "./neutral-csv.js";
import { NSYS_KERNELS, NSYS_RANGES } from "./nsys.js";

/** What a file holds, by its content: its name says nothing. */
export type SourceKind =
  | "trtexec-profile"
  | "trtexec-layers"
  | "onnxruntime"
  | "pytorch"
  | "nsys-kernels"
  | "nsys-ranges"
  | "nsys-both"
  | "csv";

/** Lines that are looked at for the header of a table; notices may stand before it. */
const HEADER_LINES = 200;

/** The kind of a text; `undefined`: none that is read. Throws `JsonTextError` for JSON that ends early. */
export function sourceKind(text: string): SourceKind | undefined {
  switch (beginsAs(text)) {
    case "list":
      return kindOfList(text);
    case "object":
      return kindOfObject(text);
    case "other":
      return kindOfTable(text);
  }
}

/** By its first items that are objects: layers have `count` and `name`, events have `ph` and `cat`. */
function kindOfList(text: string): SourceKind | undefined {
  for (const item of listItems(text, wholeSpan(text))) {
    const fields = recordOf(item) ?? {};
    if (fields["count"] !== undefined || fields["averageMs"] !== undefined) {
      return "trtexec-profile";
    }
    return fields["cat"] !== undefined && fields["ph"] !== undefined ? "onnxruntime" : undefined;
  }
  return undefined;
}

/** Keys of JSON objects that only one tool writes. */
function kindOfObject(text: string): SourceKind | undefined {
  if (/"traceEvents"\s*:/.test(text)) {
    return "pytorch";
  }
  return fieldSpans(text).has("Layers") ? "trtexec-layers" : undefined;
}

function kindOfTable(text: string): SourceKind | undefined {
  const lines = text.split(/\r?\n/, HEADER_LINES);
  if (lines.some((line) => NEUTRAL_HEADER.test(line))) {
    return "csv";
  }
  // Tables of one report can follow each other in one file: the second one is anywhere.
  const hasKernels = new RegExp(NSYS_KERNELS.source, "m").test(text);
  const hasRanges = new RegExp(NSYS_RANGES.source, "m").test(text);
  if (hasKernels && hasRanges) {
    return "nsys-both";
  }
  return hasKernels ? "nsys-kernels" : hasRanges ? "nsys-ranges" : undefined;
}
