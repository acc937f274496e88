import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { dropoutModel, noiseModel } from "../support/branch-models.js";
import { runCli } from "../support/run-cli.js";

vi.mock("../../src/profile/warm-up.js", () => import("../support/brief-warm-up.js"));
vi.mock("../../src/profile/timed-run.js", () => import("../support/brief-timed-run.js"));

let folder: string;
const at = (name: string): string => join(folder, name);
const run = (...argv: string[]) => runCli(argv, { env: { XDG_CACHE_HOME: at("cache") } });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "random-"));
  writeFileSync(at("noise.onnx"), noiseModel());
  writeFileSync(at("trains.onnx"), dropoutModel(true));
  writeFileSync(at("rests.onnx"), dropoutModel(false));
});
afterAll(() => rmSync(folder, { recursive: true }));

const NOISE =
  'the model draws random numbers (RandomNormalLike "draw"); ' +
  'outputs that depend on them are not compared: "y"';

describe("a model that draws random numbers", () => {
  it.each([
    ["one device", []],
    ["a pipeline", ["--devices", "2"]],
  ])("says so and is not compared on %s", async (_, more) => {
    const compiled = await run(at("noise.onnx"), ...more, "-o", at("noise.json"));
    expect([compiled.status, compiled.stderr]).toEqual([0, expect.stringContaining(NOISE)]);
    const ran = await run("run", at("noise.json"), "--rounds", "5");
    expect([ran.status, ran.stderr]).toEqual([0, expect.stringContaining(NOISE)]);
    expect(ran.stdout).toContain("not compared");
  });

  it("is compared in the outputs that do not depend on them", async () => {
    const compiled = await run(at("trains.onnx"), "--devices", "2", "-o", at("t.json"));
    expect(compiled.stderr).toContain(
      'draws random numbers (Dropout "drop"); outputs that depend on them are not compared: "noisy"',
    );
    const ran = await run("run", at("t.json"), "--rounds", "5");
    expect(ran.status).toBe(0);
    expect(ran.stdout).toMatch(/outputs\s+identical to the whole model's/);
  });

  it("is not one whose Dropout does not train", async () => {
    const { status, stderr } = await run(at("rests.onnx"), "--device", "h200", "-o", at("r.json"));
    expect(stderr).not.toContain("random numbers");
    expect(status).toBe(0);
  });
});
