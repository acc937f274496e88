/**
 * Every single change that can be made to one field of a JSON document: the mutations of a study
 * that asks which of them a checker notices.
 */

/** A changed copy of a document. */
export interface FieldChange {
  /** JSON pointer of what changed. */
  readonly pointer: string;
  /** What was done, for people. */
  readonly what: string;
  readonly document: unknown;
}

/** What a study knows about the format beyond the document itself. */
export interface FieldKnowledge {
  /** By key: all words that the format allows there. */
  readonly words: Readonly<Record<string, readonly string[]>>;
  /** By pointer pattern of an object: fields that it may have, with a value to add. */
  readonly extras: readonly (readonly [RegExp, string, unknown])[];
}

type Path = readonly string[];

/** All changes of single fields, or all but those of numbers. Cost: a copy of the document for each. */
export function* fieldChanges(
  document: unknown,
  knowledge: FieldKnowledge,
  which: "all" | "no numbers" = "all",
): Generator<FieldChange> {
  const strings = stringsByKey(document);
  for (const { path, value, isSeries } of places(document, [])) {
    if (which === "no numbers" && typeof value === "number") {
      continue;
    }
    for (const [what, changed] of changesOf(path, value, { knowledge, strings, isSeries })) {
      yield { pointer: pointerOf(path), what, document: replaced(document, path, changed) };
    }
  }
}

/**
 * Every number changed by the least that is recorded: a whole one by 1, another by 1 in its sixth digit; up where that is
 * not above 1, and down.
 */
export function* numberChanges(document: unknown): Generator<FieldChange> {
  for (const { path, value } of places(document, [])) {
    if (typeof value === "number") {
      const step = Number.isInteger(value)
        ? 1
        : 10 ** (Math.floor(Math.log10(Math.abs(value))) - 5);
      for (const other of [value + step, value - step]) {
        const changed = Number.isInteger(value) ? other : Number(other.toPrecision(17));
        yield {
          pointer: pointerOf(path),
          what: `${changed}`,
          document: replaced(document, path, changed),
        };
      }
    }
  }
}

interface Surroundings {
  readonly knowledge: FieldKnowledge;
  /** Texts of the whole document by the key that they stand under. */
  readonly strings: ReadonlyMap<string, ReadonlySet<string>>;
  /** One number of many alike, of which every sixteenth is changed, in one way. */
  readonly isSeries: boolean;
}

const REMOVED = Symbol("removed");

function* changesOf(
  path: Path,
  value: unknown,
  { knowledge, strings, isSeries }: Surroundings,
): Generator<readonly [string, unknown]> {
  const key = keyOf(path);
  if (path.length > 0 && !/^\d+$/.test(path.at(-1) ?? "")) {
    yield ["removed", REMOVED];
  }
  if (typeof value === "number") {
    const [one] = numbersFor(value);
    yield* isSeries ? [one ?? (["0", 0] as const)] : numbersFor(value);
  } else if (typeof value === "boolean") {
    yield [`${!value}`, !value];
  } else if (typeof value === "string") {
    const others = new Set([...(knowledge.words[key] ?? []), ...(strings.get(key) ?? [])]);
    others.delete(value);
    for (const other of [...others].slice(0, 12)) {
      yield [`"${other}"`, other];
    }
    yield ["with an x behind", `${value}x`];
    yield ["empty", ""];
  } else if (Array.isArray(value)) {
    yield* listsFor(value);
  } else if (typeof value === "object" && value !== null) {
    const pointer = pointerOf(path);
    for (const [pattern, extra, content] of knowledge.extras) {
      if (pattern.test(pointer) && !Object.hasOwn(value, extra)) {
        yield [`${extra} added`, { ...value, [extra]: content }];
      }
    }
  }
}

function* numbersFor(value: number): Generator<readonly [string, number | null | string]> {
  const near = Number.isInteger(value) ? [value + 1, value - 1] : [value + 1e-4, value - 1e-4];
  const others = [...near, value * 2, 0, -value, value + 0.5, Math.floor(value / 2), 1e15, 2 ** 40];
  for (const other of new Set(others)) {
    if (other !== value) {
      yield [String(other), other];
    }
  }
  yield ["null", null];
  yield ["a text", String(value)];
}

function* listsFor(value: readonly unknown[]): Generator<readonly [string, readonly unknown[]]> {
  const last = value.length - 1;
  const isSeries = isNumbers(value);
  for (const [at, item] of value.entries()) {
    if (isSeries && at > 1 && at < last) {
      continue;
    }
    yield [`entry ${at} dropped`, value.filter((_, i) => i !== at)];
    yield [`entry ${at} doubled`, [...value.slice(0, at + 1), item, ...value.slice(at + 1)]];
    if (at > 0 && JSON.stringify(item) !== JSON.stringify(value[at - 1])) {
      yield [`entries ${at - 1} and ${at} swapped`, swapped(value, at - 1, at)];
    }
  }
  if (last > 1 && JSON.stringify(value[0]) !== JSON.stringify(value[last])) {
    yield [`entries 0 and ${last} swapped`, swapped(value, 0, last)];
  }
  if (last > 0) {
    yield ["emptied", []];
  }
}

function swapped(list: readonly unknown[], a: number, b: number): readonly unknown[] {
  const copy = [...list];
  [copy[a], copy[b]] = [copy[b], copy[a]];
  return copy;
}

interface Place {
  readonly path: Path;
  readonly value: unknown;
  readonly isSeries: boolean;
}

function* places(value: unknown, path: Path, isSeries: boolean = false): Generator<Place> {
  yield { path, value, isSeries };
  if (typeof value === "object" && value !== null) {
    const ofSeries = isNumbers(value);
    for (const [at, [key, child]] of Object.entries(value).entries()) {
      if (!ofSeries || at % 16 === 0) {
        yield* places(child, [...path, key], ofSeries);
      }
    }
  }
}

/** A long list of numbers that mean the same at every place. */
function isNumbers(value: unknown): boolean {
  return Array.isArray(value) && value.length > 20 && typeof value[0] === "number";
}

/** A copy with another value at a place; only what lies on the way there is copied. */
function replaced(value: unknown, path: Path, changed: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) {
    return changed;
  }
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<
    string,
    unknown
  >;
  if (rest.length === 0 && changed === REMOVED) {
    delete copy[key];
  } else {
    copy[key] = replaced(copy[key], rest, changed);
  }
  return copy;
}

function stringsByKey(document: unknown): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { path, value } of places(document, [])) {
    if (typeof value === "string") {
      const key = keyOf(path);
      found.set(key, (found.get(key) ?? new Set()).add(value));
    }
  }
  return found;
}

/** The last name on the way to a place: entries of a list count under the name of the list. */
function keyOf(path: Path): string {
  return path.findLast((step) => !/^\d+$/.test(step)) ?? "";
}

function pointerOf(path: Path): string {
  return path.map((step) => `/${step.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
