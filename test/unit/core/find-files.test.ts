import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findFiles } from "../../../src/core/find-files.js";
import { matchesPath } from "../../../src/core/path-pattern.js";

const FILES = [
  "a.onnx",
  "b.onnx",
  "b.json",
  ".hidden.onnx",
  "models/a.onnx",
  "models/deep/er/c.onnx",
  "models/[x].onnx",
  ".cache/d.onnx",
  "node_modules/pack/e.onnx",
  "models.onnx/inside.txt",
];

/** Patterns, and the files that they take. */
const PATTERNS: readonly (readonly [string, readonly string[]])[] = [
  ["*.onnx", ["a.onnx", "b.onnx"]],
  ["a.*", ["a.onnx"]],
  ["?.onnx", ["a.onnx", "b.onnx"]],
  [".*.onnx", [".hidden.onnx"]],
  ["a.onnx", ["a.onnx"]],
  ["none.onnx", []],
  ["models/*.onnx", ["models/[x].onnx", "models/a.onnx"]],
  ["models/[x].onnx", ["models/[x].onnx"]],
  ["m*/*.onnx", ["models/[x].onnx", "models/a.onnx"]],
  ["**/c.onnx", ["models/deep/er/c.onnx"]],
  ["models/**/c.onnx", ["models/deep/er/c.onnx"]],
  ["models/**/**/a.onnx", ["models/a.onnx"]],
  ["**/*.onnx", ["a.onnx", "b.onnx", "models/[x].onnx", "models/a.onnx", "models/deep/er/c.onnx"]],
  ["node_modules/*/*.onnx", ["node_modules/pack/e.onnx"]],
  [".cache/*", [".cache/d.onnx"]],
];

describe("files by pattern", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "find-files-"));
    for (const file of FILES) {
      mkdirSync(join(folder, dirname(file)), { recursive: true });
      writeFileSync(join(folder, file), "");
    }
    // A circle, which is not gone around.
    symlinkSync(folder, join(folder, "models/circle"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(PATTERNS)("%s", (pattern, files) => {
    expect(findFiles(folder, pattern)).toEqual(files);
  });

  it.each(PATTERNS)("%s takes the same as paths", (pattern, files) => {
    const visible = FILES.filter(
      (file) => !file.startsWith("node_modules") || files.includes(file),
    );
    const taken = visible.filter((file) => matchesPath(file, pattern));
    expect(taken.sort()).toEqual(files);
  });

  it("takes files outside", () => {
    expect(findFiles(join(folder, "models"), "../b.*")).toEqual(["../b.json", "../b.onnx"]);
    expect(matchesPath("../b.json", "../b.*")).toBe(true);
  });

  it("does not take exponential time", () => {
    const path = "a/".repeat(200);
    expect(matchesPath(`${path}b`, `${"**/".repeat(200)}c`)).toBe(false);
    expect(matchesPath(`${path}c`, `${"**/".repeat(200)}c`)).toBe(true);
  });
});
