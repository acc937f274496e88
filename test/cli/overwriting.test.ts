import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../support/run-cli.js";

let folder = "";
let model = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "top-compile-overwriting-"));
  model = join(folder, "model.onnx");
  copyFileSync("fixtures/models/two-branch.onnx", model);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const partition = (...argv: readonly string[]) =>
  runCli(["partition", model, "--device", "h100", ...argv]);

describe("outputs", () => {
  it("never replace what the command reads, under whichever name", async () => {
    const link = join(folder, "link.json");
    symlinkSync(model, link);
    const before = readFileSync(model);
    for (const out of [model, link]) {
      const run = await partition("--stages", "2", "-o", out, "--force");
      expect(run.stderr).toContain("error[output-is-input]");
      expect(run.status).toBe(2);
    }
    expect(readFileSync(model).equals(before)).toBe(true);
    const placement = join(folder, "hand.json");
    const text = JSON.stringify({
      format: "top-compile/stage-placement",
      version: 1,
      devices: [{ name: "a" }],
      blocks: [{ id: "all", devices: ["a"], operators: ["*"] }],
    });
    writeFileSync(placement, text);
    const run = await partition("--placement", placement, "-o", placement, "--force");
    expect(run.stderr).toContain("error[output-is-input]");
    expect(readFileSync(placement, "utf8")).toBe(text);
    const cut = join(folder, "cut.placement.json");
    expect((await partition("--stages", "2", "-o", cut)).status).toBe(0);
    const searched = await runCli(["search", cut, "-o", cut, "--force"]);
    expect(searched.stderr).toContain("error[output-is-input]");
  });

  it.runIf(existsSync("/dev/null"))(
    "go to devices only when forced, which stay devices",
    async () => {
      const refused = await partition("--stages", "2", "-o", "/dev/zero");
      expect(refused.stderr).toContain("error[file-exists]");
      const forced = await partition("--stages", "2", "-o", "/dev/null", "--force");
      expect(forced.status).toBe(0);
      expect(readFileSync("/dev/null").length).toBe(0);
    },
  );

  it.runIf(existsSync("/dev/zero"))("are not waited for where an input has no end", async () => {
    const run = await runCli(["verify", "/dev/zero"]);
    expect(run.stderr).toContain("error[file-unreadable] /dev/zero: is a device, not a file");
    expect(run.status).toBe(1);
  });

  it("are refused at once where a folder is", async () => {
    const run = await partition("--stages", "2", "-o", folder, "--force");
    expect(run.stderr).toContain("error[file-unwritable]");
    expect(run.stderr).toContain("is a folder");
  });
});

describe("stage models", () => {
  it("go to a folder that is made, and are overwritten only when forced", async () => {
    const stages = join(folder, "made", "stages");
    const cut = ["--stages", "2", "-o", join(folder, "s.placement.json"), "--stage-models"];
    expect((await partition(...cut, stages)).status).toBe(0);
    expect(readdirSync(stages).sort()).toEqual([
      "model.s0.onnx",
      "model.s1.onnx",
      "model.stages.weights",
    ]);
    const again = await partition(...cut, stages);
    expect(again.stderr).toContain("error[file-exists]");
    expect((await partition(...cut, stages, "--force")).status).toBe(0);
    const nowhere = await partition(...cut, join(model, "below"), "--stages", "500");
    expect(nowhere.stderr).toContain("error[file-unwritable]");
    // The name of the model with that of a stage is longer than a file's may be.
    const long = join(folder, `${"n".repeat(250)}.onnx`);
    copyFileSync(model, long);
    const tooLong = await runCli([
      "partition",
      long,
      "--device",
      "h200",
      ...cut,
      stages,
      "--force",
    ]);
    expect(tooLong.stderr).toMatch(/error\[(weights|file)-unwritable\].*the name is too long/);
    const file = await partition(...cut, model);
    expect(file.stderr).toContain("error[file-unwritable]");
    expect(file.status).toBe(1);
  });
});
