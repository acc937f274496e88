import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseArtifact } from "../../src/artifact/artifact-format.js";
import { buildShape } from "../../src/placement/shapes/build-shape.js";
import { withRealOutput } from "../support/console-blocks.js";
import { runCli } from "../support/run-cli.js";
import { type DrawnSchedule, schedulePicture } from "../support/schedule-picture.js";

const ROOT = resolve(import.meta.dirname, "../..");

/** What the documents show is what the program does; `npm run test:update` writes them again. */
describe("docs/cli.md", () => {
  it("is what the program says of itself", async () => {
    const program = await runCli(["--help"]);
    const names = [...program.stdout.matchAll(/^ {2}([a-z]+(?: [a-z]+)?) (?:\[options\])/gm)].map(
      (match) => match[1] ?? "",
    );
    expect(names.length).toBeGreaterThan(5);
    const sections = ["# Command line", "", "```", program.stdout.trimEnd(), "```"];
    for (const name of names) {
      const { stdout } = await runCli([...name.split(" "), "--help"]);
      sections.push("", `## ${name}`, "", "```", stdout.trimEnd(), "```");
    }
    await expect(`${sections.join("\n")}\n`).toMatchFileSnapshot("../../docs/cli.md");
  });
});

describe("examples", () => {
  const documents = [
    "README.md",
    ...readdirSync(join(ROOT, "docs"))
      .filter((name) => name.endsWith(".md"))
      .map((name) => `docs/${name}`),
  ].filter((name) => readFileSync(join(ROOT, name), "utf8").includes("```console\n"));
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "documents-"));
    symlinkSync(join(ROOT, "fixtures"), join(folder, "fixtures"));
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  /** Runs the program itself, in a folder that has the fixtures and what earlier examples wrote. */
  const run = (argv: readonly string[]): Promise<string> =>
    new Promise((done) => {
      const bin = join(ROOT, "bin/top-compile.js");
      execFile(process.execPath, [bin, ...argv], { cwd: folder }, (_, stdout, stderr) => {
        done(`${stderr}${stdout}`);
      });
    });

  it("stand in the README", () => {
    expect(documents).toContain("README.md");
  });

  it.each(documents)("of %s print what it says", async (name) => {
    const text = readFileSync(join(ROOT, name), "utf8");
    await expect(await withRealOutput(text, run)).toMatchFileSnapshot(`../../${name}`);
  });
});

describe("docs/same-memory.svg", () => {
  it("shows the schedules that the program finds", async () => {
    const shape = ["search", "--shape", "v", "--devices", "4", "--memory", "3"];
    const drawn: DrawnSchedule[] = [];
    for (const algorithm of ["tessel", "top-compile"]) {
      const more = ["--micro-batches", "8", "--algorithm", algorithm, "--json"];
      const { stdout } = await runCli([...shape, ...more]);
      const artifact = parseArtifact(stdout, "stdout");
      const section = artifact.ok ? artifact.value.pipeline : undefined;
      const each = section!.period / section!.microBatchesPerPeriod;
      const title = `--algorithm ${algorithm}: ${Number(each.toFixed(2))} steps per micro-batch`;
      drawn.push({ title, section: section! });
    }
    const placement = buildShape("v", { devices: 4 });
    expect(placement.ok).toBe(true);
    await expect(placement.ok && schedulePicture(placement.value, drawn)).toMatchFileSnapshot(
      "../../docs/same-memory.svg",
    );
  });
});
