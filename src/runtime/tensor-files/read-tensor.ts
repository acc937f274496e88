import { totalmem } from "node:os";
import { fileUnreadable } from "../../core/file-failures.js";
import { LARGEST_ARRAY_BYTES } from "../../core/largest-array.js";
import { fail, ok, type Result } from "../../core/result.js";
import { FileWindow } from "../../onnx/file-window.js";
import { readTensorProto } from "../../onnx/read-tensor-file.js";
import { WireError } from "../../onnx/wire-error.js";
import { fitsMachine } from "../fits-machine.js";
import { crossesSessions, type TensorData } from "../tensor-data.js";
import { tensorFileInvalid } from "./failures.js";
import { isNpy, readNpy } from "./npy.js";

/** A tensor that was read from a file. */
export interface FileTensor extends TensorData {
  /** The name that the file itself has for it; empty in a `.npy` file. */
  readonly name: string;
}

/**
 * The tensor in a file: NumPy's `.npy`, known by its first bytes, or an ONNX TensorProto.
 *
 * Fails: `file-unreadable`; `machine-memory-exceeded`; `input-invalid` for everything that is not such a
 * file, is damaged, or holds elements that cannot be handed to ONNX Runtime.
 */
export function readTensor(path: string): Result<FileTensor> {
  let file: FileWindow;
  try {
    file = new FileWindow(path);
  } catch (cause) {
    return fail([fileUnreadable(path, cause)]);
  }
  try {
    const fits = fitsMachine(path, file.bytes, Math.min(LARGEST_ARRAY_BYTES, totalmem()));
    if (!fits.ok) {
      return fits;
    }
    const tensor = foreignKind(file) ?? (isNpy(file) ? readNpy(file) : readTensorProto(file));
    if (typeof tensor === "string") {
      return fail([tensorFileInvalid(path, tensor)]);
    }
    const { elementType } = tensor;
    return crossesSessions(elementType)
      ? ok({ name: "", ...tensor })
      : fail([tensorFileInvalid(path, `elements of type ${elementType} cannot be handed over`)]);
  } catch (error) {
    if (error instanceof WireError) {
      return fail([tensorFileInvalid(path, error.message)]);
    }
    throw error;
  } finally {
    file.close();
  }
}

/** First bytes of a zip archive. */
const ZIP_MAGIC = [0x50, 0x4b, 0x03, 0x04];

/** What a file holds that cannot be a tensor at all; `undefined`: it may be one. */
function foreignKind(file: FileWindow): string | undefined {
  if (file.bytes === 0) {
    return "the file is empty";
  }
  const isZip =
    file.bytes >= ZIP_MAGIC.length && ZIP_MAGIC.every((byte, at) => file.byteAt(at) === byte);
  return isZip
    ? "it is an archive, such as numpy.savez writes; give its arrays one by one"
    : undefined;
}
