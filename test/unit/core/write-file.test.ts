import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { tryWriting, writeFileAtomically } from "../../../src/core/write-file.js";

const DIST = resolve(import.meta.dirname, "../../../dist/core/write-file.js");

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "top-compile-write-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("writeFileAtomically", () => {
  it("follows no link that somebody put where temporary files were once made", () => {
    const out = join(folder, "out.json");
    const victim = join(folder, "victim");
    writeFileSync(victim, "precious");
    symlinkSync("victim", `${out}.partial`);
    writeFileAtomically(out, "new");
    expect(readFileSync(victim, "utf8")).toBe("precious");
    expect(readFileSync(out, "utf8")).toBe("new");
    expect(lstatSync(out).isSymbolicLink()).toBe(false);
    expect(readdirSync(folder).sort()).toEqual(["out.json", "out.json.partial", "victim"]);
  });

  it("writes through a link: what it leads to is replaced or made, the link stays", () => {
    mkdirSync(join(folder, "elsewhere"));
    const target = join(folder, "elsewhere", "target.json");
    const link = join(folder, "link.json");
    symlinkSync("elsewhere/target.json", join(folder, "second.json"));
    symlinkSync("second.json", link);
    for (const text of ["made", "replaced"]) {
      writeFileAtomically(link, text);
      expect(readFileSync(target, "utf8")).toBe(text);
      expect(lstatSync(link).isSymbolicLink()).toBe(true);
    }
    expect(readdirSync(join(folder, "elsewhere"))).toEqual(["target.json"]);
    symlinkSync("circle", join(folder, "circle"));
    expect(() => writeFileAtomically(join(folder, "circle"), "")).toThrow(/ELOOP/);
  });

  it("keeps the permissions of a file that it replaces, and gives new ones those of the umask", () => {
    const before = process.umask(0o027);
    try {
      const made = join(folder, "made");
      writeFileAtomically(made, "1");
      expect(statSync(made).mode & 0o777).toBe(0o640);
      chmodSync(made, 0o604);
      writeFileAtomically(made, "2");
      expect(statSync(made).mode & 0o777).toBe(0o604);
      expect(readFileSync(made, "utf8")).toBe("2");
    } finally {
      process.umask(before);
    }
  });

  it("leaves what was there and nothing beside it when it cannot end", () => {
    const taken = join(folder, "taken");
    mkdirSync(taken);
    expect(() => writeFileAtomically(taken, "x")).toThrow();
    expect(() => tryWriting(join(folder, "nowhere", "out"))).toThrow(/ENOENT/);
    tryWriting(join(folder, "free"));
    expect(readdirSync(folder)).toEqual(["taken"]);
  });

  it("makes files whose names are as long as the system allows", () => {
    const long = join(folder, "x".repeat(255));
    writeFileAtomically(long, "1");
    expect(existsSync(long)).toBe(true);
  });

  it("lets several writers and a reader of one file alone", async () => {
    const out = join(folder, "shared.json");
    const write = `
      import { writeFileAtomically } from ${JSON.stringify(DIST)};
      const text = JSON.stringify({ a: process.argv[2].repeat(100000) });
      for (let round = 0; round < 40; round++) writeFileAtomically(process.argv[1], text);`;
    const writers = ["1", "2", "3"].map(
      (name) =>
        new Promise<number | null>((done) => {
          const args = ["--input-type=module", "-e", write, out, name];
          spawn(process.execPath, args, { stdio: "inherit" }).on("close", done);
        }),
    );
    let isOver = false;
    const statuses = Promise.all(writers).finally(() => {
      isOver = true;
    });
    const seen = new Set<string>();
    while (!isOver) {
      if (existsSync(out)) {
        const { a } = JSON.parse(readFileSync(out, "utf8")) as { readonly a: string };
        expect(a.length).toBe(100_000);
        seen.add(a[0] ?? "");
      }
      await new Promise((done) => setTimeout(done, 1));
    }
    expect(await statuses).toEqual([0, 0, 0]);
    expect(["1", "2", "3"]).toEqual(expect.arrayContaining([...seen]));
    expect(readdirSync(folder)).toEqual(["shared.json"]);
  });
});
