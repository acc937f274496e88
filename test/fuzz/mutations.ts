import { type Random, seededRandom } from "../../src/core/random.js";

/** Lengths and counts that overflow something when they are believed. */
const BOMBS: readonly (readonly number[])[] = [
  [0xff, 0xff, 0xff, 0xff, 0x07],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
];

/** One damaged copy of `bytes`: flipped, cut off, spliced, repeated, or with a length bomb in it. */
export function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const at = (): number => random.integer(Math.max(1, bytes.length));
  switch (random.integer(6)) {
    case 0: {
      const copy = bytes.slice();
      for (let i = 0; i <= random.integer(8); i++) {
        copy[at()] = random.integer(256);
      }
      return copy;
    }
    case 1:
      return bytes.slice(0, at());
    case 2: {
      const from = at();
      return joined([bytes.slice(0, from), bytes.slice(from + 1 + random.integer(64))]);
    }
    case 3: {
      const from = at();
      const piece = bytes.slice(from, from + random.integer(256));
      return joined([bytes.slice(0, from), piece, piece, bytes.slice(from)]);
    }
    case 4: {
      const from = at();
      const bomb = Uint8Array.from(BOMBS[random.integer(BOMBS.length)] ?? []);
      return joined([bytes.slice(0, from), bomb, bytes.slice(from + bomb.length)]);
    }
    default: {
      const from = at();
      const noise = Uint8Array.from({ length: random.integer(128) }, () => random.integer(256));
      return joined([bytes.slice(0, from), noise, bytes.slice(from)]);
    }
  }
}

/** Values that JSON may hold and a field does not expect. */
const ODD: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  1e308,
  2 ** 53,
  "",
  "x".repeat(5000),
  [],
  {},
  [[[]]],
  "\u0000\n",
];

/** One damaged copy of a JSON document: a value replaced, removed, doubled, or the text cut. */
export function mutateJson(text: string, random: Random): string {
  if (random.integer(4) === 0) {
    return new TextDecoder().decode(mutate(new TextEncoder().encode(text), random));
  }
  const value: unknown = JSON.parse(text);
  let parent: Record<string, unknown> | unknown[] = [value];
  let key: string | number = 0;
  for (let depth = random.integer(8); depth >= 0; depth--) {
    const child: unknown = (parent as Record<string | number, unknown>)[key];
    if (typeof child !== "object" || child === null || Object.keys(child).length === 0) {
      break;
    }
    parent = child as Record<string, unknown>;
    const keys = Object.keys(child);
    key = keys[random.integer(keys.length)] ?? 0;
  }
  const place = parent as Record<string | number, unknown>;
  switch (random.integer(3)) {
    case 0:
      place[key] = ODD[random.integer(ODD.length)];
      break;
    case 1:
      delete place[key];
      break;
    default:
      place[`${key}x`] = place[key];
  }
  return JSON.stringify(value);
}

/** A generator for case `index` of a run. */
export function randomOf(seed: number, index: number): Random {
  return seededRandom(seed).fork(index);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    result.set(piece, at);
    at += piece.length;
  }
  return result;
}

/** One damaged copy of a table: a cell swapped, removed, doubled, moved or changed, rows swapped, or any text. */
export function mutateCells(text: string, random: Random): string {
  const rows = text
    .trimEnd()
    .split("\n")
    .map((row) => row.split(","));
  const row = rows[random.integer(rows.length)] ?? [];
  const at = random.integer(Math.max(1, row.length));
  const cell = row[at] ?? "";
  switch (random.integer(7)) {
    case 0:
      row.splice(at, 2, ...row.slice(at, at + 2).reverse());
      break;
    case 1:
      row.splice(at, 1);
      break;
    case 2:
      row.splice(at, 0, cell);
      break;
    case 3:
      rows[random.integer(rows.length)]?.push(...row.splice(at, 1));
      break;
    case 4:
      row[at] = cell.replace(/\d/, () => String(random.integer(10)));
      break;
    case 5:
      rows.reverse();
      break;
    default:
      return new TextDecoder().decode(mutate(new TextEncoder().encode(text), random));
  }
  return `${rows.map((each) => each.join(",")).join("\n")}\n`;
}
