import { readText } from "../core/files.js";
import { type DataSize, parseDataSize } from "../onnx/data-sizes.js";
import type { AssumedSizes } from "../onnx/dim-trials.js";
import { MAX_PROFILE_BYTES } from "./profile-limits.js";

/** The sizes that a model had when it was measured. */
export interface SizesOfProfile {
  /** Of dynamic dims. */
  readonly assumed?: AssumedSizes;
  /** Those that depend on data. */
  readonly dataSizes?: readonly DataSize[];
}

/**
 * Sizes of the model that a profile is of; none if the file cannot be read or is not a profile, which
 * reading it reports later.
 */
export function sizesOfProfile(path: string): SizesOfProfile {
  const text = readText(path, MAX_PROFILE_BYTES);
  if (!text.ok) {
    return {};
  }
  try {
    const { key } = JSON.parse(text.value) as { readonly key?: { readonly dims?: unknown } };
    const entries = Array.isArray(key?.dims) ? key.dims.map(String) : [];
    const dims = entries.map(sized).filter((entry) => entry !== undefined);
    const dataSizes = entries.map(parseDataSize).filter((entry) => entry !== undefined);
    return { assumed: new Map(dims), dataSizes };
  } catch {
    return {};
  }
}

function sized(entry: string): readonly [string, number] | undefined {
  const [, name = "", size = ""] = /^(.+)=(\d{1,15})$/s.exec(entry) ?? [];
  return name === "" ? undefined : [name, Number(size)];
}
