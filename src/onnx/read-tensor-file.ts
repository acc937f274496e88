/** Tensors in files of their own: ONNX's TensorProto, as in its test data. */

import { productOf } from "../core/product.js";
import { Budget, MemorySource } from "./byte-source.js";
import { decodeElements } from "./decode-elements.js";
import { decodeTensor } from "./decode-tensor.js";
import type { FileWindow } from "./file-window.js";
import type { TensorType } from "./lowered-model.js";
import type { OnnxTensor } from "./model.js";
import { concatenate } from "./rewrite-node.js";
import { WireError } from "./wire-error.js";

/** A tensor with its elements. */
export interface TensorInFile extends TensorType {
  /** May be empty. */
  readonly name: string;
  /** Little-endian, row-major, in memory of their own. */
  readonly bytes: Uint8Array;
}

/** Most bytes of elements in typed fields: decoding takes a multiple of them. */
const MOST_CODED_BYTES = 1 << 24;

/**
 * The tensor that a file holds as a TensorProto.
 *
 * Throws `WireError` with the reason why it is none that can be read here. Cost: the elements are read
 * into memory, never more than the file has but for elements in typed fields, which are few.
 */
export function readTensorProto(file: FileWindow): TensorInFile {
  const tensor = decoded(file);
  const { name, elementType, dims } = tensor;
  return { name, elementType, dims, bytes: elementsOf(tensor, file) };
}

function decoded(file: FileWindow): OnnxTensor {
  try {
    return decodeTensor(file, { offset: 0, bytes: file.bytes });
  } catch (error) {
    if (error instanceof WireError) {
      const reason = `it does not begin as NumPy's files do, and is no valid TensorProto: ${error.message}`;
      throw new WireError(reason, error.offset);
    }
    throw error;
  }
}

function elementsOf({ payload, elementType, dims }: OnnxTensor, file: FileWindow): Uint8Array {
  switch (payload.kind) {
    case "inline":
      return Uint8Array.from(payload.bytes);
    case "file":
      return file.copy(payload.offset, payload.bytes);
    case "coded": {
      const coded = payload.pieces.reduce((sum, { bytes }) => sum + bytes, 0);
      if (coded > MOST_CODED_BYTES) {
        throw new WireError(
          "its elements are in typed fields, and too many for that: write them as raw data",
          0,
        );
      }
      const all = concatenate(payload.pieces.map(({ offset, bytes }) => file.copy(offset, bytes)));
      const source = new MemorySource(all, new Budget(Number.POSITIVE_INFINITY));
      const piece = { field: 0, offset: 0, bytes: all.length, valueAt: 0 };
      const bytes = decodeElements(source, [piece], elementType, productOf(dims));
      if (bytes === undefined) {
        throw new WireError("it has more or fewer elements than its dims say", 0);
      }
      return bytes;
    }
    case "external":
      throw new WireError("its elements are in another file", 0);
    case "strings":
      throw new WireError("its elements are text", 0);
    case "sparse":
    case "absent":
      throw new WireError("it has no elements", 0);
  }
}
