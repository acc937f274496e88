import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseArtifact } from "../../src/artifact/artifact-format.js";
import { traceOf } from "../support/pytorch-files.js";
import { runCli } from "../support/run-cli.js";

/** ZB-V on two devices, as a user of PyTorch would have written it. */
const CSV = "fixtures/imports/zb-v-2.csv";

const MODEL = "fixtures/models/squeezenet.onnx";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "top-compile-import-schedule-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);

function put(name: string, content: string | Uint8Array): string {
  writeFileSync(at(name), content);
  return at(name);
}

/** Two stages on two ranks, three micro-batches, with times. */
const ROWS = [
  { cells: ["0F0", "0F1", "0F2", "0B0", "0B1", "0B2"], starts: [0, 1, 2, 3, 5, 7] },
  { cells: ["1F0", "1B0", "1F1", "1B1", "1F2", "1B2"], starts: [1, 2, 3, 4, 5, 6] },
].map(({ cells, starts }) =>
  cells.map((cell, index) => {
    const start = (starts[index] ?? 0) * 1000;
    return { cell, start, end: start + 900 };
  }),
);

describe("import", () => {
  it("makes a schedule of a CSV file that verify and explain take", async () => {
    const out = at("theirs.json");
    const run = await runCli(["import", CSV, "-o", out]);
    expect(run).toMatchObject({ status: 0, stderr: "" });
    expect(run.stdout).toContain("a schedule of PyTorch: zb-v-2.csv");
    expect(run.stdout).toContain("algorithm  imported");
    expect(await runCli(["verify", out])).toMatchObject({ status: 0, stderr: "" });
    const explained = await runCli(["explain", out]);
    expect(explained).toMatchObject({ status: 0, stderr: "" });
    expect(explained.stdout).toContain("a schedule of PyTorch");
    expect(explained.stdout).toContain("critical cycle");
  });

  it("keeps the rows as they were", async () => {
    const { stdout } = await runCli(["import", CSV, "-o", at("rows.json"), "--json"]);
    const artifact = parseArtifact(stdout, "stdout");
    const rows = artifact.ok ? artifact.value.imported?.rows : undefined;
    expect(rows?.map(({ actions }) => actions.join(","))).toEqual(
      readFileSync(CSV, "utf8").trimEnd().split("\n"),
    );
    expect(readFileSync(at("rows.json"), "utf8")).toBe(stdout);
  });

  it("writes beside the file where nothing else is said", async () => {
    const file = put("mine.csv", "0F0,0B0\n");
    expect(await runCli(["import", file, "--quiet"])).toMatchObject({ status: 0 });
    expect(readFileSync(at("mine.schedule.json"), "utf8")).toContain('"imported"');
  });

  it("is the schedule of the shape at the shape's times", async () => {
    const [theirs, ours] = [at("same-theirs.json"), at("same-ours.json")];
    await runCli(["import", CSV, "-o", theirs]);
    const shape = ["search", "--shape", "zb-v", "--devices", "2", "--algorithm", "zb-v"];
    await runCli([...shape, "--micro-batches", "6", "-o", ours]);
    const [a, b] = [theirs, ours].map((path) => JSON.parse(readFileSync(path, "utf8")).pipeline);
    expect(a.placement).toEqual(b.placement);
    expect(a.instances).toEqual(b.instances);
    expect([a.period, a.makespan, a.bubbleRate]).toEqual([b.period, b.makespan, b.bubbleRate]);
  });

  it("makes a placement with measured times and the schedule of traces in one command", async () => {
    const files = ROWS.map((row, rank) =>
      put(`r${rank}.json.gz`, gzipSync(traceOf([row], { rank }))),
    );
    const [out, placement] = [at("measured.json"), at("measured.placement.json")];
    const argv = ["import", ...files, "-o", out, "--placement-out", placement];
    const run = await runCli(argv);
    expect(run).toMatchObject({ status: 0, stderr: "" });
    expect(run.stdout).toMatch(/block +median +10 % +90 % +samples/);
    expect(await runCli(["verify", out])).toMatchObject({ status: 0, stderr: "" });
    const { blocks, timeUnit } = JSON.parse(readFileSync(placement, "utf8"));
    expect(timeUnit).toBe("ns");
    expect(blocks.map(({ duration }: { duration: number }) => duration)).toEqual([
      900, 900, 900, 900,
    ]);
    const search = await runCli(["search", placement, "--micro-batches", "3"]);
    expect(search).toMatchObject({ status: 0, stderr: "" });
  });

  it("has its rows compared with the file that is beside it, as long as that is the same", async () => {
    const file = put("beside.csv", "0F0,0F1,0B0,0B1\n");
    const out = at("beside.json");
    await runCli(["import", file, "-o", out]);
    const same = await runCli(["verify", out]);
    expect(same).toMatchObject({ status: 0, stderr: "" });
    expect(same.stdout).not.toContain("not compared");
    const { imported, pipeline } = JSON.parse(readFileSync(out, "utf8"));
    const other = put("other.csv", "0F0,0B0,0F1,0B1\n");
    await runCli(["import", other, "-o", at("other.json")]);
    const changed = JSON.parse(readFileSync(at("other.json"), "utf8"));
    changed.provenance.inputs = JSON.parse(readFileSync(out, "utf8")).provenance.inputs;
    expect([changed.imported, changed.pipeline]).not.toEqual([imported, pipeline]);
    const refused = await runCli(["verify", put("forged.json", JSON.stringify(changed))]);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain("/imported/rows are not those of the files");
    put("beside.csv", "0F0,0B0\n");
    const gone = await runCli(["verify", out]);
    expect(gone.stdout.replaceAll(/\s+/g, " ")).toContain(
      'its rows were not compared with "beside.csv"',
    );
  });

  it("takes the placement that is given, and verify compares it with its file", async () => {
    const placement = at("own.placement.json");
    const traces = ROWS.map((row, rank) => put(`o${rank}.json`, traceOf([row], { rank })));
    await runCli(["import", ...traces, "-o", at("own.json"), "--placement-out", placement]);
    const file = put("on-own.csv", "0F0,0F1,0B0,0B1\n1F0,1B0,1F1,1B1\n");
    const out = at("on-own.json");
    const run = await runCli(["import", file, "--placement", placement, "-o", out]);
    expect(run).toMatchObject({ status: 0, stderr: "" });
    expect(await runCli(["verify", out])).toMatchObject({ status: 0, stderr: "" });
    put(
      "own.placement.json",
      readFileSync(placement, "utf8").replace('"duration": 900', '"duration": 901'),
    );
    const verified = await runCli(["verify", out]);
    expect(verified.stdout).toContain("was not compared");
  });

  it.each([
    ["a wrong cell", "0F0,0X0\n", 1, /import-malformed\] .*bad.csv, line 1, column 2/],
    ["a missing backward", "0F0\n1F0,1B0\n", 1, /import-schedule-invalid\] .*bad.csv, line 1/],
    ["another tool's table", "operator,medianNs\na,3\n", 1, /import-schedule-unknown/],
    ["bytes that are no text", "\u0000\u0001", 1, /error\[/],
  ])("refuses %s and writes nothing", async (_what, text, status, message) => {
    const run = await runCli(["import", put("bad.csv", text), "-o", at("bad.json")]);
    expect(run).toMatchObject({ status, stdout: "" });
    expect(run.stderr).toMatch(message);
    expect(() => readFileSync(at("bad.json"))).toThrow();
  });

  it.each([["--forward", "with traces", "is how long a block takes, which the trace says"]])(
    "refuses %s %s",
    async (option, _with, message) => {
      const files = ROWS.map((row, rank) => put(`f${rank}.json`, traceOf([row], { rank })));
      const run = await runCli(["import", ...files, option, "3", "-o", at("f.json")]);
      expect(run.status).toBe(2);
      expect(run.stderr).toContain(message);
    },
  );

  it.each([
    ["a pipeline in steps", ["search", "--shape", "m", "--devices", "4", "--micro-batches", "5"]],
    ["a pipeline by name", ["search", "--shape", "zb-v", "--devices", "2", "--memory", "4"]],
    ["operators on a GPU", [MODEL, "--device", "h200", "--batch", "2"]],
    ["stages of a model", [MODEL, "--device", "h200", "--devices", "2", "--micro-batches", "3"]],
    ["what was imported", ["import", CSV]],
  ])("brings back what export wrote, byte for byte: %s", async (_what, argv) => {
    const [schedule, trace, back] = [at("from.json"), at("from.trace"), at("back.json")];
    for (const each of [
      [...argv, "-o", schedule, "--force"],
      ["export", schedule, "--to", "chrome-trace", "-o", trace, "--force"],
      ["import", trace, "-o", back, "--force"],
    ]) {
      expect(await runCli(each)).toMatchObject({ status: 0 });
    }
    expect(readFileSync(back, "utf8")).toBe(readFileSync(schedule, "utf8"));
  });

  it("notes that measured times of a trace are left out, and refuses what it leaves no room for", async () => {
    const [schedule, trace] = [at("v.json"), at("v.trace")];
    await runCli(["search", "--shape", "v", "--devices", "2", "-o", schedule]);
    await runCli(["export", schedule, "--to", "chrome-trace", "-o", trace]);
    const document = JSON.parse(readFileSync(trace, "utf8"));
    document.traceEvents.push({ ph: "X", pid: 2, tid: 1, name: "f0.0", ts: 0, dur: 3 });
    const measured = put("v2.trace", JSON.stringify(document));
    const run = await runCli(["import", measured, "-o", at("v2.json")]);
    expect(run.stderr).toContain("left out: the times that were measured");
    expect(readFileSync(at("v2.json"), "utf8")).toBe(readFileSync(schedule, "utf8"));
    const refused = await runCli(["import", trace, "--forward", "2", "-o", at("v3.json")]);
    expect(refused).toMatchObject({ status: 2, stdout: "" });
    expect(refused.stderr).toContain("--forward");
    document.otherData.version = 2;
    const later = await runCli(["import", put("v4.trace", JSON.stringify(document))]);
    expect(later.stderr).toContain("otherData/version: must be 1");
  });

  it("does not overwrite what it reads", async () => {
    const file = put("itself.csv", "0F0,0B0\n");
    const run = await runCli(["import", file, "-o", file, "--force"]);
    expect(run.status).toBe(2);
    expect(run.stderr).toContain("output-is-input");
  });

  it.each(["theirs", "measured"])("verify refuses what was changed: %s", async (name) => {
    const original = readFileSync(at(`${name}.json`), "utf8");
    const document = JSON.parse(original);
    const [row] = document.imported.rows;
    [row.actions[0], row.actions[1]] = [row.actions[1], row.actions[0]];
    const run = await runCli(["verify", put("changed.json", JSON.stringify(document))]);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain("/imported");
  });
});

describe("explain --against", () => {
  it("shows figures, devices, and what would change", async () => {
    const [theirs, ours] = [at("g.json"), at("o.json")];
    const shape = ["search", "--shape", "v", "--devices", "4", "--micro-batches", "8"];
    await runCli([...shape, "--algorithm", "gpipe", "-o", theirs]);
    await runCli([...shape, "--algorithm", "1f1b", "-o", ours]);
    const run = await runCli(["explain", theirs, "--against", ours]);
    expect(run).toMatchObject({ status: 0, stderr: "" });
    expect(run.stdout).toMatch(/period per micro-batch +\d/);
    expect(run.stdout).toContain(
      "less memory at the peak: d0 8 to 4, d1 8 to 3, d2 8 to 2, d3 8 to 1",
    );
    const { stdout } = await runCli(["explain", theirs, "--against", ours, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      differences: [],
      devices: [{ name: "d0", peakMemory: { theirs: 8, ours: 4 } }, {}, {}, {}],
    });
  });

  it("says what theirs took when it ran", async () => {
    const measured = at("measured.json");
    const run = await runCli(["explain", measured, "--against", measured]);
    expect(run.stdout).toContain("theirs took 7.90 us when it ran");
    expect(run.stdout).toContain("the blocks run in the same order on every device");
  });

  it.each([
    ["that is not there", "nowhere.json", "file-unreadable"],
    ["without a pipeline", "operators.json", "schedule-without-section"],
  ])("refuses a schedule %s", async (_what, name, code) => {
    await runCli([MODEL, "--device", "h200", "-o", at("operators.json")]);
    const run = await runCli(["explain", at("theirs.json"), "--against", at(name)]);
    expect(run).toMatchObject({ status: 1, stdout: "" });
    expect(run.stderr).toContain(`error[${code}]`);
  });
});
