import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const BIN = resolve(import.meta.dirname, "../../bin/top-compile.js");

test("Ctrl-C ends a search that never waits, and leaves no file", { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "interrupt-"));
  const out = join(folder, "out.schedule.json");
  const long = ["--shape", "m", "--devices", "4", "--memory", "4", "--max-nodes", "1000000000"];
  const child = spawn(process.execPath, [BIN, "search", ...long, "-o", out]);
  const ended = new Promise<string | number | null>((done) => {
    child.on("exit", (code, signal) => {
      done(signal ?? code);
    });
  });
  // The first progress says that the search is under way.
  await new Promise((started) => child.stderr.once("data", started));
  child.kill("SIGINT");
  expect(await ended).toBe("SIGINT");
  expect(existsSync(out)).toBe(false);
  expect(readdirSync(folder)).toEqual([]);
});

test("Ctrl-C ends a pipeline from a model, and leaves no file", { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "interrupt-"));
  const model = resolve(import.meta.dirname, "../../fixtures/models/googlenet.onnx");
  const tight = ["--mode", "train", "--shape", "zb-v", "--memory", "60MiB"];
  const child = spawn(process.execPath, [
    ...[BIN, model, "--devices", "4", "--device", "h100", ...tight],
    ...["-o", join(folder, "out.schedule.json")],
  ]);
  const ended = new Promise<string | number | null>((done) => {
    child.on("exit", (code, signal) => {
      done(signal ?? code);
    });
  });
  // The note on memory says that the model is cut; seconds of search for the pipeline are ahead.
  await new Promise((started) => child.stderr.once("data", started));
  child.kill("SIGINT");
  expect(["SIGINT", 130]).toContain(await ended);
  expect(readdirSync(folder)).toEqual([]);
});
