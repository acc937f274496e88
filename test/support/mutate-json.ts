import fc from "fast-check";

/** One change to a JSON document: at the place found by following `path`, do `what`. */
export interface Mutation {
  /** Chooses a child at each depth; its length bounds the depth. */
  readonly path: readonly number[];
  readonly what: "replace" | "remove" | "add" | "duplicate" | "swap";
  readonly value: unknown;
}

/** Values that are wrong in most places: wrong types, extremes, look-alikes. */
const STRANGE: readonly unknown[] = [
  null,
  true,
  "",
  "x",
  "__proto__",
  [],
  {},
  -1,
  0,
  0.5,
  1e300,
  2 ** 53,
  1_000_001,
  "measured",
  "a".repeat(70_000),
  [[["deep"]]],
  { constructor: { prototype: 1 } },
];

/** Mutations of any JSON document. */
export const arbitraryMutation: fc.Arbitrary<Mutation> = fc.record({
  path: fc.array(fc.nat({ max: 50 }), { minLength: 1, maxLength: 6 }),
  what: fc.constantFrom("replace", "replace", "remove", "add", "duplicate", "swap"),
  value: fc.constantFrom(...STRANGE),
});

type Container = Record<string, unknown>;

/** A copy of `document` with the change. */
export function mutated(document: unknown, { path, what, value }: Mutation): unknown {
  const root = { root: structuredClone(document) as unknown };
  let parent: Container = root;
  let key = "root";
  for (const step of path) {
    const here = parent[key];
    const keys = typeof here === "object" && here !== null ? Object.keys(here) : [];
    if (keys.length === 0) {
      break;
    }
    parent = here as Container;
    key = keys[step % keys.length] ?? "";
  }
  const isArray = Array.isArray(parent);
  if (what === "remove" && parent !== root) {
    isArray ? (parent as unknown as unknown[]).splice(Number(key), 1) : delete parent[key];
  } else if (what === "add") {
    isArray ? (parent as unknown as unknown[]).push(value) : set(parent, "extra", value);
  } else if (what === "duplicate" && isArray) {
    (parent as unknown as unknown[]).push(structuredClone(parent[key]));
  } else if (what === "swap" && parent !== root) {
    const other = Object.keys(parent)[0] ?? key;
    [parent[key], parent[other]] = [parent[other], parent[key]];
  } else {
    set(parent, key, value);
  }
  return root.root;
}

function set(target: Container, key: string, value: unknown): void {
  Object.defineProperty(target, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}
