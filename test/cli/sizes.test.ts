import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { placesModel, twoRateModel, windowModel } from "../support/branch-models.js";
import { runCli } from "../support/run-cli.js";

vi.mock("../../src/profile/warm-up.js", () => import("../support/brief-warm-up.js"));
vi.mock("../../src/profile/timed-run.js", () => import("../support/brief-timed-run.js"));

let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sizes-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function made(name: string, model: Uint8Array): string {
  writeFileSync(at(name), model);
  return at(name);
}

const run = (...argv: string[]) => runCli(argv, { env: { XDG_CACHE_HOME: at("cache") } });

describe("sizes of dynamic dims that nobody gave", () => {
  it("are others than the default where the model contradicts that", async () => {
    const { stdout } = await run("inspect", made("window.onnx", windowModel(64)), "--json");
    const { inputs, boundDims } = JSON.parse(stdout);
    expect(inputs).toEqual([{ name: "x", type: "float32", dims: [1, 64] }]);
    expect(boundDims).toEqual([{ name: "x[1]", size: 64, source: "tried", places: ["x[1]"] }]);
  });

  it("stand in the failure, with those that were tried, where none fits", async () => {
    const { status, stderr } = await run("inspect", made("odd.onnx", windowModel(91)), "--json");
    expect(status).toBe(1);
    const [failure] = JSON.parse(stderr).failures;
    expect(failure.code).toBe("shape-impossible");
    expect(failure.hint).toBe(
      "these are default sizes of dynamic dims: x[1]=512; also tried: x[1]=256, x[1]=128, x[1]=64, " +
        "x[1]=1024, x[1]=32, x[1]=16, x[1]=8, x[1]=4, x[1]=2, x[1]=1; " +
        "give the sizes that the model is used with (--dim NAME=VALUE)",
    );
    const given = await run("inspect", at("odd.onnx"), "--dim", "x[1]=91");
    expect(given.status).toBe(0);
  });

  it("are not replaced where the user gave them", async () => {
    const { status, stderr } = await run("inspect", at("window.onnx"), "--dim", "x[1]=65");
    expect(status).toBe(1);
    expect(stderr).toContain("error[shape-impossible]");
    expect(stderr).not.toContain("tried");
  });

  it("that a run refuses are tried, recorded, and taken from the profile", async () => {
    const model = made("rates.onnx", twoRateModel(64, 512));
    const inspected = await run("inspect", model, "--json");
    expect(JSON.parse(inspected.stdout).inputs[0].dims).toEqual([1, 512]);
    const profiled = await run("profile", model, "-o", at("p.json"));
    expect(profiled.stderr).toContain("x[1]=64 (not the default)");
    expect(JSON.parse(readFileSync(at("p.json"), "utf8")).key.dims).toEqual(["x[1]=64"]);
    const compiled = await run(model, "--profile", at("p.json"), "-o", at("s.json"));
    expect(compiled.status).toBe(0);
    const artifact = JSON.parse(readFileSync(at("s.json"), "utf8"));
    expect(artifact.provenance.options.dim).toEqual(["x[1]=64"]);
    expect((await run("verify", at("s.json"))).status).toBe(0);
  });

  it("may contradict a branch that does not run: the model is measured as it is", async () => {
    const model = made("other-rate.onnx", twoRateModel(512, 64));
    const profiled = await run("profile", model, "-o", at("q.json"));
    expect(profiled.stderr).toContain("dynamic dims without --dim: x[1]=512\n");
    expect(profiled.status).toBe(0);
  });
});

describe("a size that a run gives otherwise than it was given", () => {
  it.each([
    ["a schedule", []],
    ["a pipeline", ["--devices", "2"]],
  ])("is what %s was made for, and no more", async (_, more) => {
    const model = made("places.onnx", placesModel());
    // All four elements are kept in every run.
    const other = await run(model, "--dim", "y[1]=3", ...more, "-o", at("places.json"));
    expect(other.status).toBe(0);
    expect((await run("verify", at("places.json"))).status).toBe(0);
    expect((await run("run", at("places.json"), "--rounds", "5")).status).toBe(0);
    const tooMany = await run(model, "--dim", "y[1]=5", ...more, "-o", at("places.json"));
    expect(tooMany.stderr).toContain(
      "--dim gives dim 1 size 5, but the output has at most 4 there",
    );
    expect(tooMany.status).toBe(1);
  });
});
