import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NumberKey } from "../../../../../src/search/pipeline/modulo/number-key.js";

const NUMBER = fc.oneof(
  fc.integer({ min: -40, max: 40 }),
  fc.constantFrom(-32_769, -32_768, -32_767, 32_766, 32_767, 32_768, 65_535, -65_536),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
);

describe("a key of numbers", () => {
  const key = new NumberKey(5000);
  const textOf = (numbers: readonly number[]): string => {
    key.clear();
    for (const each of numbers) {
      key.add(each);
    }
    return key.text();
  };

  it("is the same for the same numbers, and differs for others", () => {
    fc.assert(
      fc.property(fc.array(NUMBER), fc.array(NUMBER), (one, other) => {
        expect(textOf([...one])).toBe(textOf(one));
        expect(textOf(one) === textOf(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
  });

  it("differs where a single number does, also at the ends of what takes one character", () => {
    fc.assert(
      fc.property(
        fc.array(NUMBER, { minLength: 1 }),
        fc.nat(),
        NUMBER,
        (numbers, place, number) => {
          const at = place % numbers.length;
          const other = numbers.with(at, number);
          expect(textOf(numbers) === textOf(other)).toBe(numbers[at] === number);
        },
      ),
    );
  });

  it("holds as many as it was made for", () => {
    const many = Array.from({ length: 5000 }, (_, at) => at * 1000 - 2_500_000);
    expect(textOf(many)).not.toBe(textOf(many.with(4999, 0)));
  });
});
