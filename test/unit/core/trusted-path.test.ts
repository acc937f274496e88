import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { untrustedPart } from "../../../src/core/trusted-path.js";

const ME = process.getuid?.() ?? 0;

let folder = "";
let file = "";
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "top-compile-trust-")));
  mkdirSync(join(folder, "a", "b"), { recursive: true });
  file = join(folder, "a", "b", "file");
  writeFileSync(file, "");
  chmodSync(file, 0o700);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("untrustedPart", () => {
  it("finds nothing where all is the user's own, or not there yet", () => {
    expect(untrustedPart(file, ME, 3)).toBeUndefined();
    expect(untrustedPart(join(folder, "a", "c", "d"), ME, 3)).toBeUndefined();
  });

  it.each([
    ["a/b/file", 1],
    ["a/b", 2],
    ["a", 3],
  ])("names %s when others may write to it and it is asked for", (part, own) => {
    chmodSync(join(folder, part), 0o720);
    expect(untrustedPart(file, ME, own - 1)).toBeUndefined();
    expect(untrustedPart(file, ME, own)).toBe(`${join(folder, part)} may be written to by others`);
  });

  it("asks of whatever lies in a folder of everybody's that it is the user's own and no link", () => {
    chmodSync(folder, 0o1777);
    expect(untrustedPart(file, ME)).toBeUndefined();
    symlinkSync("a", join(folder, "link"));
    expect(untrustedPart(join(folder, "link", "b", "file"), ME)).toMatch(/link is a link/);
    chmodSync(join(folder, "a"), 0o770);
    expect(untrustedPart(file, ME)).toBe(`${join(folder, "a")} may be written to by others`);
  });

  it.each([
    ["in a file", "a/b/file/cache"],
    ["under a name that is too long", `a/${"n".repeat(300)}/cache`],
  ])("finds nothing %s, where nothing can be", (_, path) => {
    expect(untrustedPart(join(folder, path), ME, 2)).toBeUndefined();
  });

  it("looks behind links", () => {
    mkdirSync(join(folder, "c"));
    chmodSync(join(folder, "a", "b"), 0o777);
    symlinkSync("../a/b", join(folder, "c", "link"));
    expect(untrustedPart(join(folder, "c", "link", "file"), ME)).toBeUndefined();
    expect(untrustedPart(join(folder, "c", "link"), ME, 1)).toMatch(/b may be written/);
  });

  it.runIf(ME === 0)("names what belongs to another user; root's belongs to all", () => {
    expect(untrustedPart(file, 4711, 1)).toBeUndefined();
    chownSync(file, 4711, 4711);
    expect(untrustedPart(file, 4711, 1)).toBeUndefined();
    expect(untrustedPart(file, ME, 1)).toBe(`${file} belongs to another user`);
  });

  it("finds nothing where files have no owners", () => {
    chmodSync(file, 0o777);
    expect(untrustedPart(file, undefined, 3)).toBeUndefined();
  });
});
