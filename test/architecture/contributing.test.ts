import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const page = readFileSync(join(ROOT, "CONTRIBUTING.md"), "utf8");
const rows = [...page.matchAll(/^\| ((?:an?|its) .*)\|$/gm)].map(([, row = ""]) => {
  const [what = "", write = "", test = "", fails = ""] = row.split("|").map((cell) => cell.trim());
  return { what, write, test, fails };
});

const pathsIn = (cell: string): string[] =>
  [...cell.matchAll(/`((?:src|test|fixtures)\/[^`]+)`/g)].map(([, path = ""]) => path);

describe("CONTRIBUTING.md", () => {
  it("says where to add what", () => {
    expect(rows.length).toBeGreaterThan(10);
  });

  it.each(rows)("$what: every file and folder is there", ({ write, test, fails }) => {
    expect(pathsIn(write)).not.toEqual([]);
    const named = [write, test, fails].flatMap(pathsIn);
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it("names the two commands that package.json and CI have", () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    expect(scripts.ci).toBeDefined();
    const ci = readFileSync(join(ROOT, ".ci/run"), "utf8");
    expect([...page.matchAll(/^(npm ci|npm run ci)\b/gm)].map(([, command]) => command)).toEqual([
      "npm ci",
      "npm run ci",
    ]);
    expect(ci).toContain("npm run ci");
  });
});
