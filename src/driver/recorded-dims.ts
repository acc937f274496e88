import { readText } from "../core/files.js";
import type { AssumedSizes } from "../onnx/dim-trials.js";
import type { BoundDim } from "../onnx/lowered-model.js";
import { MAX_PROFILE_BYTES } from "../profile/profile-limits.js";

/**
 * The option `dim` as an artifact records it: sizes given by the user, and sizes used because the
 * defaults do not fit; `undefined` if there are none. With them the model is lowered to the same
 * shapes everywhere.
 */
export function recordedDims(
  given: ReadonlyMap<string, number>,
  boundDims: readonly BoundDim[],
): readonly string[] | undefined {
  const tried = boundDims.filter(({ source }) => source === "tried");
  const all = [...given, ...tried.map(({ name, size }) => [name, size] as const)];
  return all.length === 0 ? undefined : all.map(([name, size]) => `${name}=${size}`);
}

/**
 * Sizes of the dynamic dims of the model that a profile is of; `undefined` where the file cannot be
 * read or is no profile, which reading it says later.
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
