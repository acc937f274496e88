import { fail, ok, type Result } from "../../core/result.js";
import { readingSource, type SourceFile } from "../../import/read-problem.js";
import { importFilesConflict, importFormatUnknown, importOrderNeeded } from "./failures.js";
import type { ImportedSource } from "./imported-part.js";
import { readNeutralCsv } from "./neutral-csv.js";
import { readNsys } from "./nsys.js";
import { readOnnxRuntime } from "./onnxruntime.js";
import { readPytorch } from "./pytorch.js";
import { type SourceKind, sourceKind } from "./source-kind.js";
import { readTrtexec } from "./trtexec.js";

/** How to read. */
export interface ReadOptions {
  /** Whether a name is of a node of the model. */
  readonly isNode: (name: string) => boolean;
  /** Whether parts are to be matched by order. */
  readonly byOrder: boolean;
}

/** Longest profile of a tool that is read, unpacked. */
export const MAX_IMPORT_BYTES: number = 256 << 20;

/**
 * Reads the files of one tool, in any order.
 *
 * Fails: `import-format-unknown`, `import-files-conflict`, `import-order-needed`, and what the reader of the
 * format does.
 */
export function readSources(
  files: readonly SourceFile[],
  { isNode, byOrder }: ReadOptions,
): Result<ImportedSource> {
  const kinds = new Map<SourceKind, SourceFile>();
  for (const file of files) {
    const found = kindOf(file);
    if (!found.ok) {
      return found;
    }
    const kind = found.value;
    if (kinds.has(kind)) {
      return fail([importFilesConflict(file.path, "is a second file of the same kind")]);
    }
    kinds.set(kind, file);
  }
  const [[kind, file] = ["csv", undefined]] = kinds;
  if (file === undefined) {
    return fail([importFilesConflict("", "no file holds measurements")]);
  }
  const wanted = PARTNERS.find((group) => group.includes(kind)) ?? [kind];
  const odd = [...kinds].find(([each]) => !wanted.includes(each));
  if (odd !== undefined) {
    return fail([importFilesConflict(odd[1].path, `does not go with ${file.path}`)]);
  }
  const read = readOf(kinds, file, isNode);
  if (!read.ok || byOrder === (read.value.tool === "pytorch")) {
    return read;
  }
  return fail([
    byOrder
      ? importFilesConflict(file.path, "names nodes: --match-by-order is for PyTorch")
      : importOrderNeeded(file.path),
  ]);
}

function kindOf(file: SourceFile): Result<SourceKind> {
  return readingSource(file, () => {
    const kind = sourceKind(file.text);
    return kind === undefined ? fail([importFormatUnknown(file.path)]) : ok(kind);
  });
}

/** Kinds that belong together. */
const PARTNERS: readonly (readonly SourceKind[])[] = [
  ["trtexec-profile", "trtexec-layers"],
  ["nsys-kernels", "nsys-ranges"],
];

function readOf(
  kinds: ReadonlyMap<SourceKind, SourceFile>,
  file: SourceFile,
  isNode: (name: string) => boolean,
): Result<ImportedSource> {
  const profile = kinds.get("trtexec-profile");
  const kernels = kinds.get("nsys-kernels") ?? kinds.get("nsys-both");
  const ranges = kinds.get("nsys-ranges") ?? kinds.get("nsys-both");
  if (kinds.has("onnxruntime")) {
    return readOnnxRuntime(file);
  }
  if (kinds.has("pytorch")) {
    return readPytorch(file);
  }
  if (kinds.has("csv")) {
    return readNeutralCsv(file);
  }
  if (profile !== undefined) {
    return readTrtexec(profile, kinds.get("trtexec-layers"));
  }
  return kernels !== undefined && ranges !== undefined
    ? readNsys(kernels, ranges, isNode)
    : fail([importFilesConflict(file.path, missingPartner(kinds))]);
}

function missingPartner(kinds: ReadonlyMap<SourceKind, SourceFile>): string {
  if (kinds.has("trtexec-layers")) {
    return "is the layer information of trtexec: give its profile (--exportProfile) as well";
  }
  return kinds.has("nsys-kernels")
    ? "has kernels and no ranges that say of which node: give the report nvtx_gpu_proj_trace as well"
    : "has ranges and no kernels: give the report cuda_gpu_trace as well";
}
