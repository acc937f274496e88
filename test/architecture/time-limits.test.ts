/** No test of the suite may fail because the machine is slow or busy. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const TESTS = resolve(import.meta.dirname, "..");

/** A limit that a test or a hook is given: as an option, or behind its function; but for that of builds. */
const LIMIT =
  /\b(?:testTimeout|hookTimeout|timeout): (?!BUILD_TIMEOUT_MS)|^ *\},\s+(?:[A-Z_]*MS|[\d_]*\d{3}),?\s*\);$/gm;

describe("tests", () => {
  it("have no time limits but those of the configuration, which are against hanging", () => {
    const limited = readdirSync(TESTS, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".test.ts"))
      .flatMap((name) => {
        const found = readFileSync(join(TESTS, name), "utf8").match(LIMIT) ?? [];
        return found
          .filter((limit) => !limit.includes("BUILD_TIMEOUT_MS"))
          .map((limit) => `${name}: ${limit.trim()}`);
      });
    expect(limited).toEqual([]);
  });
});
