/**
 * Items of large JSON files, one after the other: traces have millions of events, of which a few per
 * cent are wanted. Only one event is a value at a time, so that memory is that of the text and of
 * what is kept.
 */

/** Text that ends early or is no JSON; `at` is a position in it. */
export class JsonTextError extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** A part of the text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Deepest nesting of an item: events of all tools have less than ten. */
const MAX_DEPTH = 64;

/** Longest item that is read: the largest of known tools have a few kilobytes. */
const MAX_ITEM = 1 << 24;

/** Whether a text begins as a list, as an object, or as neither. */
export function beginsAs(text: string): "list" | "object" | "other" {
  const code = text.charCodeAt(skipSpace(text, 0));
  return code === OPEN_LIST ? "list" : code === OPEN_OBJECT ? "object" : "other";
}

/**
 * The values of a list, each read when it is asked for. `span` is that of the list.
 *
 * Throws `JsonTextError`.
 */
export function* listItems(text: string, span: Span): Generator<unknown> {
  let at = skipSpace(text, span.start + 1);
  if (text.charCodeAt(at) === CLOSE_LIST) {
    return;
  }
  for (;;) {
    const item = valueSpan(text, at);
    yield spanValue(text, item);
    at = skipSpace(text, item.end);
    if (text.charCodeAt(at) === CLOSE_LIST) {
      return;
    }
    at = skipSpace(text, expected(text, at, COMMA, '"," or "]"'));
  }
}

/** The spans of the fields of an object that is the whole text. Throws `JsonTextError`. */
export function fieldSpans(text: string): ReadonlyMap<string, Span> {
  const fields = new Map<string, Span>();
  let at = skipSpace(text, skipSpace(text, 0) + 1);
  if (text.charCodeAt(at) === CLOSE_OBJECT) {
    return fields;
  }
  for (;;) {
    if (text.charCodeAt(at) !== QUOTE) {
      throw new JsonTextError("a key is expected", at);
    }
    const key = { start: at, end: endOfString(text, at) };
    at = skipSpace(text, expected(text, skipSpace(text, key.end), COLON, '":"'));
    const value = valueSpan(text, at);
    fields.set(String(spanValue(text, key)), value);
    at = skipSpace(text, value.end);
    if (text.charCodeAt(at) === CLOSE_OBJECT) {
      return fields;
    }
    at = skipSpace(text, expected(text, at, COMMA, '"," or "}"'));
  }
}

/** The span of the whole text, a list. */
export function wholeSpan(text: string): Span {
  return { start: skipSpace(text, 0), end: text.length };
}

/** The value of a span. Throws `JsonTextError`. */
export function spanValue(text: string, { start, end }: Span): unknown {
  if (end - start > MAX_ITEM) {
    throw new JsonTextError(`is longer than ${MAX_ITEM} characters`, start);
  }
  try {
    return JSON.parse(text.slice(start, end));
  } catch {
    throw new JsonTextError("is not JSON", start);
  }
}

/** Line of a position, from 1. */
export function lineOf(text: string, at: number): number {
  let line = 1;
  for (
    let next = text.indexOf("\n");
    next !== -1 && next < at;
    next = text.indexOf("\n", next + 1)
  ) {
    line++;
  }
  return line;
}

/** Column of a position in its line, from 1. */
export function columnOf(text: string, at: number): number {
  return at === 0 ? 1 : at - text.lastIndexOf("\n", at - 1);
}

/** Where the value that begins at `start` ends; what it holds is looked at when it is read. */
function valueSpan(text: string, start: number): Span {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at) - 1;
    } else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      if (++depth > MAX_DEPTH) {
        throw new JsonTextError(`is nested more than ${MAX_DEPTH} deep`, at);
      }
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) {
      if (depth === 0) {
        return { start, end: at };
      }
      depth--;
    } else if (code !== COMMA || depth > 0) {
      continue;
    } else {
      return { start, end: at };
    }
    if (depth === 0 && code !== QUOTE) {
      return { start, end: at + 1 };
    }
  }
  throw new JsonTextError("the file ends in the middle of a value", text.length);
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      return at + 1;
    }
    if (code === BACKSLASH) {
      at++;
    }
  }
  throw new JsonTextError("the file ends in the middle of a string", text.length);
}

function expected(text: string, at: number, code: number, words: string): number {
  if (text.charCodeAt(at) === code) {
    return at + 1;
  }
  const ends = at >= text.length;
  throw new JsonTextError(ends ? "the file ends early" : `${words} is expected`, at);
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) {
      return at;
    }
    at++;
  }
}
