import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const BIN = resolve(import.meta.dirname, "../../bin/top-compile.js");

test("a reader that leaves early changes neither the status nor what is written", async () => {
  const folder = mkdtempSync(join(tmpdir(), "closed-pipe-"));
  const out = join(folder, "out.schedule.json");
  const search = ["search", "--shape", "v", "--devices", "4", "--json", "-o", out];
  const child = spawn(process.execPath, [BIN, ...search], { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.destroy();
  let said = "";
  child.stderr.on("data", (text) => {
    said += text;
  });
  const status = await new Promise((done) => child.on("close", done));
  expect({ status, said }).toEqual({ status: 0, said: "" });
  expect(existsSync(out)).toBe(true);
  rmSync(folder, { recursive: true });
});
