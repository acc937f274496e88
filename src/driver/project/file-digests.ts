/** Digests of the files of a build, each read once. */
import { join, posix } from "node:path";
import { MAX_ARRIVALS_BYTES, parseArrivals } from "../../arrivals/arrivals-format.js";
import { sha256OfFile } from "../../core/digest.js";
import { readText } from "../../core/files.js";
import { findFiles } from "../../core/find-files.js";
import { readModel } from "../../onnx/read-model.js";
import type { BuildJob } from "./plan.js";

/** A file that an output is made from. */
export interface ReadFile {
  /** Relative to the folder of the configuration. */
  readonly path: string;
  readonly sha256: string;
}

/** The digests of files in a folder. */
export class FileDigests {
  readonly #folder: string;
  readonly #digests = new Map<string, string | undefined>();
  readonly #external = new Map<string, readonly string[]>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The digest of a file; `undefined` where none can be read. */
  of(path: string): string | undefined {
    if (!this.#digests.has(path)) {
      this.#digests.set(path, digestOf(join(this.#folder, path)));
    }
    return this.#digests.get(path);
  }

  /** Forgets a file that has been written. */
  forget(path: string): void {
    this.#digests.delete(path);
    this.#external.delete(path);
  }

  /**
   * The files that a command reads, with what those name: external data of models, inputs in its
   * options; in order of their paths. Those that are not there have no digest.
   */
  readBy(job: BuildJob): readonly (Omit<ReadFile, "sha256"> & { readonly sha256?: string })[] {
    const paths = [...job.reads, ...this.#namedBy(job)];
    return [...new Set(paths)].sort().map((path) => {
      const sha256 = this.of(path);
      return sha256 === undefined ? { path } : { path, sha256 };
    });
  }

  #namedBy({ reads, options }: BuildJob): readonly string[] {
    const models = reads.filter((path) => path.toLowerCase().endsWith(".onnx"));
    return [
      ...models.flatMap((model) => this.#externalOf(model)),
      ...reads.flatMap((path) => this.#tracesOf(path)),
      ...inputFiles(options["input"]).filter((path) => this.of(path) !== undefined),
      ...this.#folderOf(options["inputs"]),
    ];
  }

  /** The traces of an arrivals file; none of any other one. */
  #tracesOf(path: string): readonly string[] {
    const file = join(this.#folder, path);
    const source =
      path.endsWith(".json") && this.of(path) !== undefined
        ? readText(file, MAX_ARRIVALS_BYTES)
        : undefined;
    const arrivals = source?.ok === true ? parseArrivals(source.value, path) : undefined;
    return arrivals?.ok === true
      ? arrivals.value.models.flatMap(({ process: arriving }) =>
          arriving.kind === "trace" ? [posix.join(posix.dirname(path), arriving.file)] : [],
        )
      : [];
  }

  #folderOf(folder: unknown): readonly string[] {
    return typeof folder === "string" ? findFiles(this.#folder, posix.join(folder, "*")) : [];
  }

  #externalOf(model: string): readonly string[] {
    const known = this.#external.get(model) ?? externalFiles(this.#folder, model);
    this.#external.set(model, known);
    return known;
  }
}

function digestOf(path: string): string | undefined {
  try {
    return sha256OfFile(path);
  } catch {
    return undefined;
  }
}

/** The files of `NAME=FILE`, cut at every `=`, as names may have some too. */
function inputFiles(option: unknown): readonly string[] {
  const texts = Array.isArray(option)
    ? option.map(String)
    : option === undefined
      ? []
      : typeof option === "object"
        ? Object.entries(option as object).map(([name, file]) => `${name}=${file}`)
        : [String(option)];
  return texts.flatMap((text) =>
    [...text.matchAll(/=/g)].map(({ index }) => posix.normalize(text.slice(index + 1))),
  );
}

/** The files with external data of a model; none where the model cannot be read. */
function externalFiles(folder: string, model: string): readonly string[] {
  const read = readModel(join(folder, model));
  const locations = new Set<string>();
  if (read.ok) {
    collectLocations(read.value, locations);
  }
  return [...locations].map((location) => posix.join(posix.dirname(model), location));
}

/** Adds the location of every payload in a value, however deep in branches and bodies it is. */
function collectLocations(value: unknown, locations: Set<string>): void {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) {
    return;
  }
  const { kind, location } = value as { readonly kind?: unknown; readonly location?: unknown };
  if (kind === "external" && typeof location === "string") {
    locations.add(location);
  }
  const parts = value instanceof Map ? value.values() : Object.values(value);
  for (const part of parts) {
    collectLocations(part, locations);
  }
}
