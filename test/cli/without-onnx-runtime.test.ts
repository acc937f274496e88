/** Processes in which the package onnxruntime-node cannot be found. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { tileModel } from "../support/data-models.js";
import { SKIP_REASON } from "../support/onnx-runtime.js";
import { runCli } from "../support/run-cli.js";

vi.mock("../../src/profile/warm-up.js", () => import("../support/brief-warm-up.js"));
vi.mock("../../src/profile/timed-run.js", () => import("../support/brief-timed-run.js"));

const ROOT = resolve(import.meta.dirname, "../..");
const DETECTOR = join(ROOT, "fixtures/models/small/detector.onnx");

/** Resolves everything but the package, for which it fails as Node does where it is not installed. */
const RESOLVER = `
export async function resolve(specifier, context, next) {
  if (specifier === "onnxruntime-node") {
    throw Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
  }
  return next(specifier, context);
}`;

let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "without-onnx-runtime-"));
  writeFileSync(at("resolver.mjs"), RESOLVER);
  const hook = `import { register } from "node:module"; register(${JSON.stringify(pathToFileURL(at("resolver.mjs")).href)});`;
  writeFileSync(at("hook.mjs"), hook);
  writeFileSync(at("tile.onnx"), tileModel());
});
afterAll(() => rmSync(folder, { recursive: true }));

function without(...argv: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, "bin/top-compile.js"), ...argv, "--width", "1000"],
    {
      encoding: "utf8",
      env: {
        ...process.env,
        NODE_OPTIONS: `--import ${pathToFileURL(at("hook.mjs")).href}`,
        XDG_CACHE_HOME: at("cache"),
      },
    },
  );
  return { status, stdout, stderr };
}

describe("without ONNX Runtime", () => {
  it("stages are exported, and an optimized model is not", () => {
    const model = join(ROOT, "fixtures/models/two-branch.onnx");
    const compiled = [model, "--device", "h200", "--quiet", "-o"];
    expect(without(...compiled, at("one.json")).status).toBe(0);
    expect(without(...compiled, at("two.json"), "--devices", "2").status).toBe(0);
    const exported = (name: string) => without("export", at(name), "--to", "ort", "--model", model);
    const one = exported("one.json");
    expect([one.status, one.stderr]).toEqual([4, expect.stringContaining("onnxruntime-missing")]);
    expect(existsSync(at("one.ort"))).toBe(false);
    expect(exported("two.json").status).toBe(0);
    const session = readFileSync(at("two.ort/two-branch.s1.session.json"), "utf8");
    expect(JSON.parse(session).executionProviders).toEqual([{ name: "cuda", deviceId: 1 }, "cpu"]);
  });

  it("a model is inspected at bounds, and a size without one is asked for", () => {
    const inspected = without("inspect", DETECTOR);
    expect(inspected.stdout).toContain("sizes by data  4 tensors, at most: ");
    expect(inspected.status).toBe(0);
    const open = without("inspect", at("tile.onnx"));
    expect(open.stderr).toContain("error[types-unknown]");
    expect(open.stderr).toContain('--dim "y[AXIS]=VALUE"');
    expect(open.status).not.toBe(0);
    expect(without("inspect", at("tile.onnx"), "--dim", "y[0]=6").status).toBe(0);
  });

  it("a schedule for a GPU is made of bounds, and verified", () => {
    const compiled = without(DETECTOR, "--device", "h200", "-o", at("bounds.json"));
    expect(compiled.stderr).toContain("the most that they can be, since nothing was run");
    expect(compiled.status).toBe(0);
    expect(without("verify", at("bounds.json"), "--model", DETECTOR).status).toBe(0);
  });

  it("nothing is measured or run on a CPU, and it says what to install", () => {
    const compiled = without(DETECTOR, "-o", at("cpu.json"));
    expect(compiled.stderr).toContain("error[onnxruntime-missing]");
    expect(compiled.stderr).toContain("npm install onnxruntime-node");
    expect(compiled.status).toBe(4);
  });

  it.skipIf(SKIP_REASON !== undefined)(
    "a recorded profile gives the same bytes, which are verified at the recorded sizes",
    async () => {
      const surroundings = { env: { XDG_CACHE_HOME: at("cache") } };
      const profiled = await runCli(["profile", DETECTOR, "-o", at("profile.json")], surroundings);
      expect(profiled.status).toBe(0);
      const from = [DETECTOR, "--profile", at("profile.json")];
      for (const more of [[], ["--devices", "2", "--micro-batches", "4"]]) {
        const here = await runCli([...from, ...more, "-o", at("with.json")], surroundings);
        expect(here.status).toBe(0);
        const there = without(...from, ...more, "-o", at("without.json"));
        expect(there.stderr).not.toContain("error");
        expect(there.status).toBe(0);
        expect(readFileSync(at("without.json"))).toEqual(readFileSync(at("with.json")));
        expect(without("verify", at("with.json"), "--model", DETECTOR).status).toBe(0);
      }
    },
  );
});
