import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runCli } from "../support/run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "top-compile-presets-"));
afterAll(() => rmSync(folder, { recursive: true }));
const OUT = join(folder, "preset.schedule.json");

/** Eight ranks with five stages each, 80 layers; the head takes longer than a layer. */
const FIGURES = [
  ...["search", "--preset", "megatron", "--devices", "8", "--chunks", "5", "--layers", "80"],
  ...["--forward", "1000", "--backward", "2000", "--embedding", "50", "--head", "1230"],
  ...["--latency", "20", "--micro-batches", "64", "--effort", "quick"],
];

describe("the placement of a training configuration", () => {
  it("finds a layout that beats the one by hand and the even one", async () => {
    const byHand = "Et*2|(t*2|)*34,t*3|(t*2|)*3,tL";
    const argv = [...FIGURES, "--layout", "search", "--against", byHand, "-o", OUT, "--force"];
    const run = await runCli([...argv, "--width", "200"]);
    expect(run).toMatchObject({ status: 0 });
    expect(run.stdout).toMatch(
      /Et\*2\|\(t\*2\|\)\*34t\*3\|\(t\*2\|\)\*3tL +\d+ +\+\d\.\d\d % +to compare with/,
    );
    const { pipeline, provenance } = JSON.parse(readFileSync(OUT, "utf8"));
    // Slowest rank: eleven layers of 3,000 for each of 64 micro-batches, and the ramps.
    expect(pipeline.makespan).toBeGreaterThan(64 * 33_000);
    expect(pipeline.makespan).toBeLessThanOrEqual(2_133_210);
    expect(provenance.options).toMatchObject({ preset: "megatron", layers: 80, head: 1230 });
    expect((await runCli(["verify", OUT])).status).toBe(0);
  });

  it("is that of the framework without a layout, and verified by its figures", async () => {
    const run = await runCli([...FIGURES, "-o", OUT, "--force"]);
    expect(run).toMatchObject({ status: 0 });
    const artifact = JSON.parse(readFileSync(OUT, "utf8"));
    // Slowest rank: ten layers and the head, 3 * 11,230 for each.
    expect(artifact.pipeline.makespan).toBeGreaterThanOrEqual(64 * 33_690);
    expect(artifact.pipeline.makespan).toBeLessThanOrEqual(2_200_600);
    expect((await runCli(["verify", OUT])).status).toBe(0);
    artifact.provenance.options.head = 1231;
    writeFileSync(OUT, JSON.stringify(artifact));
    const changed = await runCli(["verify", OUT]);
    expect(changed.status).toBe(1);
    expect(changed.stderr).toContain(
      'is not the preset "megatron" with the options of /provenance',
    );
  });

  it("takes micro-batches that the framework's schedule refuses, and says so", async () => {
    const argv = [
      "search",
      "--preset",
      "megatron",
      "--devices",
      "4",
      "--chunks",
      "2",
      "--layers",
      "8",
    ];
    const odd = await runCli([...argv, "--micro-batches", "6", "--effort", "quick"]);
    expect(odd.status).toBe(0);
    expect(odd.stderr.replace(/\s+/g, " ")).toContain(
      "Megatron's own interleaved schedule refuses 6 micro-batches on 4 ranks",
    );
    const even = await runCli([...argv, "--micro-batches", "8", "--effort", "quick"]);
    expect(even.stderr).not.toContain("refuses");
  });

  it.each<[string, readonly string[], string]>([
    [
      "a shape beside it",
      ["--preset", "megatron", "--shape", "v", "--devices", "2"],
      "search-source",
    ],
    ["no ranks", ["--preset", "megatron", "--layers", "2"], "search-source"],
    [
      "its options for a shape",
      ["--shape", "v", "--devices", "2", "--layers", "4"],
      "option-not-applicable",
    ],
    [
      "a layout to compare with where none is searched",
      ["--preset", "megatron", "--devices", "2", "--layers", "4", "--against", "Et|tL"],
      "option-not-applicable",
    ],
    [
      "sizes that do not fit",
      ["--preset", "megatron", "--devices", "2", "--layers", "5"],
      "preset-invalid",
    ],
    [
      "a layout search without layers",
      ["--preset", "megatron", "--devices", "2", "--layout", "search"],
      "preset-invalid",
    ],
    [
      "too few layers",
      ["--preset", "megatron", "--devices", "8", "--layers", "2", "--layout", "search"],
      "preset-invalid",
    ],
    [
      "a layout to compare with that fits nothing",
      [
        "--preset",
        "megatron",
        "--devices",
        "2",
        "--layers",
        "4",
        "--layout",
        "search",
        "--against",
        "Et|x",
      ],
      "preset-invalid",
    ],
  ])("is refused for %s", async (_, argv, code) => {
    const run = await runCli(["search", ...argv]);
    expect(run.status).toBe(2);
    expect(run.stderr).toContain(`error[${code}]`);
  });

  it("within too little memory says what one block needs", async () => {
    const argv = ["--preset", "megatron", "--devices", "2", "--layers", "4", "--layout", "search"];
    const run = await runCli(["search", ...argv, "--memory", "1"]);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain("error[block-too-large]");
  });
});
