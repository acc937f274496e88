import { present } from "../core/invariant.js";
import { ok, type Result } from "../core/result.js";
import { encodePlacement } from "../placement/parse-placement.js";
import type { Exported, ExportSubject } from "./export-format.js";

/** The placement of a pipeline as `search` and `compile --placement` take it. Never fails. */
export function exportPlacement({ name, pipeline }: ExportSubject): Result<Exported> {
  const { placement } = present(pipeline, "pipeline");
  // One by hand of the same name is an input of the user's: only --force replaces it.
  return ok({ files: [{ name, content: encodePlacement(placement) }], notes: [] });
}
