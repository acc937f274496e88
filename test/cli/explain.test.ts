import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { encodeArtifact } from "../../src/artifact/artifact-format.js";
import { ARTIFACT } from "../support/artifacts.js";
import { runCli } from "../support/run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "top-compile-explain-"));
afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("explain", () => {
  it("shows candidates, a chart as wide as asked for, and where the time goes", async () => {
    const file = fileWith("good.json", encodeArtifact(ARTIFACT));
    const run = await runCli(["explain", file, "--ascii", "--width", "60"]);
    expect(run.status).toBe(0);
    // Its candidates contradict each other, which explain says without the model.
    expect(run.stderr.replace(/\s+/g, " ").trim()).toBe(
      "verify refuses this schedule: /operators/candidates/1/sameAs names no candidate like it before it",
    );
    expect(run.stdout).toContain("chosen  opara on 2 streams");
    expect(run.stdout).toContain("stream 0  #a######=b=");
    expect(run.stdout).toContain("what the end waits for: 3 operators, 6.00 ms of work");
    expect(run.stdout).toMatch(/^b {11}4\.00 ms {7}45\.5 %$/m);
  });

  it("takes the width of the terminal", async () => {
    const file = fileWith("good.json", encodeArtifact(ARTIFACT));
    const { stdout } = await runCli(["explain", file], { columns: 70 });
    const row = stdout.split("\n").find((line) => line.startsWith("stream 0  ")) ?? "";
    expect(row.length).toBe(70);
  });

  it("gives the same as JSON", async () => {
    const file = fileWith("good.json", encodeArtifact(ARTIFACT));
    const run = await runCli(["explain", file, "--json"]);
    expect(JSON.parse(run.stdout)).toMatchObject({ latencyNs: 6_000_000, streams: [{}, {}] });
  });

  it.each([
    ["a missing file", undefined, "file-unreadable", "no such file"],
    ["an empty file", "", "schedule-not-json", ""],
    ["half a schedule", encodeArtifact(ARTIFACT).slice(0, 400), "schedule-not-json", ""],
    ["another JSON document", "[1, 2]", "schedule-invalid", "must be an object"],
    [
      "an artifact without operators",
      encodeArtifact({ provenance: ARTIFACT.provenance }),
      "schedule-without-section",
      "operators",
    ],
  ])("ends with 1 and one line for %s", async (_what, text, code, words) => {
    const file = text === undefined ? join(folder, "none.json") : fileWith("bad.json", text);
    const run = await runCli(["explain", file]);
    expect(run).toMatchObject({ status: 1, stdout: "" });
    expect(run.stderr).toMatch(/^error\[[^\n]+\n$/);
    expect(run.stderr).toContain(`error[${code}] ${file}`);
    expect(run.stderr).toContain(words);
  });

  it("names a folder as a folder", async () => {
    const run = await runCli(["explain", folder]);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain("is a folder");
  });

  it("colours failures on a terminal only, and not when it must not", async () => {
    const ESC = "\u001b[";
    const argv = ["explain", "none.json"];
    expect((await runCli(argv)).stderr).not.toContain(ESC);
    expect((await runCli(argv, { isTTY: true })).stderr).toContain(ESC);
    const refused = await runCli(argv, { isTTY: true, env: { NO_COLOR: "1" } });
    expect(refused.stderr).not.toContain(ESC);
    const plain = await runCli([...argv, "--no-color"], { isTTY: true });
    expect(plain.stderr).not.toContain(ESC);
  });
});
