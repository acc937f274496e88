import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runCli } from "../support/run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "top-compile-explain-pipeline-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function searched(name: string, ...argv: readonly string[]): Promise<string> {
  const path = join(folder, `${name}.json`);
  const run = await runCli(["search", ...argv, "-o", path, "--quiet"]);
  expect(run).toMatchObject({ status: 0, stderr: "" });
  return path;
}

describe("explain of a pipeline", () => {
  it("names the critical cycle and the blocks to speed up together", async () => {
    const file = await searched("v", "--shape", "v", "--devices", "4", "--algorithm", "1f1b");
    const { status, stdout, stderr } = await runCli(["explain", file, "--ascii"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("critical cycle: 2 blocks in 1 repetition, 4 per micro-batch");
    expect(stdout).toContain("no block alone shortens the period");
    expect(stdout).toContain("b0, b1, b2, b3: 10 % faster gives 3.7 instead of 4 per micro-batch");
    expect(stdout).toMatch(/durations that vary by 10\.0 %: 4\.\d+ per micro-batch on average/);
  });

  it("names the block to speed up first where one helps", async () => {
    const file = await searched("m", "--shape", "m", "--devices", "4", "--algorithm", "modulo");
    const { stdout } = await runCli(["explain", file]);
    expect(stdout).toMatch(
      /speed up first: f0: 10 % faster gives 5\.9 instead of 6 per micro-batch/,
    );
    expect(stdout).toMatch(/^f0 +5\.9 +1\.7 %$/m);
  });

  it("gives the same as JSON beside the section, and the same every time", async () => {
    const file = await searched("again", "--shape", "v", "--devices", "4", "--memory", "3");
    const first = await runCli(["explain", file, "--json"]);
    const { period, explanation } = JSON.parse(first.stdout);
    expect(explanation.leastPeriod).toBeLessThanOrEqual(period);
    expect(explanation.noise).toMatchObject({ spread: 0.1, runs: 64 });
    expect(explanation.noise.p95).toBeGreaterThanOrEqual(explanation.noise.mean);
    expect(explanation.criticalCycle.length).toBeGreaterThan(0);
    expect((await runCli(["explain", file, "--json"])).stdout).toBe(first.stdout);
  });

  it("still shows a schedule whose repetend is wrong, without a cycle", async () => {
    const file = await searched("broken", "--shape", "v", "--devices", "2");
    const artifact = JSON.parse(readFileSync(file, "utf8"));
    artifact.pipeline.repetend[1].offset = artifact.pipeline.repetend[0].offset;
    artifact.pipeline.repetend[1].shift = 0;
    artifact.pipeline.repetend[3].shift = 0;
    writeFileSync(file, JSON.stringify(artifact));
    const { status, stdout } = await runCli(["explain", file]);
    expect(status).toBe(0);
    expect(stdout).toContain("the repetend is invalid");
  });
});
