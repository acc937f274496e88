import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { mayHaveDriver } from "../../src/runtime/cuda/client/find-driver.js";
import { runCli } from "../support/run-cli.js";

const FOLDER = mkdtempSync(join(tmpdir(), "cuda-cli-"));
const MODELS = join(import.meta.dirname, "../../fixtures/models");
const MODEL = join(MODELS, "small/unsorted.onnx");

/**
 * There is a driver as far as anybody can see without a helper, and no helper was built here, and nothing
 * can build one: the same on every machine, with a GPU or without.
 */
const ENV = {
  HOME: FOLDER,
  XDG_CACHE_HOME: join(FOLDER, "cache"),
  CXX: join(FOLDER, "no-c++"),
  TOP_COMPILE_CUDA_LIBS: join(FOLDER, "driver"),
};
mkdirSync(ENV.TOP_COMPILE_CUDA_LIBS);
writeFileSync(join(ENV.TOP_COMPILE_CUDA_LIBS, "libcuda.so.1"), "");

/** Without a driver, unless this machine has one. */
const BARE = {
  PATH: process.env["PATH"] ?? "",
  HOME: FOLDER,
  XDG_CACHE_HOME: join(FOLDER, "bare"),
};
const hasDriver = await mayHaveDriver({ env: BARE });

afterAll(() => rmSync(FOLDER, { recursive: true }));

describe.skipIf(hasDriver)(`commands without a driver (${hasDriver ? "there is one" : ""})`, () => {
  it.each([
    ["compile", [MODEL, "--device", "cuda"]],
    ["profile", ["profile", MODEL, "--device", "cuda"]],
  ])("%s says so and builds no helper", async (_, argv) => {
    const run = await runCli([...argv, "-o", join(FOLDER, "out.json")], { env: BARE });
    expect(run.stderr).toMatch(/error\[cuda-driver-missing\] [^\n]*libcuda\.so\.1\)[^\n]+\n/);
    expect(run.stderr).not.toContain("building");
    expect(run.status).toBe(4);
    expect(existsSync(join(BARE.XDG_CACHE_HOME, "top-compile/native"))).toBe(false);
  });
});

describe("commands on a GPU that cannot be reached", () => {
  it.each([
    ["compile", [MODEL, "--device", "cuda"]],
    ["compile another GPU", [MODEL, "--device", "cuda:1"]],
    ["profile", ["profile", MODEL, "--device", "cuda"]],
  ])("%s ends with one line and exit status 4, and writes nothing", async (_, argv) => {
    const out = join(FOLDER, "out.json");
    const run = await runCli([...argv, "-o", out, "--quiet"], { env: ENV });
    expect(run.stdout).toBe("");
    expect(run.stderr).toMatch(/^error\[helper-compiler-missing\] [^\n]+\n$/);
    expect(run.status).toBe(4);
    expect(readdirSync(FOLDER)).not.toContain("out.json");
  });

  it("run ends so too, also for a schedule that was estimated", async () => {
    const out = join(FOLDER, "estimated.schedule.json");
    expect((await runCli([MODEL, "--device", "h200", "-o", out, "--quiet"])).status).toBe(0);
    const plain = await runCli(["run", out, "--model", MODEL, "--quiet"], { env: ENV });
    expect(plain.stderr).toMatch(/^error\[device-unsupported\] [^\n]+\n$/);
    expect(plain.status).toBe(4);
    const argv = ["run", out, "--model", MODEL, "--device", "cuda", "--quiet"];
    const run = await runCli(argv, { env: ENV });
    expect(run.stderr).toMatch(/^error\[helper-compiler-missing\] [^\n]+\n$/);
    expect(run.status).toBe(4);
  });

  it("name all operators without GPU code first", async () => {
    const model = join(MODELS, "small/control-flow.onnx");
    const run = await runCli([model, "--device", "cuda", "--quiet"], { env: ENV });
    expect(run.stderr).toMatch(/^error\[unsupported-operator\] .*If x1 .*Loop x1 /);
    expect(run.status).toBe(1);
  });

  it("refuse a profile of the other kind", async () => {
    const profile = join(FOLDER, "cpu.json");
    writeFileSync(profile, '{ "format": "top-compile/profile", "version": 1 }');
    const argv = [MODEL, "--device", "cuda", "--profile", profile, "--quiet"];
    const run = await runCli(argv, { env: ENV });
    expect(run.stderr).toMatch(/^error\[profile-invalid\]/);
    expect(run.status).toBe(1);
  });
});
