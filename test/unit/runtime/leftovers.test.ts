import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { tellTraces } from "../../../src/core/traces.js";
import { writeFileAtomically } from "../../../src/core/write-file.js";
import { Leftovers } from "../../../src/runtime/leftovers.js";

describe("Leftovers", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "leftovers-"));
  });
  afterEach(() => {
    tellTraces(undefined);
    rmSync(folder, { recursive: true });
  });

  it("removes what was being made, files and folders, and nothing else", () => {
    const [made, gone, other] = ["made", "gone", "other"].map((name) => join(folder, name));
    const leftovers = new Leftovers();
    for (const path of [made!, gone!]) {
      leftovers.hear({ kind: "making", path });
      mkdirSync(path);
      writeFileSync(join(path, "weights"), "x");
    }
    mkdirSync(other!);
    leftovers.hear({ kind: "removed", path: gone! });
    expect(leftovers.clear()).toEqual([]);
    expect([made, gone, other].map((path) => existsSync(path!))).toEqual([false, true, true]);
  });

  it("says what had been put into its place, told or not told any more", () => {
    const leftovers = new Leftovers();
    const path = (name: string): string => join(folder, name);
    for (const name of ["told", "untold", "unplaced"]) {
      writeFileSync(path(`${name}.partial`), "x");
      leftovers.hear({ kind: "making", path: path(`${name}.partial`) });
      leftovers.hear({ kind: "placing", path: path(`${name}.partial`), target: name });
    }
    rmSync(path("told.partial"));
    leftovers.hear({ kind: "placed", path: path("told.partial") });
    rmSync(path("untold.partial"));
    expect(leftovers.clear()).toEqual(["told", "untold"]);
    expect(existsSync(path("unplaced.partial"))).toBe(false);
  });

  it("hears of every file that is written, whole or not at all", () => {
    const leftovers = new Leftovers();
    tellTraces((trace) => leftovers.hear(trace));
    writeFileAtomically(join(folder, "file"), "text");
    mkdirSync(join(folder, "taken"));
    expect(() => writeFileAtomically(join(folder, "taken"), "text")).toThrow();
    expect(leftovers.clear()).toEqual([join(folder, "file")]);
  });
});
