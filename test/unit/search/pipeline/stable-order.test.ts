import fc from "fast-check";
import { expect, it } from "vitest";
import { sortByKey } from "../../../../src/search/pipeline/makespan/stable-order.js";

it("orders as the language's own stable sort", () => {
  const keys = fc.array(fc.integer({ min: -5, max: 40 }), { maxLength: 300 });
  fc.assert(
    fc.property(keys, (list) => {
      const order = Uint32Array.from(list, (_, at) => at).reverse();
      const expected = [...order].sort((a, b) => list[a]! - list[b]!);
      sortByKey(order, Float64Array.from(list));
      expect([...order]).toEqual(expected);
    }),
  );
});
