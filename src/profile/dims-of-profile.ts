import { readText } from "../core/files.js";
import type { AssumedSizes } from "../onnx/dim-trials.js";
import { MAX_PROFILE_BYTES } from "./profile-limits.js";

/**
 * Sizes of the dynamic dims of the model that a profile is of; `undefined` if the file cannot be
 * read or is not a profile, which reading it reports later.
 */
export function dimsOfProfile(path: string): AssumedSizes | undefined {
  const text = readText(path, MAX_PROFILE_BYTES);
  if (!text.ok) {
    return undefined;
  }
  try {
    const { key } = JSON.parse(text.value) as { readonly key?: { readonly dims?: unknown } };
    const entries = Array.isArray(key?.dims) ? key.dims.map((entry) => sized(String(entry))) : [];
    return new Map(entries.filter((entry) => entry !== undefined));
  } catch {
    return undefined;
  }
}

function sized(entry: string): readonly [string, number] | undefined {
  const [, name = "", size = ""] = /^(.+)=(\d{1,15})$/s.exec(entry) ?? [];
  return name === "" ? undefined : [name, Number(size)];
}
