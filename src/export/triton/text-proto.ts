/**
 * Protocol Buffers' text format, as Triton reads it: fields by name, messages in braces, a repeated scalar
 * as a list.
 */

/** A name of an enumeration, which is written without quotes. */
export interface EnumName {
  readonly enum: string;
}

/** The value of a field. A list is of a repeated scalar field. */
export type TextValue =
  | string
  | number
  | EnumName
  | boolean
  | TextMessage
  | readonly (number | string)[];

/** A message: fields in order; a name may come again. */
export interface TextMessage {
  readonly fields: readonly TextField[];
}

/** One field. */
export type TextField = readonly [name: string, value: TextValue];

/** A message of these fields; fields that are `undefined` are left out. */
export function message(...fields: readonly (TextField | undefined)[]): TextMessage {
  return { fields: fields.filter((field) => field !== undefined) };
}

/** The text of a message, a field a line, each line of `comments` as a comment in front. */
export function printTextProto({ fields }: TextMessage, comments: readonly string[] = []): string {
  const head = comments.map((line) => `# ${line.replace(/\s+/g, " ")}`);
  return `${[...head, ...linesOf(fields, "")].join("\n")}\n`;
}

function linesOf(fields: readonly TextField[], indent: string): readonly string[] {
  return fields.flatMap(([name, value]) => {
    if (typeof value === "object" && "fields" in value) {
      const inner = linesOf(value.fields, `${indent}  `);
      return inner.length === 0
        ? [`${indent}${name} { }`]
        : [`${indent}${name} {`, ...inner, `${indent}}`];
    }
    return [`${indent}${name}: ${printValue(value)}`];
  });
}

function printValue(value: Exclude<TextValue, TextMessage>): string {
  if (typeof value === "string") {
    return quoted(value);
  }
  if (typeof value !== "object") {
    return String(value);
  }
  if ("enum" in value) {
    return value.enum;
  }
  const items = value.map((item) => (typeof item === "string" ? quoted(item) : item)).join(", ");
  return items === "" ? "[ ]" : `[ ${items} ]`;
}

/** Bytes beyond ASCII and control characters as three octal digits, which every reader takes. */
function quoted(text: string): string {
  const bytes = [...new TextEncoder().encode(text)];
  const escaped = bytes.map((byte) => {
    const letter = String.fromCharCode(byte);
    if (letter === '"' || letter === "\\") {
      return `\\${letter}`;
    }
    return byte >= 32 && byte < 127 ? letter : `\\${byte.toString(8).padStart(3, "0")}`;
  });
  return `"${escaped.join("")}"`;
}
