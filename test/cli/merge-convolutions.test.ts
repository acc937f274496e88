import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runCli } from "../support/run-cli.js";

const MODEL = "fixtures/models/squeezenet.onnx";
const FOLDER = mkdtempSync(join(tmpdir(), "top-compile-merge-"));
const OUT = join(FOLDER, "squeezenet.json");

afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

// Merged convolutions stay rows, and apply nothing: with other lists and arithmetic they gain little or nothing.
const KERNELS = ["--device", "h100", "--math", "ieee", "--fuse", "none"];
const COMPILE = [MODEL, ...KERNELS, "--merge-convolutions", "-o", OUT, "--quiet"];

describe("--merge-convolutions", () => {
  it("compiles to an artifact that names what is merged, verifies, and explains it", async () => {
    const compiled = await runCli([...COMPILE, "--force"]);
    expect(compiled).toMatchObject({ status: 0, stderr: "" });
    expect(compiled.stdout).toMatch(/merged {2}\d+ operators are computed as \d+/);
    const text = readFileSync(OUT, "utf8");
    const { operators, provenance } = JSON.parse(text);
    expect(provenance.options["merge-convolutions"]).toBe(true);
    const launched = new Set(operators.launches.map((each: { operator: string }) => each.operator));
    for (const merge of operators.merges as { operators: string[] }[]) {
      const [first, ...others] = merge.operators;
      expect(others.length).toBeGreaterThan(0);
      expect(launched.has(first)).toBe(true);
      expect(others.some((name) => launched.has(name))).toBe(false);
    }
    const verified = await runCli(["verify", OUT, "--model", MODEL]);
    expect(verified.stdout).toContain("valid: ");
    const explained = await runCli(["explain", OUT]);
    expect(explained.stdout).toContain("computed together, launched under the first name");
    expect(explained.stdout).toContain(operators.merges[0].operators.join(" + "));
    await runCli([...COMPILE, "--force"]);
    expect(readFileSync(OUT, "utf8")).toBe(text);
  });

  it.each([
    ["an operator left out of a merge", (m: string[][]) => m.map((each) => each.slice(0, -1))],
    ["an operator that is not there", (m: string[][]) => [["nobody", "else"], ...m]],
    ["operators that cannot be one", (m: string[][]) => [[m[0]?.[0], m[2]?.[0]], ...m.slice(1)]],
    ["no merges", () => undefined],
  ])("does not verify with %s", async (_, change) => {
    const artifact = JSON.parse(readFileSync(OUT, "utf8"));
    const merges = artifact.operators.merges.map((each: { operators: string[] }) => each.operators);
    artifact.operators.merges = change(merges)?.map((operators) => ({ operators }));
    const edited = join(FOLDER, "edited.json");
    writeFileSync(edited, JSON.stringify(artifact));
    const run = await runCli(["verify", edited, "--model", MODEL]);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain("error[schedule-broken]");
  });

  it("is not executed by ONNX Runtime", async () => {
    const run = await runCli(["run", OUT, "--model", MODEL, "--device", "cpu"]);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain("error[merges-cannot-run]");
  });

  it("says so where nothing is merged", async () => {
    const path = join(FOLDER, "nothing.json");
    const argv = ["fixtures/models/small/duplicate-names.onnx", "--device", "h100", "-o", path];
    const run = await runCli([...argv, "--quiet", "--merge-convolutions"]);
    expect(run.stdout).toContain("merged  nothing: no convolutions of one input");
    expect(readFileSync(path, "utf8")).not.toContain('"merges"');
  });

  it("shows how many operators each algorithm merges", async () => {
    const run = await runCli([...COMPILE, "--force", "--compare", "--json"]);
    const { algorithms } = JSON.parse(run.stdout);
    const merged = new Map(
      algorithms.map((each: { algorithm: string; mergedOperators: number }) => [
        each.algorithm,
        each.mergedOperators,
      ]),
    );
    expect(merged.get("top-compile")).toBeGreaterThan(0);
    expect(merged.get("ios")).toBeGreaterThan(0);
    expect(merged.get("opara")).toBe(0);
  });

  it("goes with tasks in flight and batches", async () => {
    const path = join(FOLDER, "tasks.json");
    const argv = [MODEL, "--device", "h100", "--merge-convolutions", "-o", path, "--quiet"];
    for (const more of [
      ["--progress", "0,0.5"],
      ["--batch", "2"],
    ]) {
      expect((await runCli([...argv, ...more, "--force"])).status).toBe(0);
      expect((await runCli(["verify", path, "--model", MODEL])).stdout).toContain("valid: ");
    }
  });

  it.each([
    [["--device", "cpu"], "option-not-applicable"],
    [["--device", "h100", "--algorithm", "opara"], "option-not-applicable"],
    [["--device", "h100", "--devices", "2"], "option-not-applicable"],
  ])("is refused with %j", async (options, code) => {
    const run = await runCli([MODEL, ...options, "--merge-convolutions", "-o", OUT]);
    expect(run.status).toBe(2);
    expect(run.stderr).toContain(`error[${code}]`);
    expect(run.stderr).toContain("--merge-convolutions");
  });
});
