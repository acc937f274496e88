import fc from "fast-check";
import { expect, it } from "vitest";
import { countWays, type IncomingArcs } from "../../../src/core/reachability.js";

function arcsOf(lists: readonly (readonly number[])[]): IncomingArcs {
  const start = [0];
  const from: number[] = [];
  for (const list of lists) {
    from.push(...list);
    start.push(from.length);
  }
  return { start: Int32Array.from(start), from: Int32Array.from(from) };
}

/** Ancestors-or-self of each node, as sets. */
function closure(lists: readonly (readonly number[])[]): Set<number>[] {
  const above: Set<number>[] = [];
  for (const [node, list] of lists.entries()) {
    above.push(new Set([node, ...list.flatMap((tail) => [...(above[tail] ?? [])])]));
  }
  return above;
}

it("sees a direct arc once and an implied arc twice", () => {
  const arcs = arcsOf([[], [0], [0, 1], []]);
  const from = Int32Array.from([0, 0, 1, 0]);
  const to = Int32Array.from([1, 2, 2, 3]);
  expect([...countWays(arcs, from, to)]).toEqual([1, 2, 1, 0]);
});

it("agrees with the closure on every pair of random graphs", () => {
  const lists = fc
    .array(fc.array(fc.nat({ max: 1000 }), { maxLength: 4 }), { minLength: 2, maxLength: 70 })
    .map((rows) =>
      rows.map((row, node) => (node === 0 ? [] : [...new Set(row.map((r) => r % node))])),
    );
  fc.assert(
    fc.property(lists, (rows) => {
      const above = closure(rows);
      const pairs = rows.flatMap((_, to) => Array.from({ length: to }, (__, from) => [from, to]));
      const from = Int32Array.from(pairs, (pair) => pair[0] ?? 0);
      const to = Int32Array.from(pairs, (pair) => pair[1] ?? 0);
      const expected = pairs.map(([a, b]) =>
        Math.min(2, (rows[b ?? 0] ?? []).filter((tail) => above[tail]?.has(a ?? 0)).length),
      );
      expect([...countWays(arcsOf(rows), from, to)]).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});

it("keeps more sources than fit one batch apart", () => {
  const count = 5000;
  const rows = Array.from({ length: count }, (_, node) => (node < 2 ? [] : [node - 2]));
  const from = Int32Array.from({ length: count - 7 }, (_, i) => i);
  const to = from.map((source, i) => source + (i % 3 === 0 ? 6 : 7));
  const ways = countWays(arcsOf(rows), from, to);
  expect([...ways]).toEqual(Array.from(from, (_, i) => (i % 3 === 0 ? 1 : 0)));
});
