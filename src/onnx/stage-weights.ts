/**
 * The weights of several models that were cut from one model: in one file that all of them refer to
 * (ONNX external data), so that nothing is stored twice.
 *
 * There are two ways, depending on the folder of the models. In the folder of the original model
 * they refer to its own external data. Everywhere else, for weights inside the model, and for data behind a
 * link that leads out of the folder (as in the cache of Hugging Face), one new file is written; external data outside a model's folder is refused by ONNX Runtime, for good
 * reason, so a reference back to another folder would not do.
 *
 * Example: conv.w (stages 0 and 1 both read it) and fc.w become offsets 0 and 8192 of
 * `model.stages.bin`; the stage models hold three references and no weight.
 */

import { PendingFile } from "../core/pending-file.js";
import { productOf } from "../core/product.js";
import { fail, ok, type Result } from "../core/result.js";
import { bytesOf } from "../ir/element-type.js";
import { isInFolder } from "./external-file.js";
import { weightsUnwritable } from "./failures.js";
import type { OnnxModel, OnnxTensor } from "./model.js";
import { PayloadReader } from "./read-payload.js";
import { readElements } from "./read-weight.js";

/** A place in a file next to a model, as external data name it. */
export interface ExternalPlace {
  readonly location: string;
  readonly offset: number;
  readonly bytes: number;
}

/**
 * Smaller tensors stay inside: shapes and scalars matter to tools that read the structure alone.
 */
const LEAST_BYTES = 1024;

/** Page size: data that starts on a page can be mapped into memory. */
const ALIGNMENT = 4096;

/** The weights of all stages of one model. */
export class StageWeights {
  readonly #model: OnnxModel;
  readonly #location: string;
  readonly #keepsExternal: boolean;
  readonly #places = new Map<string, ExternalPlace>();
  /** Whether data can be referred to where they are, by location. */
  readonly #kept = new Map<string, boolean>();
  readonly #collected: OnnxTensor[] = [];
  #end = 0;

  /**
   * `location`: name of the new file, which is next to the stage models. `keepsExternal`: the stage
   * models lie in the folder of `model`.
   */
  constructor(model: OnnxModel, location: string, keepsExternal: boolean) {
    this.#model = model;
    this.#location = location;
    this.#keepsExternal = keepsExternal;
  }

  /** The place of a tensor, the same on every call; `undefined`: inside the model. */
  placeOf(tensor: OnnxTensor): ExternalPlace | undefined {
    const { payload } = tensor;
    const bytes = bytesOf(tensor.elementType, productOf(tensor.dims));
    if (bytes < LEAST_BYTES || payload.kind === "strings" || payload.kind === "absent") {
      return undefined;
    }
    if (payload.kind === "external" && this.#isKept(payload.location)) {
      return { location: payload.location, offset: payload.offset, bytes };
    }
    const known = this.#places.get(tensor.name);
    if (known !== undefined) {
      return known;
    }
    const place = { location: this.#location, offset: this.#end, bytes };
    this.#end = Math.ceil((this.#end + bytes) / ALIGNMENT) * ALIGNMENT;
    this.#places.set(tensor.name, place);
    this.#collected.push(tensor);
    return place;
  }

  /** Whether external data stay where they are: not behind a link that leads out of the folder. */
  #isKept(location: string): boolean {
    const known = this.#kept.get(location) ?? isInFolder(this.#model.path, location);
    this.#kept.set(location, known);
    return this.#keepsExternal && known;
  }

  /** Bytes of the new file; 0: none is needed. */
  get bytes(): number {
    return this.#end;
  }

  /**
   * Writes the new file, whole or not at all, if there is anything to write.
   *
   * Fails: `weights-missing`, `weights-unwritable`. Cost: a piece of one tensor in memory at a time.
   */
  write(path: string): Result<void> {
    if (this.#end === 0) {
      return ok(undefined);
    }
    const payloads = new PayloadReader(this.#model);
    let file: PendingFile | undefined;
    try {
      file = new PendingFile(path);
      const written = this.#writeAll(file, payloads);
      if (written.ok) {
        file.commit();
      }
      return written;
    } catch (cause) {
      return fail([weightsUnwritable(path, cause)]);
    } finally {
      payloads.close();
      file?.discard();
    }
  }

  #writeAll(file: PendingFile, payloads: PayloadReader): Result<void> {
    for (const tensor of this.#collected) {
      const start = this.#places.get(tensor.name)?.offset ?? 0;
      const put = (bytes: Uint8Array, at: number): void => file.write(bytes, start + at);
      const written = putElements(tensor, this.#model.path, payloads, put);
      if (!written.ok) {
        return written;
      }
    }
    return ok(undefined);
  }
}

/** Puts the elements of a tensor as `raw_data` holds them, piece by piece where a file has them so. */
function putElements(
  tensor: OnnxTensor,
  modelPath: string,
  payloads: PayloadReader,
  put: (bytes: Uint8Array, at: number) => void,
): Result<void> {
  const { kind } = tensor.payload;
  if (kind === "file" || kind === "external") {
    return payloads.eachPiece(tensor, put);
  }
  const elements = readElements(tensor, modelPath, payloads);
  if (elements.ok) {
    put(elements.value, 0);
  }
  return elements.ok ? ok(undefined) : elements;
}
