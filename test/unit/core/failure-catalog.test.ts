import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { FAILURE_CATALOG } from "../../../src/core/failure-catalog/failure-catalog.js";
import { failuresDoc } from "../../support/failures-doc.js";

const ROOT = resolve(import.meta.dirname, "../../..");
const SRC = resolve(ROOT, "src");
const entries = Object.values(FAILURE_CATALOG).flatMap((section) => Object.entries(section));
const codes = entries.map(([code]) => code);

/** Every `code: "..."` of the sources, in files that make failures. */
function madeCodes(): readonly string[] {
  const files = readdirSync(SRC, { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => {
      const text = readFileSync(resolve(SRC, file), "utf8");
      return [...text.matchAll(/\bcode: "([a-z0-9-]+)"/g)].map((match) => match[1] ?? "");
    });
}

describe("the catalog of failures", () => {
  it("is what docs/failures.md says", async () => {
    await expect(failuresDoc()).toMatchFileSnapshot(resolve(ROOT, "docs/failures.md"));
  });

  it("has every code that is made, and each is made in one place", () => {
    expect([...madeCodes()].sort()).toEqual([...codes].sort());
  });

  it("has each code once, in the order of names, in one sentence each", () => {
    expect(new Set(codes).size).toBe(codes.length);
    for (const section of Object.values(FAILURE_CATALOG)) {
      expect(Object.keys(section)).toEqual(Object.keys(section).sort());
    }
    for (const [code, { meaning, action }] of entries) {
      expect(meaning, code).toMatch(/^[^\n|]+\.$/);
      expect(action, code).toMatch(/^[^\n|]+\.$/);
    }
  });
});
