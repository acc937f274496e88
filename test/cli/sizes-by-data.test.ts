import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  durationModel,
  emptyOrNotModel,
  positiveModel,
  tileModel,
} from "../support/data-models.js";
import { SKIP_REASON } from "../support/onnx-runtime.js";
import { runCli } from "../support/run-cli.js";

vi.mock("../../src/profile/warm-up.js", () => import("../support/brief-warm-up.js"));
vi.mock("../../src/profile/timed-run.js", () => import("../support/brief-timed-run.js"));

const DETECTOR = resolve(import.meta.dirname, "../../fixtures/models/small/detector.onnx");

let folder: string;
const at = (name: string): string => join(folder, name);
const read = (name: string) => JSON.parse(readFileSync(at(name), "utf8"));

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sizes-by-data-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function made(name: string, model: Uint8Array): string {
  writeFileSync(at(name), model);
  return at(name);
}

const run = (...argv: string[]) => runCli(argv, { env: { XDG_CACHE_HOME: at("cache") } });

describe.skipIf(SKIP_REASON !== undefined)("a detector", () => {
  it("is inspected at the sizes of a run", async () => {
    const { status, stdout } = await run("inspect", DETECTOR, "--json");
    expect(status).toBe(0);
    const { dataSizes, outputs } = JSON.parse(stdout);
    // Boxes that are large enough, that do not overlap, of a class, and apart from others of it.
    const names = ["NonZero", "NonMaxSuppression", "NonZero", "NonMaxSuppression"];
    expect(dataSizes.map((size: { source: string }) => size.source)).toEqual(
      names.map(() => "run"),
    );
    const [boxes, scores, labels] = outputs.map(({ dims }: { dims: number[] }) => dims);
    expect(boxes).toEqual([scores[0], 4]);
    expect(labels).toEqual(scores);
    expect(scores[0]).toBeLessThanOrEqual(10);
    const text = await run("inspect", DETECTOR);
    expect(text.stdout).toContain("sizes by data  4 tensors, as in a run: ");
  });

  it("is compiled, verified and run on several streams", async () => {
    const how = ["--algorithm", "wavefront"];
    const compiled = await run(DETECTOR, ...how, "-o", at("d.json"));
    expect(compiled.stderr).toMatch(
      /\d+ sizes depend on data: taken from a run on seeded inputs \(/,
    );
    expect(compiled.status).toBe(0);
    const { provenance, operators } = read("d.json");
    expect(provenance.dataSizes).toHaveLength(4);
    expect(operators.streams).toBeGreaterThan(1);
    expect((await run("verify", at("d.json"), "--model", DETECTOR)).status).toBe(0);
    // Other inputs, and so other sizes than it was made for.
    for (const seed of ["2", "3"]) {
      const ran = await run(
        "run",
        at("d.json"),
        "--model",
        DETECTOR,
        "--seed",
        seed,
        "--rounds",
        "5",
      );
      expect(ran.stderr).not.toContain("error");
      expect(ran.status).toBe(0);
    }
  });

  it("is cut into stages, which give the same bits for inputs of other sizes", async () => {
    const how = ["--devices", "2", "--micro-batches", "6"];
    const compiled = await run(DETECTOR, ...how, "-o", at("p.json"));
    expect(compiled.status).toBe(0);
    expect(read("p.json").provenance.dataSizes).toHaveLength(4);
    expect((await run("verify", at("p.json"), "--model", DETECTOR)).status).toBe(0);
    const explained = await run("explain", at("p.json"));
    expect(explained.stdout).toContain("by data    4 tensors, as in a run: ");
    const asJson = await run("explain", at("p.json"), "--json");
    expect(JSON.parse(asJson.stdout).dataSizes).toEqual(read("p.json").provenance.dataSizes);
    const ran = await run("run", at("p.json"), "--model", DETECTOR, "--rounds", "5", "--json");
    expect(ran.status).toBe(0);
    expect(JSON.parse(ran.stdout).outputs.compared).toBeGreaterThan(6);
  });

  it("is compiled to the same bytes from its profile, whose sizes are taken", async () => {
    const profiled = await run("profile", DETECTOR, "-o", at("profile.json"));
    expect(profiled.status).toBe(0);
    const { dims } = read("profile.json").key;
    expect(dims).toHaveLength(4);
    expect(dims[0]).toMatch(/=int64\[1,\d+\]$/);
    for (const [name, seed] of [
      ["a.json", "1"],
      ["b.json", "1"],
    ] as const) {
      const how = ["--profile", at("profile.json"), "--seed", seed];
      const compiled = await run(DETECTOR, ...how, "-o", at(name));
      expect(compiled.stderr).toContain("taken from the run that was profiled");
      expect(compiled.status).toBe(0);
    }
    expect(readFileSync(at("a.json"))).toEqual(readFileSync(at("b.json")));
    // A run on inputs of another seed would show other sizes: it is not made.
    const other = await run(
      DETECTOR,
      "--profile",
      at("profile.json"),
      "--seed",
      "9",
      "-o",
      at("c.json"),
    );
    expect(other.status).toBe(0);
    expect(read("c.json").provenance.dataSizes).toEqual(read("a.json").provenance.dataSizes);
  });

  it("is estimated for a GPU at the sizes of a run", async () => {
    const compiled = await run(DETECTOR, "--device", "h200", "-o", at("h.json"));
    expect(compiled.status).toBe(0);
    expect(read("h.json").provenance.dataSizes).toHaveLength(4);
    expect((await run("verify", at("h.json"), "--model", DETECTOR)).status).toBe(0);
    const changed = read("h.json");
    changed.provenance.dataSizes[0].dims[1] = 1000;
    writeFileSync(at("h2.json"), JSON.stringify(changed));
    const verified = await run("verify", at("h2.json"), "--model", DETECTOR);
    expect(verified.status).toBe(1);
  });
});

describe.skipIf(SKIP_REASON !== undefined)("sizes that a run decides", () => {
  it("decide a branch for a GPU, which has no other, and none for a CPU", async () => {
    const model = made("empty-or-not.onnx", emptyOrNotModel());
    for (const more of [[], ["--devices", "2"]]) {
      const how = ["--device", "h200", ...more];
      const compiled = await run(model, ...how, "-o", at("branch.json"), "--width", "1000");
      expect(compiled.stderr).toContain('If "If result" asks for sizes that depend on data: ');
      expect(compiled.status).toBe(0);
      expect(readFileSync(at("branch.json"), "utf8")).not.toContain('"If result"');
      expect((await run("verify", at("branch.json"), "--model", model)).status).toBe(0);
    }
    const onCpu = await run(model, "-o", at("branch.json"));
    expect(onCpu.status).toBe(0);
    expect(readFileSync(at("branch.json"), "utf8")).toContain('"If result"');
    expect((await run("run", at("branch.json"), "--model", model)).status).toBe(0);
  });

  it("are those of the run where nothing bounds them, and may be given", async () => {
    const model = made("durations.onnx", durationModel());
    const compiled = await run(model, "-o", at("durations.json"));
    expect(compiled.stderr).toMatch(
      /1 size depends on data: taken from a run on seeded inputs \(frames\[0\]=\d\)/,
    );
    expect(compiled.status).toBe(0);
    const given = await run(model, "--dim", "frames[0]=7", "-o", at("durations.json"));
    expect(given.stderr).not.toContain("depends on data");
    expect(given.status).toBe(0);
    const { provenance, operators } = read("durations.json");
    expect(provenance.options.dim).toEqual(["frames[0]=7"]);
    expect(provenance.dataSizes).toBeUndefined();
    expect(operators.launches).toHaveLength(4);
    expect((await run("verify", at("durations.json"))).status).toBe(0);
  });

  it("may be an input: Tile", async () => {
    const model = made("tile.onnx", tileModel());
    const compiled = await run(model, "-o", at("tile.json"));
    expect(compiled.stderr).toContain("y[0]=2");
    expect(compiled.status).toBe(0);
  });

  it("that a schedule does not follow from are refused", async () => {
    const model = made("positive.onnx", positiveModel());
    expect((await run(model, "-o", at("positive.json"))).status).toBe(0);
    const artifact = read("positive.json");
    const { dataSizes } = artifact.provenance;
    for (const wrong of [
      undefined,
      [...dataSizes, { ...dataSizes[0], tensor: "y" }],
      [{ ...dataSizes[0], tensor: "rows" }],
      [{ ...dataSizes[0], source: "bound", dims: [1, 5] }],
    ]) {
      const provenance = { ...artifact.provenance, dataSizes: wrong };
      writeFileSync(at("wrong.json"), JSON.stringify({ ...artifact, provenance }));
      const verified = await run("verify", at("wrong.json"), "--model", model);
      expect(verified.stderr).toContain("/provenance/dataSizes does not follow from the model");
      expect(verified.status).toBe(1);
    }
  });
});
