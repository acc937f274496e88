/** `--math` on GPUs by their data sheets: every mode is taken, recorded, verified and explained. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { ScheduleArtifact } from "../../src/artifact/artifact.js";
import { PRECISIONS } from "../../src/kernels/precision.js";
import { runCli } from "../support/run-cli.js";

const SQUEEZENET = "fixtures/models/squeezenet.onnx";

const folder = mkdtempSync(join(tmpdir(), "top-compile-math-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function written(name: string, ...argv: readonly string[]) {
  const out = join(folder, name);
  const run = await runCli([...argv, "-o", out, "--quiet"]);
  expect(run.status, run.stderr).toBe(0);
  const artifact: ScheduleArtifact = JSON.parse(readFileSync(out, "utf8"));
  return { out, artifact };
}

async function verified(out: string, model: string): Promise<void> {
  const run = await runCli(["verify", out, "--model", model]);
  expect(run.status, run.stderr).toBe(0);
}

describe("--math on a GPU by its data sheet", () => {
  it.each(PRECISIONS)("%s is recorded, and the schedule verified and explained", async (math) => {
    const argv = [SQUEEZENET, "--device", "h200", "--math", math];
    const { out, artifact } = await written(`${math}.schedule.json`, ...argv);
    expect(artifact.provenance.options["math"]).toBe(math);
    await verified(out, SQUEEZENET);
    const explained = await runCli(["explain", out]);
    expect(explained.status, explained.stderr).toBe(0);
  });

  it("is what times are of: the schedule of one is not that of another", async () => {
    const argv = [SQUEEZENET, "--device", "h200", "--math", "f16"];
    const { artifact } = await written("other.schedule.json", ...argv);
    for (const math of ["tf32", "f32", 16]) {
      const { provenance } = artifact;
      const options = { ...provenance.options, math };
      const other = join(folder, "tampered.schedule.json");
      writeFileSync(other, JSON.stringify({ ...artifact, provenance: { ...provenance, options } }));
      const run = await runCli(["verify", other, "--model", SQUEEZENET]);
      expect(run.stderr).toMatch(/^error\[schedule-(broken|invalid)\]/);
    }
  });

  it("verifies merged convolutions in f16", async () => {
    // Convolutions in a row of kernels gain by being merged where nothing else joins them.
    const merging = ["--merge-convolutions", "--fuse", "none"];
    const argv = [SQUEEZENET, "--device", "h100", "--math", "f16", ...merging];
    const { out, artifact } = await written("merged.schedule.json", ...argv);
    expect(artifact.operators?.merges?.length).toBeGreaterThan(0);
    await verified(out, SQUEEZENET);
  });

  it("halves what stages hold and send", async () => {
    const argv = [SQUEEZENET, "--device", "h200", "--devices", "2"];
    const tf32 = await written("tf32.pipeline.json", ...argv);
    const half = await written("f16.pipeline.json", ...argv, "--math", "f16");
    await verified(half.out, SQUEEZENET);
    expect(half.artifact.provenance.options["math"]).toBe("f16");
    const held = ({ stages }: ScheduleArtifact): number =>
      (stages ?? []).reduce((sum, { parameterBytes }) => sum + parameterBytes, 0);
    expect(held(half.artifact)).toBe(held(tf32.artifact) / 2);
    const [cut] = half.artifact.stages ?? [];
    expect(cut?.outputBytes).toBeGreaterThan(0);
    const other = join(folder, "tampered.pipeline.json");
    const { provenance } = half.artifact;
    const options = { ...provenance.options, math: "tf32" };
    writeFileSync(
      other,
      JSON.stringify({ ...half.artifact, provenance: { ...provenance, options } }),
    );
    const run = await runCli(["verify", other, "--model", SQUEEZENET]);
    expect(run.stderr).toMatch(/^error\[schedule-broken\]/);
    const cutting = ["partition", SQUEEZENET, "--device", "h200", "--stages", "2"];
    await written("f16.placement.json", ...cutting, "--math", "f16");
  });

  it("halves what served models hold", async () => {
    const argv = ["launch", SQUEEZENET, "--rate", "squeezenet=400", "--samples", "1"];
    const tf32 = await written("tf32.policy.json", ...argv);
    const half = await written("f16.policy.json", ...argv, "--math", "f16");
    await verified(half.out, SQUEEZENET);
    const held = ({ launcher }: ScheduleArtifact): number =>
      launcher?.models[0]?.residentBytes ?? 0;
    expect(held(tf32.artifact)).toBeGreaterThan(0);
    expect(held(half.artifact)).toBe(held(tf32.artifact) / 2);
  });
});
