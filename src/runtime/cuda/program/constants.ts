/**
 * Values that do not depend on inputs, brought to the device.
 *
 * Initializers that lie in a file as the device wants them are read from there by the helper itself,
 * without passing through this process. What the model computes from constants (a transposed
 * weight, a scaled table) is computed once by ONNX Runtime on the CPU, in parts of limited size; that and
 * everything that needs converting goes into one side file.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { present } from "../../../core/invariant.js";
import { fail, ok, type Result } from "../../../core/result.js";
import type { EmittedModel } from "../../../kernels/emit.js";
import {
  type FoldedConstant,
  foldedElements,
  sourcesOf,
} from "../../../kernels/folded-constant.js";
import { STORAGE_BYTES } from "../../../kernels/language/expression.js";
import { storageOf } from "../../../kernels/operator-call.js";
import { extractConstants } from "../../../onnx/extract-submodel.js";
import type { OnnxTensor } from "../../../onnx/model.js";
import { PayloadReader } from "../../../onnx/read-payload.js";
import { type WeightBytes, weightBytes } from "../../../onnx/read-weight.js";
import { bindSession, createSession, loadOnnxRuntime } from "../../onnx-runtime.js";
import type { UploadItem } from "../client/protocol.js";
import { encodeElements, floatElements, halvesOfFloats } from "./device-elements.js";
import { sideFileFailed } from "./failures.js";
import { bytesOfName, type MemoryPlan } from "./memory-plan.js";
import { type StackedConstant, stackedBytes, stackedConstants } from "./stack-filters.js";

/** Bytes of computed constants that ONNX Runtime holds at a time. */
const COMPUTED_AT_ONCE = 256 * 2 ** 20;

/**
 * Writes constants that no file has as they are to `sideFile`, and lists all uploads.
 *
 * Order: as the memory plan has them. Fails: `weights-missing`, `side-file-failed`, and, when
 * constants are computed, `onnxruntime-missing`, `onnxruntime-refused-model`, `onnxruntime-run-failed`.
 * Cost: linear in the bytes that are written; computed constants of one part are in memory at a time.
 */
export async function constantUploads(
  model: EmittedModel,
  memory: MemoryPlan,
  sideFile: string,
): Promise<Result<readonly UploadItem[]>> {
  const writer = new SideFile(sideFile);
  const payloads = new PayloadReader(model.lowered.model);
  try {
    const collector = new Collector(model, memory, writer, payloads);
    const known = collector.addKnown();
    const computed = known.ok ? await collector.addComputed(known.value) : known;
    const stacked = computed.ok ? collector.addStacked() : computed;
    return stacked.ok ? collector.addFolded() : stacked;
  } catch (error) {
    return fail([sideFileFailed(sideFile, error)]);
  } finally {
    payloads.close();
    writer.close();
  }
}

class SideFile {
  readonly path: string;
  readonly #file: number;
  #bytes = 0;

  /** Throws what `node:fs` throws. */
  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, "w");
  }

  /** Appends bytes and returns their place. */
  append(bytes: Uint8Array): number {
    const offset = this.#bytes;
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.#file, bytes, done, bytes.length - done);
    }
    this.#bytes += bytes.length;
    return offset;
  }

  close(): void {
    closeSync(this.#file);
  }
}

class Collector {
  readonly #model: EmittedModel;
  readonly #memory: MemoryPlan;
  readonly #file: SideFile;
  readonly #payloads: PayloadReader;
  readonly #initializers: ReadonlyMap<string, OnnxTensor>;
  readonly #items: UploadItem[] = [];
  /** Constants of merged convolutions, by name. */
  readonly #stacks: ReadonlyMap<string, StackedConstant>;
  /** Computed parts of them. */
  readonly #parts = new Map<string, Uint8Array>();
  /** Computed constants that others are made of, as they were computed. */
  readonly #sources = new Map<string, Uint8Array>();

  constructor(model: EmittedModel, memory: MemoryPlan, file: SideFile, payloads: PayloadReader) {
    this.#model = model;
    this.#memory = memory;
    this.#file = file;
    this.#payloads = payloads;
    const { initializers } = model.lowered.model.graph;
    this.#initializers = new Map(initializers.map((tensor) => [tensor.name, tensor]));
    this.#stacks = stackedConstants(model.lowered);
  }

  /** Adds initializers and known values; returns the names that must be computed. */
  addKnown(): Result<readonly string[]> {
    const computed: string[] = [];
    for (const name of [...this.#partNames(), ...this.#sourceNames()]) {
      if (!this.#initializers.has(name) && !this.#hasValues(name)) {
        computed.push(name);
      }
    }
    for (const [name, { bytes }] of this.#memory.constants) {
      const initializer = this.#initializers.get(name);
      if (bytes === 0 || this.#stacks.has(name) || this.#model.folded.has(name)) {
        continue;
      }
      if (initializer !== undefined) {
        const added = this.#addInitializer(initializer);
        if (!added.ok) {
          return added;
        }
      } else if (this.#hasValues(name)) {
        this.#append(name, this.#valuesOf(name));
      } else {
        computed.push(name);
      }
    }
    return ok(computed);
  }

  /** Runs the constant part of the model for what is left. */
  async addComputed(names: readonly string[]): Promise<Result<undefined>> {
    const wanted = [...new Set(names)];
    const ofStacks = new Set(this.#partNames());
    const ofFolded = new Set(this.#sourceNames());
    for (const part of partsOf(wanted, (name) => bytesOfName(this.#model, name))) {
      const values = await computeConstants(this.#model, part);
      if (!values.ok) {
        return values;
      }
      for (const name of part) {
        const computed = present(values.value.get(name), name);
        const bytes = this.#stored(name, computed);
        if (ofFolded.has(name)) {
          this.#sources.set(name, computed);
        }
        if (ofStacks.has(name)) {
          this.#parts.set(name, bytes);
        }
        if (this.#memory.constants.has(name)) {
          this.#append(name, bytes);
        }
      }
    }
    return ok(undefined);
  }

  /** Stacks the constants of merged convolutions, one after the other. */
  addStacked(): Result<undefined> {
    for (const [name, stack] of this.#stacks) {
      const parts: (Uint8Array | undefined)[] = [];
      for (const part of stack.parts) {
        const bytes = part === undefined ? ok(undefined) : this.#partBytes(part);
        if (!bytes.ok) {
          return bytes;
        }
        parts.push(bytes.value);
      }
      this.#append(name, stackedBytes(stack, parts, STORAGE_BYTES[this.#storage(name)]));
    }
    return ok(undefined);
  }

  /** Makes constants of the model's, one after the other; returns all uploads. */
  addFolded(): Result<readonly UploadItem[]> {
    for (const [name, folded] of this.#folded()) {
      const elements = new Map<string, Float64Array>();
      for (const source of sourcesOf(folded)) {
        const own = this.#sourceElements(source);
        if (!own.ok) {
          return own;
        }
        elements.set(source, own.value);
      }
      const values = foldedElements(folded, (source) => present(elements.get(source), source));
      this.#append(name, encodeElements(folded.storage, [...values]));
    }
    return ok(this.#items);
  }

  #sourceNames(): readonly string[] {
    return this.#folded().flatMap(([, folded]) => sourcesOf(folded));
  }

  /** The made constants that nodes read. */
  #folded(): readonly (readonly [string, FoldedConstant])[] {
    return [...this.#model.folded].filter(([name]) => this.#memory.constants.has(name));
  }

  /** The elements of a constant as the model has them. */
  #sourceElements(name: string): Result<Float64Array> {
    const known = this.#model.lowered.constants.get(name);
    const initializer = this.#initializers.get(name);
    if (initializer === undefined && known !== undefined && this.#hasValues(name)) {
      return ok(Float64Array.from(known.values));
    }
    const bytes =
      initializer === undefined
        ? ok(present(this.#sources.get(name), name))
        : this.#initializerBytes(initializer);
    const type = present(this.#model.lowered.types.get(name), `type of "${name}"`);
    return bytes.ok ? ok(floatElements(bytes.value, type.elementType === "float16")) : bytes;
  }

  #partNames(): readonly string[] {
    return [...this.#stacks.values()].flatMap(({ parts }) =>
      parts.filter((name) => name !== undefined),
    );
  }

  /** A constant as the device holds it. */
  #partBytes(name: string): Result<Uint8Array> {
    const initializer = this.#initializers.get(name);
    if (initializer === undefined) {
      return ok(this.#parts.get(name) ?? this.#valuesOf(name));
    }
    const bytes = this.#initializerBytes(initializer);
    return bytes.ok ? ok(this.#stored(name, bytes.value)) : bytes;
  }

  #hasValues(name: string): boolean {
    const value = this.#model.lowered.constants.get(name);
    return value !== undefined && !value.elementType.endsWith("float16");
  }

  #valuesOf(name: string): Uint8Array {
    const value = present(this.#model.lowered.constants.get(name), `values of "${name}"`);
    return encodeElements(this.#storage(name), value.values);
  }

  /** An initializer as the model has it. */
  #initializerBytes(tensor: OnnxTensor): Result<Uint8Array> {
    const found = weightBytes(tensor, this.#model.lowered.model.path, this.#payloads);
    return found.ok ? this.#bytesOf(tensor, found.value) : found;
  }

  #bytesOf(tensor: OnnxTensor, source: WeightBytes): Result<Uint8Array> {
    if (source.kind === "memory") {
      return ok(source.bytes);
    }
    return tensor.payload.kind === "external"
      ? this.#payloads.external(tensor)
      : this.#payloads.fromModel(tensor.name, source.offset, source.bytes);
  }

  #addInitializer(tensor: OnnxTensor): Result<undefined> {
    const { path } = this.#model.lowered.model;
    const source = weightBytes(tensor, path, this.#payloads);
    if (!source.ok) {
      return source;
    }
    if (source.value.kind === "window" && !this.#isConverted(tensor.name)) {
      const { path: file, offset: fileOffset, bytes } = source.value;
      const { offset } = this.#range(tensor.name);
      this.#items.push({ path: resolve(file), fileOffset, bytes, offset });
      return ok(undefined);
    }
    const read = this.#bytesOf(tensor, source.value);
    if (!read.ok) {
      return read;
    }
    this.#append(tensor.name, this.#stored(tensor.name, read.value));
    return ok(undefined);
  }

  #append(name: string, bytes: Uint8Array): void {
    const fileOffset = this.#file.append(bytes);
    const { offset } = this.#range(name);
    this.#items.push({ path: resolve(this.#file.path), fileOffset, bytes: bytes.length, offset });
  }

  #range(name: string) {
    return present(this.#memory.constants.get(name), `memory of "${name}"`);
  }

  #storage(name: string) {
    const type = present(this.#model.lowered.types.get(name), `type of "${name}"`);
    return present(storageOf(type.elementType, this.#model.floats), "storage");
  }

  #isConverted(name: string): boolean {
    const { lowered, floats } = this.#model;
    return floats === "f16" && lowered.types.get(name)?.elementType === "float32";
  }

  #stored(name: string, bytes: Uint8Array): Uint8Array {
    return this.#isConverted(name) ? halvesOfFloats(bytes) : bytes;
  }
}

/** Groups whose bytes stay below the limit, single larger ones alone. */
function partsOf(
  names: readonly string[],
  bytesOf: (name: string) => number,
): readonly (readonly string[])[] {
  const parts: string[][] = [];
  let room = 0;
  for (const name of names) {
    const bytes = bytesOf(name);
    if (parts.length === 0 || bytes > room) {
      parts.push([]);
      room = COMPUTED_AT_ONCE;
    }
    parts.at(-1)?.push(name);
    room -= bytes;
  }
  return parts;
}

async function computeConstants(
  { lowered }: EmittedModel,
  names: readonly string[],
): Promise<Result<ReadonlyMap<string, Uint8Array>>> {
  const where = `the constants of ${lowered.model.path}`;
  const runtime = await loadOnnxRuntime();
  if (!runtime.ok) {
    return runtime;
  }
  const bytes = extractConstants(lowered, names);
  if (!bytes.ok) {
    return bytes;
  }
  const session = await createSession(runtime.value, bytes.value, { level: "disabled" }, where);
  if (!session.ok) {
    return session;
  }
  const bound = bindSession(runtime.value, session.value, new Map(), where);
  try {
    const outputs = await bound.run();
    return outputs.ok
      ? ok(new Map([...outputs.value].map(([name, value]) => [name, value.bytes])))
      : outputs;
  } finally {
    await bound.release();
  }
}
