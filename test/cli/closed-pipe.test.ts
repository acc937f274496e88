import { spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const SEARCH = ["search", "--shape", "v", "--devices", "4", "--json"];

const BIN = resolve(import.meta.dirname, "../../bin/top-compile.js");

test("a reader that leaves early changes neither the status nor what is written", async () => {
  const folder = mkdtempSync(join(tmpdir(), "closed-pipe-"));
  const out = join(folder, "out.schedule.json");
  const child = spawn(process.execPath, [BIN, ...SEARCH, "-o", out], {
    stdio: ["ignore", "pipe", "pipe"],
  });
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

test("a reader that takes its time gets everything", async () => {
  const long = [...SEARCH, "--micro-batches", "512"];
  const child = spawn(process.execPath, [BIN, ...long], { stdio: ["ignore", "pipe", "inherit"] });
  const status = new Promise((done) => child.on("exit", done));
  let text = "";
  // Far fewer bytes at a time than a pipe holds, and nothing else to be heard in between.
  for await (const piece of child.stdout.iterator({ destroyOnReturn: false })) {
    text += piece;
    await new Promise((later) => setImmediate(later));
  }
  expect(text.length).toBeGreaterThan(200_000);
  expect(JSON.parse(text)).toMatchObject({ format: "top-compile/schedule" });
  expect(await status).toBe(0);
});

test.skipIf(!existsSync("/dev/full"))("a result that has no room is one coded failure", () => {
  const full = openSync("/dev/full", "w");
  const { status, stderr } = spawnSync(process.execPath, [BIN, ...SEARCH], {
    stdio: ["ignore", full, "pipe"],
    encoding: "utf8",
  });
  closeSync(full);
  const { failures } = JSON.parse(stderr);
  expect(failures).toHaveLength(1);
  expect(failures[0]).toMatchObject({ code: "output-unwritable", place: "standard output" });
  expect(status).toBe(1);
});

test.skipIf(!existsSync("/dev/full"))("help that has no room is a failure too", () => {
  const full = openSync("/dev/full", "w");
  const { status, stderr } = spawnSync(process.execPath, [BIN, "--help"], {
    stdio: ["ignore", full, "pipe"],
    encoding: "utf8",
  });
  closeSync(full);
  expect(stderr).toMatch(/^error\[output-unwritable\] standard output: .*no space left.*\n$/);
  expect(status).toBe(1);
});
