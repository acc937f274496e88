import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Trace, tellTraces } from "../../../src/core/traces.js";
import { sweep, temporaryFolder } from "../../../src/runtime/temporary-folder.js";

describe("temporaryFolder", () => {
  let parent: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), "temporary-folder-"));
  });
  afterEach(() => {
    tellTraces(undefined);
    rmSync(parent, { recursive: true });
  });

  function made() {
    const folder = temporaryFolder("top-compile-test", parent);
    if (!folder.ok) {
      throw new Error(folder.error[0].message);
    }
    return folder.value;
  }

  /** The name of a folder of this kind that another process, which is gone, made here. */
  function nameOfKilled(): string {
    const { pid } = spawnSync(process.execPath, ["--version"]);
    const folder = made();
    folder.remove();
    return basename(folder.path).replace(`-${process.pid}-`, `-${pid}-`);
  }

  it("is there for this user only, until it is removed, and is told of before and after", () => {
    const traces: Trace[] = [];
    tellTraces((trace) => traces.push(trace));
    const folder = made();
    expect(statSync(folder.path).mode & 0o777).toBe(0o700);
    writeFileSync(join(folder.path, "weights"), "x");
    folder.remove();
    expect(existsSync(folder.path)).toBe(false);
    expect(traces).toEqual([
      { kind: "making", path: folder.path },
      { kind: "removed", path: folder.path },
    ]);
  });

  it("is refused where there is no folder to make it in", () => {
    const folder = temporaryFolder("top-compile-test", join(parent, "missing"));
    expect(folder.ok ? [] : folder.error).toMatchObject([
      { code: "temporary-folder-refused", exit: 4 },
    ]);
  });

  it("is removed by a later run when its process was killed", () => {
    const left = join(parent, nameOfKilled());
    mkdirSync(left);
    writeFileSync(join(left, "weights"), "x");
    sweep(parent);
    expect(existsSync(left)).toBe(false);
  });

  it("stays while its process runs, and when it is of another machine or no such folder", () => {
    const running = made().path;
    const killed = nameOfKilled();
    const elsewhere = join(parent, killed.replace(/-[0-9a-f]{8}-/, "-00000000-"));
    const file = join(parent, killed);
    const link = join(parent, `${killed}0`);
    mkdirSync(elsewhere);
    writeFileSync(file, "x");
    symlinkSync(elsewhere, link);
    const similar = join(parent, "top-compile-notes");
    mkdirSync(similar);
    sweep(parent);
    const all = [running, elsewhere, file, link, similar];
    expect(all.filter((path) => !existsSync(path))).toEqual([]);
  });
});
