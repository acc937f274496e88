import fc from "fast-check";
import { expect, it } from "vitest";
import { maximumMatching } from "../../../../src/search/operator/bipartite-matching.js";

function matching(rows: readonly (readonly number[])[], rights: number): Int32Array {
  const start = [0];
  for (const row of rows) {
    start.push((start.at(-1) ?? 0) + row.length);
  }
  return maximumMatching({
    lefts: rows.length,
    rights,
    start: Int32Array.from(start),
    right: Int32Array.from(rows.flat()),
  });
}

/** The size of a maximum matching, by trying everything. */
function best(rows: readonly (readonly number[])[], left = 0, taken = 0): number {
  if (left === rows.length) {
    return 0;
  }
  const choices = (rows[left] ?? []).filter((right) => (taken & (1 << right)) === 0);
  return Math.max(
    best(rows, left + 1, taken),
    ...choices.map((right) => 1 + best(rows, left + 1, taken | (1 << right))),
  );
}

it("gives up a first choice where that matches more", () => {
  expect([...matching([[0, 1], [0]], 2)]).toEqual([1, 0]);
});

it("is a matching, and as large as the best of all", () => {
  const row = fc.uniqueArray(fc.nat({ max: 6 }), { maxLength: 4 });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 7 }), (rows) => {
      const mates = matching(rows, 7);
      const used = [...mates].filter((right) => right >= 0);
      expect(new Set(used).size).toBe(used.length);
      mates.forEach((right, left) => {
        expect(right < 0 || rows[left]?.includes(right)).toBe(true);
      });
      expect(used.length).toBe(best(rows));
    }),
  );
});
