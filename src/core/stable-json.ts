/** A value that JSON can hold. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

const INLINE_WIDTH = 100;

/**
 * JSON text with the key order of the object, two-space indentation, short arrays and objects on
 * one line, and a final newline. Absent (`undefined`) properties are left out.
 *
 * Ensures: the same value gives the same bytes on every machine.
 * Requires: every number is finite.
 */
export function stableJson(value: Json): string {
  return `${print(value, "")}\n`;
}

function print(value: Json, indent: string): string {
  const inline = printInline(value, INLINE_WIDTH - indent.length);
  if (inline !== undefined) {
    return inline;
  }
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const items = value.map((item: Json) => `${inner}${print(item, inner)}`);
    return `[\n${items.join(",\n")}\n${indent}]`;
  }
  const entries = Object.entries(value as { readonly [key: string]: Json | undefined })
    .filter((entry): entry is [string, Json] => entry[1] !== undefined)
    .map(([key, item]) => `${inner}${JSON.stringify(key)}: ${print(item, inner)}`);
  return `{\n${entries.join(",\n")}\n${indent}}`;
}

/** One-line form, or `undefined` once it is longer than `room`. */
function printInline(value: Json, room: number): string | undefined {
  if (value === null || typeof value !== "object") {
    if (typeof value === "number" && !Number.isFinite(value)) {
      throw new RangeError(`internal: JSON cannot hold ${value}`);
    }
    return JSON.stringify(value);
  }
  const isArray = Array.isArray(value);
  const parts: string[] = [];
  let left = room - 4;
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) {
      continue;
    }
    const text = printInline(item as Json, left);
    if (text === undefined) {
      return undefined;
    }
    const part = isArray ? text : `${JSON.stringify(key)}: ${text}`;
    left -= part.length + 2;
    if (left < 0) {
      return undefined;
    }
    parts.push(part);
  }
  if (parts.length === 0) {
    return isArray ? "[]" : "{}";
  }
  return isArray ? `[${parts.join(", ")}]` : `{ ${parts.join(", ")} }`;
}
