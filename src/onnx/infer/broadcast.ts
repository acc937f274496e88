import type { KnownDims } from "./fact.js";
import type { NodeCall } from "./node-call.js";

/**
 * The common shape of tensors that are combined element by element (NumPy's rule): aligned at the
 * last dim, equal or one of them 1. Unknown ranks make the result unknown.
 *
 * Fails: refuses the node when two sizes differ and neither is 1.
 * Source: ONNX documentation, "Broadcasting in ONNX", multidirectional.
 */
export function broadcast(
  call: NodeCall,
  shapes: readonly (KnownDims | undefined)[],
): KnownDims | undefined {
  let result: KnownDims = [];
  for (const dims of shapes) {
    if (dims === undefined) {
      return undefined;
    }
    const next = broadcastPair(result, dims);
    if (next === undefined) {
      return call.refuse(`shapes ${shapes.map(printDims).join(" and ")} do not broadcast`);
    }
    result = next;
  }
  return result;
}

function broadcastPair(a: KnownDims, b: KnownDims): KnownDims | undefined {
  if (a.length === 0) {
    return b;
  }
  const rank = Math.max(a.length, b.length);
  const dims: (number | undefined)[] = [];
  for (let i = 0; i < rank; i++) {
    const left = i < rank - a.length ? 1 : a[i - (rank - a.length)];
    const right = i < rank - b.length ? 1 : b[i - (rank - b.length)];
    const joined = joinSizes(left, right);
    if (joined === "conflict") {
      return undefined;
    }
    dims.push(joined);
  }
  return dims;
}

/** An unknown size next to a size above 1 must be 1 or that size; next to 1 it stays unknown. */
function joinSizes(a: number | undefined, b: number | undefined): number | "conflict" | undefined {
  if (a === b || b === 1) {
    return a;
  }
  if (a === 1) {
    return b;
  }
  return a === undefined || b === undefined ? (a ?? b) : "conflict";
}

/** `[1,3,?]`, for messages. */
export function printDims(dims: KnownDims | undefined): string {
  return dims === undefined ? "[unknown]" : `[${dims.map((dim) => dim ?? "?").join(",")}]`;
}
