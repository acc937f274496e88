import { posix } from "node:path";

/** The words in braces that a path of a target may have, with what they stand for. */
export type Placeholders = Readonly<Record<string, string>>;

const PLACEHOLDER = /\{([^{}]*)\}/g;

/** A path with what its placeholders stand for, or the placeholder that is not known. */
export function filledIn(
  template: string,
  values: Placeholders,
): { readonly path: string } | { readonly unknown: string } {
  const unknown = [...template.matchAll(PLACEHOLDER)].find(
    ([, name = ""]) => !Object.hasOwn(values, name),
  );
  return unknown === undefined
    ? { path: posix.normalize(template.replaceAll(PLACEHOLDER, (_, name) => values[name] ?? "")) }
    : { unknown: unknown[0] };
}

/** The pattern of all paths that a template can make. */
export function patternOf(template: string): string {
  const pattern = template.replaceAll(PLACEHOLDER, (_, name) => (name === "folder" ? "**" : "*"));
  return posix.normalize(pattern);
}

/** A name for use in a file name: a device may be `cuda:0`, or a path. */
export function plainName(name: string): string {
  return posix.basename(name, ".json").replaceAll(/[^\w.-]/g, "-");
}

/** The placeholders of a file: its folder, and under `key` its name without what is usual at its end. */
export function placeholdersOf(key: string, file: string): Placeholders {
  const name = posix.basename(file).replace(/(?:\.placement)?\.json$|\.onnx$/i, "");
  return { folder: posix.dirname(file), [key]: name };
}
