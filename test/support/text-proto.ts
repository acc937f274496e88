/** A reader of Protocol Buffers' text format, for checks of what we write in it. */

/** A message as read: fields in order; lists are repeated fields. */
export type ReadMessage = readonly (readonly [string, ReadValue])[];

/** A value as read: text in quotes, another word (number, enumeration, boolean), or a message. */
export type ReadValue =
  | { readonly text: string }
  | { readonly word: string }
  | { readonly message: ReadMessage };

/** Reads a message; throws for what is not one. */
export function readTextProto(source: string): ReadMessage {
  const tokens = source.match(/"(?:[^"\\\n]|\\.)*"|#[^\n]*|[{}[\]:,]|[^\s{}[\]:,"#]+/g) ?? [];
  const left = source.replace(/"(?:[^"\\\n]|\\.)*"|#[^\n]*|[{}[\]:,]|[^\s{}[\]:,"#]+/g, "").trim();
  if (left !== "") {
    throw new Error(`no token: ${left}`);
  }
  const reader = { tokens: tokens.filter((token) => !token.startsWith("#")), at: 0 };
  const message = readFields(reader, undefined);
  return message;
}

interface Reader {
  readonly tokens: readonly string[];
  at: number;
}

function next(reader: Reader): string {
  const token = reader.tokens[reader.at];
  if (token === undefined) {
    throw new Error("ends too early");
  }
  reader.at++;
  return token;
}

function readFields(reader: Reader, end: "}" | undefined): ReadMessage {
  const fields: (readonly [string, ReadValue])[] = [];
  while (reader.tokens[reader.at] !== end) {
    const name = next(reader);
    if (!/^[a-z_0-9]+$/.test(name)) {
      throw new Error(`no name of a field: ${name}`);
    }
    if (reader.tokens[reader.at] === "{") {
      reader.at++;
      fields.push([name, { message: readFields(reader, "}") }]);
      reader.at++;
      continue;
    }
    if (next(reader) !== ":") {
      throw new Error(`"${name}" has no value`);
    }
    fields.push(...readValues(reader).map((value) => [name, value] as const));
  }
  return fields;
}

function readValues(reader: Reader): readonly ReadValue[] {
  const first = next(reader);
  if (first !== "[") {
    return [scalar(first)];
  }
  const values: ReadValue[] = [];
  for (let token = next(reader); token !== "]"; token = next(reader)) {
    if (token !== ",") {
      values.push(scalar(token));
    }
  }
  return values;
}

function scalar(token: string): ReadValue {
  return token.startsWith('"') ? { text: unquoted(token.slice(1, -1)) } : { word: token };
}

function unquoted(body: string): string {
  const bytes: number[] = [];
  for (const [piece, octal, letter] of body.matchAll(/\\([0-7]{3})|\\(.)|[^\\]/gs)) {
    bytes.push(
      ...(octal === undefined
        ? new TextEncoder().encode(letter ?? piece)
        : [Number.parseInt(octal, 8)]),
    );
  }
  return new TextDecoder("utf8", { fatal: true }).decode(Uint8Array.from(bytes));
}

/** The values of a field, in order. */
export function valuesOf(message: ReadMessage, name: string): readonly ReadValue[] {
  return message.flatMap(([field, value]) => (field === name ? [value] : []));
}

/** The messages of a repeated field. */
export function messagesOf(message: ReadMessage, name: string): readonly ReadMessage[] {
  return valuesOf(message, name).flatMap((value) => ("message" in value ? [value.message] : []));
}

/** The texts of a repeated field. */
export function textsOf(message: ReadMessage, name: string): readonly string[] {
  return valuesOf(message, name).flatMap((value) => ("text" in value ? [value.text] : []));
}

/** The words of a repeated field: numbers, enumerations, booleans. */
export function wordsOf(message: ReadMessage, name: string): readonly string[] {
  return valuesOf(message, name).flatMap((value) => ("word" in value ? [value.word] : []));
}
