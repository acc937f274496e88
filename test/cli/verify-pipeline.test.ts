import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { PipelineSection } from "../../src/artifact/pipeline-section.js";
import { runCli } from "../support/run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "top-compile-verify-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Changed = { -readonly [Key in keyof PipelineSection]: PipelineSection[Key] };

/** Searches, changes the section, and verifies. */
async function verified(argv: readonly string[], change: (section: Changed) => void) {
  const path = join(folder, "schedule.json");
  const run = await runCli(["search", ...argv, "-o", path, "--force"]);
  expect(run).toMatchObject({ status: 0, stderr: "" });
  const artifact = JSON.parse(readFileSync(path, "utf8"));
  change(artifact.pipeline);
  writeFileSync(path, JSON.stringify(artifact));
  return { ...(await runCli(["verify", path])), json: await runCli(["verify", path, "--json"]) };
}

const FULL = ["--shape", "v", "--devices", "4", "--algorithm", "1f1b"];
const SCARCE = ["--shape", "v", "--devices", "4", "--memory", "3", "--algorithm", "modulo"];

describe("verify of a pipeline's bound", () => {
  it("accepts what the search wrote, without notes", async () => {
    const { status, stdout, json } = await verified(FULL, () => {});
    expect(status).toBe(0);
    expect(stdout).toMatch(/^valid: [^\n]+\n$/);
    expect(JSON.parse(json.stdout)).toMatchObject({ valid: true, notes: [] });
  });

  it("accepts another reason that holds as well", async () => {
    const { status } = await verified(SCARCE, (section) => {
      section.boundedBy = { kind: "memory", device: "d0", blocks: ["f0", "b3"] };
      section.periodLowerBound = 6;
      // f0 holds 1 for 16 at least, of 3.
      section.boundEach = { numerator: 16, denominator: 3 };
    });
    expect(status).toBe(0);
  });

  it.each<[string, Partial<PipelineSection>, string]>([
    [
      "a bound that is reached when it is rounded, called optimal",
      {
        boundedBy: { kind: "memory", device: "d0", blocks: ["f0", "b3"] },
        periodLowerBound: 6,
        boundEach: { numerator: 16, denominator: 3 },
        status: "optimal",
      },
      "the period 8 is called optimal, its bound is 16/3",
    ],
    [
      "a bound for each that its reason does not give",
      { boundEach: { numerator: 5, denominator: 1 }, periodLowerBound: 5 },
      "the bound 5 of the period is too high: its load proves only 4",
    ],
    [
      "a lower bound for each than its reason gives",
      { boundEach: { numerator: 3, denominator: 1 }, periodLowerBound: 3 },
      "/pipeline/boundEach does not follow from boundedBy and the placement",
    ],
    [
      "a search in full that nobody made",
      { leastUpTo: 3 },
      "/pipeline/leastUpTo is there, but no search in full was needed or made",
    ],
    [
      "a bound above what memory gives",
      {
        boundedBy: { kind: "memory", device: "d0", blocks: ["f0", "b3"] },
        periodLowerBound: 8,
        status: "optimal",
      },
      "the bound 8 of the period is too high: its memory proves only 6",
    ],
    [
      "a bound above what load gives",
      { boundedBy: { kind: "load", device: "d0", blocks: ["f0", "b3"] }, periodLowerBound: 7 },
      "the bound 7 of the period is too high: its load proves only 4",
    ],
    [
      "blocks of another device",
      { boundedBy: { kind: "load", device: "d1", blocks: ["f0", "b3"] } },
      'proves nothing by load: "f0" does not run on device "d1"',
    ],
    [
      "a device that is not there",
      { boundedBy: { kind: "load", device: "d9", blocks: ["f0"] } },
      "proves nothing by load: it names no device of the placement",
    ],
    [
      "a block that is not there",
      { boundedBy: { kind: "load", device: "d0", blocks: ["f0", "f9"] } },
      "proves nothing by load: its block 1 is not one of the placement",
    ],
    [
      "blocks beside others whose time their load has counted",
      { boundedBy: { kind: "load", device: "d0", blocks: ["b3"], beside: ["f0"] } },
      "/pipeline/boundedBy/beside is there, but neither memory nor configurations are the reason",
    ],
    [
      "blocks beside others that hold memory",
      { boundedBy: { kind: "memory", device: "d0", blocks: ["f0", "b3"], beside: ["f1"] } },
      'proves nothing by memory: "f1" does not run alone and without memory beside the others, once',
    ],
    [
      "a recurrence of blocks that do not meet",
      { boundedBy: { kind: "recurrence", blocks: ["f0", "f1"] }, periodLowerBound: 2 },
      'proves nothing by recurrence: "f0" and "f1" share no device',
    ],
  ])("refuses %s", async (_what, change, words) => {
    const { status, stderr } = await verified(SCARCE, (section) => Object.assign(section, change));
    expect(status).toBe(1);
    expect(stderr).toContain("error[schedule-broken]");
    expect(stderr).toContain(words);
    expect(stderr).toContain("search the placement again, with top-compile search");
    expect(stderr).not.toContain("compile the model again");
  });

  it("says which bounds of files of 0.1.0 rest on a search", async () => {
    const { status, stdout, json } = await verified(SCARCE, (section) => {
      delete section.boundEach;
      section.boundedBy = { kind: "search", blocks: [] };
      section.periodLowerBound = section.period;
      section.status = "optimal";
      section.makespanLowerBound = section.makespan;
      section.makespanStatus = "optimal";
    });
    expect(status).toBe(0);
    expect(stdout).toContain("note: that no period is below 8 rests on the search");
    expect(stdout).toContain("; 4 is proved here");
    expect(stdout).toMatch(/note: that no makespan is below \d+ rests on the search/);
    expect(JSON.parse(json.stdout).notes).toHaveLength(2);
  });
});
