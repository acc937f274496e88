import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shortened } from "../../../src/core/shortened.js";
import { textTable } from "../../../src/core/text-table.js";
import { wrapText } from "../../../src/core/wrap-text.js";

const lengths = (text: string): number[] => text.split("\n").map((line) => line.length);

describe("shortened", () => {
  it.each([
    ["abcdefghij", 10, "abcdefghij"],
    ["abcdefghijk", 10, "abcd...ijk"],
    ["abcdefghijk", 5, "a...k"],
    ["abcdefghijk", 4, "a..."],
  ])("%s in %d columns is %s", (text, width, expected) => {
    expect(shortened(text, width)).toBe(expected);
  });
});

describe("wrapText", () => {
  it("lines up what follows a label", () => {
    expect(wrapText("bound   no schedule is faster than 5 ms", 24)).toBe(
      "bound   no schedule is\n        faster than 5 ms",
    );
  });

  it("indents what follows a sentence, and leaves what fits", () => {
    expect(wrapText("one two three\nfour", 8)).toBe("one two\n  three\nfour");
  });

  it("does not part a figure from its unit", () => {
    expect(wrapText("it took only 98.3 % more", 18)).toBe("it took only\n  98.3 % more");
  });

  it("keeps every word, in order, and breaks only where a word is too long", () => {
    const word = fc.stringMatching(/^[a-z]{1,12}$/);
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1 }),
        fc.integer({ min: 20, max: 60 }),
        (words, n) => {
          const wrapped = wrapText(words.join(" "), n);
          expect(wrapped.split(/\s+/)).toEqual(words);
          expect(Math.max(...lengths(wrapped))).toBeLessThanOrEqual(n);
        },
      ),
    );
  });

  it("lets a word that is longer than the line stand whole", () => {
    const path = "/a/very/long/path/that/cannot/be/broken.json";
    expect(wrapText(`wrote   ${path}`, 20)).toContain(path);
  });
});

describe("textTable", () => {
  const header = ["name", "one", "two", "three"];
  const rows = [
    ["a-rather-long-name-of-an-operator", "123 us", "45.6 MiB", "7.8 %"],
    ["short", "1 ns", "0 B", "100.0 %"],
  ];
  const align = ["name", "right", "right", "right"] as const;

  it("shortens names, and no figure, to fit", () => {
    expect(textTable(header, rows, align, 44)).toBe(
      [
        "name                  one       two    three",
        "a-rathe...perator  123 us  45.6 MiB    7.8 %",
        "short                1 ns       0 B  100.0 %",
      ].join("\n"),
    );
  });

  it("puts the last columns below, under the first again, where names cannot be short enough", () => {
    expect(textTable(header, rows, align, 30)).toBe(
      [
        "name             one       two",
        "a-rat...ator  123 us  45.6 MiB",
        "short           1 ns       0 B",
        "",
        "name                     three",
        "a-rather-...-operator    7.8 %",
        "short                  100.0 %",
      ].join("\n"),
    );
  });

  it("never exceeds its columns and never cuts a figure", () => {
    const figure = fc.stringMatching(/^[1-9][0-9]{0,3} (ns|MiB|%)$/);
    const name = fc.stringMatching(/^[a-z/]{0,70}$/);
    const row = fc.tuple(name, figure, figure, figure, figure, name);
    fc.assert(
      fc.property(fc.array(row), fc.integer({ min: 40, max: 200 }), (drawn, columns) => {
        const heads = ["operator", "forward", "held", "workspace", "sends", "to"];
        const kinds = ["name", "right", "right", "right", "right", "name"] as const;
        const text = textTable(heads, drawn, kinds, columns);
        expect(Math.max(...lengths(text))).toBeLessThanOrEqual(columns);
        for (const each of drawn.flatMap((cells) => cells.slice(1, 5))) {
          expect(text).toContain(each);
        }
      }),
    );
  });
});
