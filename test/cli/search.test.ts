import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, describe, expect, it } from "vitest";
import { main } from "../../src/cli/main.js";

const ROOT = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "top-compile-search-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function run(...argv: readonly string[]) {
  let [out, err] = ["", ""];
  const io = {
    stdout: {
      write: (text: string) => {
        out += text;
      },
    },
    stderr: {
      write: (text: string) => {
        err += text;
      },
    },
    env: {},
  };
  const isOther = argv[0] === "verify" || argv[0] === "explain";
  const status = await main(isOther ? argv : ["search", ...argv], io);
  return { status, out, err };
}

describe("search", () => {
  it("prints the figures and the chart of a shape", async () => {
    const { status, out, err } = await run(
      ...["--shape", "v", "--devices", "4", "--memory", "4", "--ascii", "--width", "80"],
    );
    expect([status, err]).toEqual([0, ""]);
    expect(out).toContain("period     4 (optimal)");
    expect(out).toContain("makespan   76 for 16 micro-batches (optimal, bound 76)");
    expect(out).toMatch(/warm-up, 0 to 12[\s\S]*repetend \(13 times\)[\s\S]*cool-down, 64 to 76/);
    expect(out.split("\n").every((line) => line.length <= 80)).toBe(true);
  });

  it("searches a chain that is folded on itself, and says what it is not compared with", async () => {
    const file = join(folder, "folded.placement.json");
    const blocks = ["d1", "d0", "d0", "d1"].map((device, at) => {
      return { id: `f${at}`, kind: "forward", devices: [device], duration: 1, memory: 0 };
    });
    const dependencies = [0, 1, 2].map((at) => ({ from: `f${at}`, to: `f${at + 1}`, latency: 2 }));
    const devices = [{ name: "d0" }, { name: "d1" }];
    const head = { format: "top-compile/placement", version: 1, timeUnit: "step" };
    writeFileSync(file, JSON.stringify({ ...head, devices, blocks, dependencies }));
    const { status, out, err } = await run(file, "--verbose");
    expect(status).toBe(0);
    // d0 works for 32 steps, after the 3 to it and before the 3 from it.
    expect(out).toContain("period     2 (optimal)");
    expect(out).toContain("makespan   38 for 16 micro-batches (optimal, bound 38)");
    expect(err).toContain("not compared with 1f1b: needs one stage per device");
    const asked = await run(file, "--algorithm", "1f1b");
    expect([asked.status, asked.out]).toEqual([1, ""]);
    expect(asked.err).toMatch(/^error\[family-does-not-fit\] --algorithm 1f1b: .*; choose/);
  });

  it("says what it has while it works on, unless it is to be quiet", async () => {
    const long = ["--shape", "m", "--devices", "4", "--memory", "4", "--max-nodes", "150000"];
    const { status, err } = await run(...long);
    expect(status).toBe(0);
    expect(err).toMatch(/^found period 98 for 16 micro-batches, bound 96\nsearching periods\n/);
    expect((await run(...long, "--quiet")).err).toBe("");
  });

  it("records an effort that is not the default, and verify knows them", async () => {
    const out = join(folder, "effort.json");
    const shape = ["--shape", "v", "--devices", "2", "--quiet", "--force", "-o", out];
    const recorded = async (effort: string): Promise<unknown> => {
      expect((await run(...shape, "--effort", effort)).status).toBe(0);
      expect((await run("verify", out)).status).toBe(0);
      return JSON.parse(readFileSync(out, "utf8")).provenance.options.effort;
    };
    expect(await recorded("default")).toBeUndefined();
    expect(await recorded("quick")).toBe("quick");
    expect(await recorded("thorough")).toBe("thorough");
    writeFileSync(out, readFileSync(out, "utf8").replace('"thorough"', '"endless"'));
    const { status, err } = await run("verify", out);
    expect([status, err]).toEqual([1, expect.stringContaining("/provenance/options/effort")]);
  });

  it("writes what --json prints, and it conforms to the schema", async () => {
    const schema = join(ROOT, "docs/schema/schedule.schema.json");
    const conforms = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(
      JSON.parse(readFileSync(schema, "utf8")),
    );
    const out = join(folder, "s.json");
    const placement = join(ROOT, "fixtures/placements/m-4-train.json");
    const first = await run(placement, "--memory", "6", "--json", "-o", out);
    expect(first.status).toBe(0);
    expect(first.out).toBe(readFileSync(out, "utf8"));
    expect(conforms(JSON.parse(first.out)), JSON.stringify(conforms.errors)).toBe(true);
    const again = await run(placement, "--memory", "6", "--json", "-o", out);
    expect(again.out).toBe(first.out);
  });

  it("writes what verify accepts and explain shows", async () => {
    const out = join(folder, "v.json");
    const searched = await run("--shape", "v", "--devices", "3", "-o", out, "--width", "80");
    expect(await run("verify", out)).toMatchObject({ status: 0, err: "" });
    const explained = await run("explain", out, "--width", "80");
    expect(explained.status).toBe(0);
    const [report = ""] = searched.out.split("\n\nwrote");
    expect(explained.out.startsWith(`${report}\n`)).toBe(true);
  });

  it.each<[string, (text: string) => string, string]>([
    [
      "a start",
      (t) => t.replace('"start": 3, "end": 6', '"start": 2, "end": 5'),
      "at the earliest",
    ],
    ["an end", (t) => t.replace('"start": 3, "end": 6', '"start": 3, "end": 7'), "takes 4"],
    ["a period", (t) => t.replace('"period": 4', '"period": 5'), "error[schedule-broken]"],
    ["a makespan", (t) => t.replace(/"makespan": \d+/, '"makespan": 1'), "the makespan is"],
    ["a bound", (t) => t.replace('"periodLowerBound": 4', '"periodLowerBound": 5'), "below its"],
    [
      "the anchor",
      (t) => t.replace(/"anchor": \d+/, '"anchor": 1'),
      "/pipeline/anchor does not follow",
    ],
    ["in-flight", (t) => t.replace(/"inFlight": \d+/, '"inFlight": 9'), "/pipeline/inFlight"],
    [
      "a block's name",
      (t) => t.replace('"block": "f1", "microBatch": 0', '"block": "zz", "microBatch": 0'),
      "missing",
    ],
    ["the placement", (t) => t.replace('"id": "f1"', '"id": "f0"'), "error[placement-invalid]"],
  ])("verify finds a change of %s", async (_, change, text) => {
    const out = join(folder, "changed.json");
    await run("--shape", "v", "--devices", "3", "-o", out);
    const before = readFileSync(out, "utf8");
    writeFileSync(out, change(before));
    expect(change(before)).not.toBe(before);
    const { status, err } = await run("verify", out);
    expect([status, err]).toEqual([1, expect.stringContaining(text)]);
  });

  it("keeps a file that is not a schedule", async () => {
    const out = join(folder, "mine.txt");
    writeFileSync(out, "mine");
    const { status, err } = await run("--shape", "v", "--devices", "2", "-o", out);
    expect(status).toBe(1);
    expect(err).toContain("error[file-exists]");
    expect(readFileSync(out, "utf8")).toBe("mine");
  });

  it.each<[string, readonly string[], number, string]>([
    ["nothing to search", [], 2, "error[search-source]"],
    ["a shape without devices", ["--shape", "v"], 2, "error[search-source]"],
    ["a file and a shape", ["p.json", "--shape", "v", "--devices", "2"], 2, "error[search-source]"],
    ["a shape's option with a file", ["p.json", "--devices", "2"], 2, "--devices"],
    ["a missing file", ["nowhere.json"], 1, "error[file-unreadable]"],
    ["an unknown shape", ["--shape", "w", "--devices", "2"], 2, "--shape"],
    ["odd devices for x", ["--shape", "x", "--devices", "3"], 2, "error[shape-option-invalid]"],
    ["chunks of v", ["--shape", "v", "--devices", "3", "--chunks", "2"], 2, "no chunks"],
    ["weights of v", ["--shape", "v", "--devices", "3", "--weight", "2"], 2, "no weight blocks"],
    ["no memory", ["--shape", "v", "--devices", "3", "--memory", "0"], 1, "error[block-too-large]"],
    [
      "a family that does not fit",
      ["--shape", "m", "--devices", "4", "--algorithm", "1f1b"],
      1,
      "error[family-does-not-fit]",
    ],
    [
      "too large a schedule",
      ["--shape", "v", "--devices", "512", "--micro-batches", "4096"],
      1,
      "error[too-many-instances]",
    ],
    [
      "a file to write, where nothing is searched",
      ["--shape", "v", "--devices", "4", "--pareto", "-o", "a.json"],
      2,
      "error[option-not-applicable]",
    ],
    ["a time of 0", ["--shape", "v", "--devices", "4", "--forward", "0"], 2, "--forward"],
    ["micro-batches of 0", ["--shape", "v", "--devices", "4", "--micro-batches", "0"], 2, "whole"],
  ])("refuses %s", async (_, argv, status, text) => {
    const result = await run(...argv);
    expect(result.status).toBe(status);
    expect(result.err).toContain(text);
    expect(result.out).toBe("");
  });
});
