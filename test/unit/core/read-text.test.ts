import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readTextFile } from "../../../src/core/read-text.js";

const DIST = resolve(import.meta.dirname, "../../../dist/core/read-text.js");

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "top-compile-text-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const read = (bytes: string | Uint8Array, limit = 1000) => {
  const path = join(folder, "file");
  writeFileSync(path, bytes);
  return readTextFile(path, limit);
};

describe("readTextFile", () => {
  it("gives text, without a byte order mark", () => {
    expect(read("é")).toEqual({ kind: "text", text: "é" });
    expect(read("\ufeff{}")).toEqual({ kind: "text", text: "{}" });
    expect(read("")).toEqual({ kind: "text", text: "" });
  });

  it("reads up to the limit and no further", () => {
    expect(read("x".repeat(1000))).toMatchObject({ kind: "text" });
    expect(read("x".repeat(1001))).toEqual({ kind: "too-large", bytes: 1001 });
  });

  it("names what is no UTF-8, and where", () => {
    expect(read(Uint8Array.of(0x61, 0x0a, 0xff, 0x0a))).toEqual({
      kind: "not-text",
      problem: "is not UTF-8 text: line 2 has bytes that mean no character",
    });
    expect(read(Buffer.from("\ufeff{}", "utf16le"))).toEqual({
      kind: "not-text",
      problem: "is UTF-16 text, not UTF-8",
    });
  });

  it("waits for no pipe by name, but reads one that the process was given", () => {
    const pipe = join(folder, "pipe");
    expect(spawnSync("mkfifo", [pipe]).status).toBe(0);
    expect(() => readTextFile(pipe, 10)).toThrow("is a pipe, not a file");
    expect(() => readTextFile("/dev/zero", 10)).toThrow("is a device, not a file");
    expect(() => readTextFile(folder, 10)).toThrow("is a folder, not a file");
    const script = `import { readTextFile } from ${JSON.stringify(DIST)};
      console.log(JSON.stringify(readTextFile("/dev/stdin", 10)));`;
    const given = (text: string): unknown =>
      JSON.parse(
        spawnSync(
          "sh",
          [
            "-c",
            'printf %s "$0" | "$1" --input-type=module -e "$2"',
            text,
            process.execPath,
            script,
          ],
          { encoding: "utf8" },
        ).stdout,
      );
    expect(given("hello")).toEqual({ kind: "text", text: "hello" });
    expect(given("hello hello")).toEqual({ kind: "too-large", bytes: 11 });
  });

  it.runIf(existsSync("/proc/self/status"))(
    "reads files that do not say how large they are",
    () => {
      const found = readTextFile("/proc/self/status", 1 << 20);
      expect(found.kind === "text" && found.text.includes("Pid:")).toBe(true);
    },
  );
});
