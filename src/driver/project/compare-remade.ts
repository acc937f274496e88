import { readText } from "../../core/files.js";
import type { Finding } from "./finding.js";

/** Largest output that is compared. */
const MOST_BYTES = 512 * 2 ** 20;

/** What an output says of how it was made. */
interface Origin {
  readonly tool?: unknown;
  readonly inputs?: readonly { readonly name?: unknown; readonly sha256?: unknown }[];
  readonly seed?: unknown;
  readonly options?: Readonly<Record<string, unknown>>;
}

/**
 * Compares an output with what is made now, in two files; `undefined`: they are the same, byte for
 * byte. Why they differ follows from what both say of how they were made.
 */
export function compareRemade(out: string, file: string, remade: string): Finding | undefined {
  const before = readText(file, MOST_BYTES);
  const now = readText(remade, MOST_BYTES);
  if (!before.ok || !now.ok) {
    return { kind: "edited", out, message: "cannot be read any more" };
  }
  return before.value === now.value ? undefined : difference(out, before.value, now.value);
}

function difference(out: string, before: string, now: string): Finding {
  const was = originOf(before);
  const is = originOf(now);
  if (was === undefined) {
    return { kind: "edited", out, message: "is not JSON any more" };
  }
  if (is === undefined || is.tool === undefined) {
    const message = "is not what is made now: what it is made from has changed, or the file";
    return { kind: "stale", out, message };
  }
  if (was.tool !== is.tool) {
    return { kind: "stale", out, message: `was made by ${String(was.tool)}, this is ${is.tool}` };
  }
  const changed = (is.inputs ?? []).filter(
    ({ name, sha256 }) => !was.inputs?.some((each) => each.name === name && each.sha256 === sha256),
  );
  if (changed.length > 0 || was.inputs?.length !== is.inputs?.length) {
    const names = changed.map(({ name }) => String(name)).join(", ");
    const message = names === "" ? "was made from more files" : `was made from another ${names}`;
    return { kind: "stale", out, message };
  }
  const options = changedOptions(was, is);
  return options === undefined
    ? { kind: "edited", out, message: "is not what is made of the same files and options" }
    : { kind: "foreign", out, message: `was made with other options: ${options}` };
}

function changedOptions(was: Origin, is: Origin): string | undefined {
  const before: Readonly<Record<string, unknown>> = { ...was.options, seed: was.seed };
  const now: Readonly<Record<string, unknown>> = { ...is.options, seed: is.seed };
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].filter(
    (name) => JSON.stringify(before[name]) !== JSON.stringify(now[name]),
  );
  return names.length === 0 ? undefined : names.map((name) => `--${name}`).join(", ");
}

/** What a text says of its origin, as far as it does; `undefined`: it is not JSON. */
function originOf(text: string): Origin | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const { provenance } = (value ?? {}) as { readonly provenance?: unknown };
    return typeof provenance === "object" && provenance !== null ? provenance : {};
  } catch {
    return undefined;
  }
}
