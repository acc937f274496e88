import { productOf } from "../core/product.js";
import { fail, ok, type Result } from "../core/result.js";
import { Budget, MemorySource } from "./byte-source.js";
import { decodeElements } from "./decode-elements.js";
import { weightsMissing } from "./failures.js";
import type { OnnxTensor } from "./model.js";
import type { PayloadReader, PayloadWindow } from "./read-payload.js";
import { concatenate } from "./rewrite-node.js";
import { denseElements } from "./sparse-elements.js";

/** The elements of an initializer, as little-endian bytes: a range of a file, or in memory. */
export type WeightBytes =
  | ({ readonly kind: "window" } & PayloadWindow)
  | { readonly kind: "memory"; readonly bytes: Uint8Array };

/**
 * Finds the elements of an initializer. Elements that a file holds as they are stay there; a sparse one
 * becomes dense.
 *
 * Fails: `weights-missing`. Cost: O(1), but linear for elements in typed fields and for sparse ones.
 */
export function weightBytes(
  tensor: OnnxTensor,
  modelPath: string,
  payloads: PayloadReader,
): Result<WeightBytes> {
  const { payload } = tensor;
  switch (payload.kind) {
    case "inline":
      return ok({ kind: "memory", bytes: payload.bytes });
    case "file":
      return ok({
        kind: "window",
        path: modelPath,
        offset: payload.offset,
        bytes: payload.bytes,
      });
    case "external": {
      const window = payloads.externalWindow(tensor);
      return window.ok ? ok({ kind: "window", ...window.value }) : window;
    }
    case "coded":
      return codedBytes(tensor, payload.pieces, modelPath, payloads);
    case "sparse": {
      const read = (part: OnnxTensor) => readElements(part, modelPath, payloads);
      const dense = denseElements(tensor, payload, modelPath, read);
      return dense.ok ? ok({ kind: "memory", bytes: dense.value }) : dense;
    }
    default:
      return fail([weightsMissing(modelPath, tensor.name, "they were stripped from the model")]);
  }
}

/** The elements of a tensor in memory, wherever they are. Fails: as `weightBytes`. */
export function readElements(
  tensor: OnnxTensor,
  modelPath: string,
  payloads: PayloadReader,
): Result<Uint8Array> {
  const found = weightBytes(tensor, modelPath, payloads);
  if (!found.ok) {
    return found;
  }
  const source = found.value;
  return source.kind === "memory"
    ? ok(source.bytes)
    : tensor.payload.kind === "external"
      ? payloads.external(tensor)
      : payloads.fromModel(tensor.name, source.offset, source.bytes);
}

function codedBytes(
  tensor: OnnxTensor,
  pieces: readonly { readonly offset: number; readonly bytes: number }[],
  modelPath: string,
  payloads: PayloadReader,
): Result<WeightBytes> {
  const parts: Uint8Array[] = [];
  for (const piece of pieces) {
    const read = payloads.fromModel(tensor.name, piece.offset, piece.bytes);
    if (!read.ok) {
      return read;
    }
    parts.push(read.value);
  }
  const all = concatenate(parts);
  const source = new MemorySource(all, new Budget(Number.POSITIVE_INFINITY));
  const count = productOf(tensor.dims);
  const span = { field: 0, offset: 0, bytes: all.length, valueAt: 0 };
  const bytes = decodeElements(source, [span], tensor.elementType, count);
  return bytes === undefined
    ? fail([weightsMissing(modelPath, tensor.name, "its elements are not as many as its dims say")])
    : ok({ kind: "memory", bytes });
}
