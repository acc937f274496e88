import type { OperatorId } from "../../ir/operator-graph.js";
import { padsOf } from "../../onnx/infer/slicing.js";
import type { WindowGeometry } from "../../onnx/infer/window-geometry.js";
import type { ModelIndex, Operand } from "../operator-call.js";
import { callAt } from "./member-steps.js";

/**
 * The tensor that windows over `x` step over if the Pad in front, which has no cropping, is not stored, and the window
 * with its border; as they are without one. `undefined`: its pads are not known.
 */
export function withoutBorder(
  index: ModelIndex,
  x: Operand,
  window: WindowGeometry,
  border: OperatorId | undefined,
): { readonly source: Operand; readonly window: WindowGeometry } | undefined {
  if (border === undefined) {
    return { source: x, window };
  }
  const pad = callAt(index, border);
  const source = pad.input(0);
  const rank = x.dims.length;
  const pads = source && padsOf(pad.call, rank);
  if (source === undefined || pads === undefined) {
    return undefined;
  }
  const begins = window.begins.map((begin, i) => begin + (pads[i + 2] ?? 0));
  const ends = window.ends.map((end, i) => end + (pads[rank + i + 2] ?? 0));
  return { source, window: { ...window, begins, ends } };
}
