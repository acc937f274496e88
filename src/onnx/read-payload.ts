import { productOf } from "../core/product.js";
import { fail, ok, type Result } from "../core/result.js";
import { bytesOf } from "../ir/element-type.js";
import { type ExternalOwner, openExternal } from "./external-file.js";
import { externalOutside, weightsMissing } from "./failures.js";
import { FileWindow } from "./file-window.js";
import type { OnnxTensor } from "./model.js";

/** Bytes of one piece of a tensor that is copied from file to file. */
const PIECE_BYTES = 1 << 24;

/** A range of a file. */
export interface PayloadWindow {
  readonly path: string;
  readonly offset: number;
  readonly bytes: number;
}

/** Reads payloads of one model's tensors; files are opened once. */
export class PayloadReader {
  readonly #owner: ExternalOwner;
  readonly #path: string;
  readonly #files = new Map<string, FileWindow>();
  /** Real paths of external data, by location. */
  readonly #places = new Map<string, string>();

  constructor(model: ExternalOwner) {
    this.#owner = model;
    this.#path = model.path;
  }

  /** Bytes of the model file itself. Fails: `weights-missing`. */
  fromModel(tensor: string, offset: number, bytes: number): Result<Uint8Array> {
    return this.#read(tensor, this.#path, offset, bytes);
  }

  /** The elements of a tensor whose data are outside the model. Fails: as `externalWindow`. */
  external(tensor: OnnxTensor): Result<Uint8Array> {
    const window = this.externalWindow(tensor);
    if (!window.ok) {
      return window;
    }
    const { path, offset, bytes } = window.value;
    return this.#read(tensor.name, path, offset, bytes);
  }

  /**
   * Hands over the elements that a tensor has in a file as they are, a piece after the other with its
   * place among them; the bytes of a piece are the caller's only until the next.
   *
   * Fails: as `externalWindow`. Cost: one piece in memory at a time, whatever the size of the tensor.
   */
  eachPiece(tensor: OnnxTensor, take: (piece: Uint8Array, at: number) => void): Result<void> {
    const { name, payload } = tensor;
    const window: Result<PayloadWindow> =
      payload.kind === "file"
        ? ok({ path: this.#path, offset: payload.offset, bytes: payload.bytes })
        : this.externalWindow(tensor);
    if (!window.ok) {
      return window;
    }
    const { path, offset, bytes } = window.value;
    for (let at = 0; at < bytes; at += PIECE_BYTES) {
      const piece = this.#read(name, path, offset + at, Math.min(PIECE_BYTES, bytes - at));
      if (!piece.ok) {
        return piece;
      }
      take(piece.value, at);
    }
    return ok(undefined);
  }

  /**
   * Finds the elements of a tensor whose data are outside the model.
   *
   * Fails: `weights-missing` when the file is not there, is too short, or its location is not below
   * the folder of the model; `external-data-outside` when a link leads out of it.
   */
  externalWindow(tensor: OnnxTensor): Result<PayloadWindow> {
    const { payload } = tensor;
    if (payload.kind !== "external") {
      return fail([weightsMissing(this.#path, tensor.name, "it has no external data")]);
    }
    const bytes = bytesOf(tensor.elementType, productOf(tensor.dims));
    if (payload.bytes !== undefined && payload.bytes !== bytes) {
      const what = `its data have ${payload.bytes} bytes, its dims and type ask for ${bytes}`;
      return fail([weightsMissing(this.#path, tensor.name, what)]);
    }
    const path = this.#placeOf(tensor.name, payload.location);
    if (!path.ok) {
      return path;
    }
    const file = this.#inside(tensor.name, path.value, payload.offset, bytes);
    return file.ok ? ok({ path: path.value, offset: payload.offset, bytes }) : file;
  }

  /** The real path of a location, whose file is open then. */
  #placeOf(tensor: string, location: string): Result<string> {
    const known = this.#places.get(location);
    if (known !== undefined) {
      return ok(known);
    }
    const found = openExternal(this.#owner, location);
    switch (found.kind) {
      case "missing":
        return fail([weightsMissing(this.#path, tensor, found.problem)]);
      case "outside":
        return fail([externalOutside(this.#path, tensor, location, found.path)]);
      case "open":
        this.#files.get(found.path)?.close();
        this.#files.set(found.path, found.file);
        this.#places.set(location, found.path);
        return ok(found.path);
    }
  }

  /** Closes every file. */
  close(): void {
    for (const file of this.#files.values()) {
      file.close();
    }
    this.#files.clear();
  }

  #read(tensor: string, path: string, offset: number, bytes: number): Result<Uint8Array> {
    const file = this.#inside(tensor, path, offset, bytes);
    return file.ok ? ok(file.value.copy(offset, bytes)) : file;
  }

  /** The file, if the range lies in it. */
  #inside(tensor: string, path: string, offset: number, bytes: number): Result<FileWindow> {
    const file = this.#open(path);
    if (file === undefined) {
      return fail([weightsMissing(this.#path, tensor, `file ${path} cannot be opened`)]);
    }
    const isInside = offset >= 0 && bytes >= 0 && offset + bytes <= file.bytes;
    if (!isInside) {
      const what = `${bytes} bytes at ${offset} are not in ${path} (${file.bytes} bytes)`;
      return fail([weightsMissing(this.#path, tensor, what)]);
    }
    return ok(file);
  }

  #open(path: string): FileWindow | undefined {
    const known = this.#files.get(path);
    if (known !== undefined) {
      return known;
    }
    try {
      const file = new FileWindow(path);
      this.#files.set(path, file);
      return file;
    } catch {
      return undefined;
    }
  }
}
