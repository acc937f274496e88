import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../support/run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "top-compile-export-"));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const MODEL = "fixtures/models/two-branch.onnx";

beforeAll(async () => {
  copyFileSync(MODEL, at("two-branch.onnx"));
  const made = [
    [
      "search",
      "--shape",
      "v",
      "--devices",
      "2",
      "--micro-batches",
      "4",
      "-o",
      at("v.schedule.json"),
    ],
    [MODEL, "--device", "h200", "-o", at("two.schedule.json")],
  ];
  for (const argv of made) {
    expect((await runCli([...argv, "--quiet"])).status).toBe(0);
  }
});

describe("export", () => {
  it("writes beside the schedule, under its name", async () => {
    const run = await runCli(["export", at("v.schedule.json"), "--to", "csv"]);
    expect(run).toEqual({ status: 0, stdout: `wrote ${at("v.csv")}\n`, stderr: "" });
    expect(readFileSync(at("v.csv"), "utf8")).toMatch(/^block,kind,device,microBatch,/);
  });

  it("writes where it is told to, and says what is in it as JSON", async () => {
    const argv = ["export", at("v.schedule.json"), "--to", "chrome-trace", "-o", at("t.json")];
    const { status, stdout } = await runCli([...argv, "--json"]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      format: "chrome-trace",
      files: [{ path: at("t.json") }],
    });
    expect(existsSync(at("t.json"))).toBe(true);
  });

  it("overwrites exports of the same kind, and others only with --force", async () => {
    const csv = ["export", at("v.schedule.json"), "--to", "csv", "-o", at("again.csv")];
    expect((await runCli(csv)).status).toBe(0);
    expect((await runCli(csv)).status).toBe(0);
    const other = ["export", at("two.schedule.json"), "--to", "csv", "-o", at("again.csv")];
    expect((await runCli(other)).status).toBe(0);
    writeFileSync(at("mine.csv"), "mine\n");
    const mine = ["export", at("v.schedule.json"), "--to", "csv", "-o", at("mine.csv")];
    const refused = await runCli(mine);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain("error[file-exists]");
    expect(readFileSync(at("mine.csv"), "utf8")).toBe("mine\n");
    expect((await runCli([...mine, "--force"])).status).toBe(0);
  });

  it("leaves a placement alone that is not the same", async () => {
    const argv = ["export", at("v.schedule.json"), "--to", "placement", "-o", at("p.json")];
    expect((await runCli(argv)).status).toBe(0);
    expect((await runCli(argv)).status).toBe(0);
    writeFileSync(at("p.json"), readFileSync(at("p.json"), "utf8").replace("d0", "gpu0"));
    expect((await runCli(argv)).stderr).toContain("error[file-exists]");
  });

  it("never overwrites the schedule itself", async () => {
    const schedule = at("v.schedule.json");
    const run = await runCli(["export", schedule, "--to", "csv", "-o", schedule, "--force"]);
    expect(run.status).toBe(2);
    expect(run.stderr).toContain("error[output-is-input]");
  });

  it.each([
    [["v.schedule.json"], 2, "export-format-missing", "csv, chrome-trace"],
    [["v.schedule.json", "--to", "chrome-trac"], 2, "usage", "Did you mean chrome-trace?"],
    [["two.schedule.json", "--to", "placement"], 1, "export-section-missing", "takes pipelines"],
    [["none.json", "--to", "csv"], 1, "file-unreadable", ""],
    [["v.schedule.json", "--to", "csv", "--measured", "x"], 2, "option-not-applicable", ""],
    [
      ["v.schedule.json", "--to", "chrome-trace", "--measured", "v.schedule.json"],
      1,
      "export-measured-invalid",
      "no timeline",
    ],
  ] as const)("of %j ends with %i", async (words, status, code, text) => {
    const argv = words.map((word) => (word.endsWith(".json") ? at(word) : word));
    const run = await runCli(["export", ...argv]);
    expect(run).toMatchObject({ status, stdout: "" });
    expect(run.stderr).toContain(`error[${code}]`);
    expect(run.stderr).toContain(text);
  });

  it("refuses a schedule that verify refuses", async () => {
    const schedule = JSON.parse(readFileSync(at("v.schedule.json"), "utf8"));
    schedule.pipeline.instances[1].start += 1;
    writeFileSync(at("broken.json"), JSON.stringify(schedule));
    const run = await runCli(["export", at("broken.json"), "--to", "csv"]);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain("error[schedule-broken]");
    expect(existsSync(at("broken.csv"))).toBe(false);
  });

  it("checks against the model where it is, and says where it is not", async () => {
    const here = await runCli(["export", at("two.schedule.json"), "--to", "dot"]);
    expect(here).toMatchObject({ status: 0, stderr: "" });
    copyFileSync(at("two.schedule.json"), at("alone.schedule.json"));
    rmSync(at("two-branch.onnx"));
    const gone = await runCli(["export", at("alone.schedule.json"), "--to", "dot"]);
    expect(gone.status).toBe(0);
    expect(gone.stderr).toContain("checked without its model");
    const named = ["export", at("alone.schedule.json"), "--to", "dot", "--model", at("no.onnx")];
    expect((await runCli(named)).stderr).toContain("error[model-unreadable]");
    const other = [...named.slice(0, -1), "fixtures/models/squeezenet.onnx"];
    expect((await runCli(other)).stderr).toContain("error[schedule-of-another-model]");
  });

  it("draws what run measured beside the prediction", async () => {
    const { pipeline } = JSON.parse(readFileSync(at("v.schedule.json"), "utf8"));
    const devices: Record<string, string[]> = Object.fromEntries(
      pipeline.placement.blocks.map((block: { id: string; devices: string[] }) => [
        block.id,
        block.devices,
      ]),
    );
    const timeline = pipeline.instances.map(
      ({
        block,
        microBatch,
        start,
        end,
      }: {
        block: string;
        microBatch: number;
        start: number;
        end: number;
      }) => ({
        block,
        device: devices[block]![0],
        microBatch,
        startNs: start * 10,
        endNs: end * 10,
        predictedStartNs: start,
        predictedEndNs: end,
      }),
    );
    writeFileSync(at("ran.json"), JSON.stringify({ rounds: 5, timeline }));
    const argv = ["export", at("v.schedule.json"), "--to", "chrome-trace", "--measured"];
    const run = await runCli([...argv, at("ran.json"), "-o", at("both.json")]);
    expect(run).toMatchObject({ status: 0, stderr: "" });
    const { traceEvents } = JSON.parse(readFileSync(at("both.json"), "utf8"));
    const measured = traceEvents.filter(
      ({ ph, pid }: { ph: string; pid: number }) => ph === "X" && pid === 2,
    );
    expect(measured.length).toBe(timeline.length);
    timeline[1].startNs = timeline[0].startNs;
    timeline[1].device = timeline[0].device;
    timeline[1].block = timeline[0].block;
    writeFileSync(at("ran.json"), JSON.stringify({ timeline }));
    const refused = await runCli([...argv, at("ran.json")]);
    expect(refused.stderr).toContain("at the same time");
  });

  it("keeps a launcher for PyTorch that is there, and writes the schedule again", async () => {
    const argv = ["export", at("v.schedule.json"), "--to", "pytorch", "-o", at("p.csv")];
    expect((await runCli(argv)).status).toBe(0);
    const launcher = readFileSync(at("p.py"), "utf8");
    writeFileSync(at("p.py"), `${launcher}# mine\n`);
    const again = await runCli([...argv, "--compute-only"]);
    expect(again.stdout).toContain(`kept ${at("p.py")}`);
    expect(again.stdout).toContain(`wrote ${at("p.csv")}`);
    expect(readFileSync(at("p.py"), "utf8")).toMatch(/# mine\n$/);
    expect(readFileSync(at("p.csv"), "utf8")).not.toContain("SEND");
    expect((await runCli([...argv, "--force"])).status).toBe(0);
    expect(readFileSync(at("p.py"), "utf8")).toBe(launcher);
  });
});
