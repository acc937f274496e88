import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeArtifact, parseArtifact } from "../../src/artifact/artifact-format.js";
import type { ArtifactBlockStarts } from "../../src/artifact/block-starts.js";
import { runCli } from "../support/run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "top-compile-large-"));
afterAll(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);
/** 8 blocks of 2,600 micro-batches. */
const LARGE = ["--shape", "v", "--devices", "4", "--micro-batches", "2600"];
const INSTANCES = 20_800;

interface Written {
  readonly pipeline: {
    instances?: unknown[];
    starts?: { -readonly [Key in keyof ArtifactBlockStarts]: ArtifactBlockStarts[Key] }[];
  };
}

function written(name: string): Written {
  return JSON.parse(readFileSync(at(name), "utf8"));
}

beforeAll(async () => {
  const argv = ["search", ...LARGE, "--algorithm", "1f1b"];
  const lean = await runCli([...argv, "-o", at("lean.schedule.json")]);
  const full = await runCli([...argv, "-o", at("full.schedule.json"), "--all-instances"]);
  expect([lean.status, full.status]).toEqual([0, 0]);
});

describe("a schedule of many block instances", () => {
  it("is written block by block, or one by one where that is asked for", () => {
    const [lean, full] = [written("lean.schedule.json"), written("full.schedule.json")];
    expect(lean.pipeline.instances).toBeUndefined();
    // Device 3 alternates for ever; device 0 runs four forwards first.
    expect(lean.pipeline.starts?.[3]).toEqual({
      block: "f3",
      duration: 1,
      start: 3,
      steps: [[2599, 4]],
    });
    expect(full.pipeline.starts).toBeUndefined();
    expect(full.pipeline.instances).toHaveLength(INSTANCES);
    expect(readFileSync(at("lean.schedule.json")).length).toBeLessThan(8000);
  });

  it.each(["lean.schedule.json", "full.schedule.json"])(
    "is read and written again byte for byte: %s",
    (name) => {
      const text = readFileSync(at(name), "utf8");
      const read = parseArtifact(text, name);
      expect(read.ok && read.value.pipeline?.instances.length).toBe(INSTANCES);
      expect(read.ok && encodeArtifact(read.value) === text).toBe(true);
    },
  );

  it("is the same either way to every reader", async () => {
    const [lean, full] = ["lean", "full"].map((name) => {
      const read = parseArtifact(readFileSync(at(`${name}.schedule.json`), "utf8"), name);
      const { isWrittenOut: _, ...pipeline } = read.ok ? read.value.pipeline! : undefined!;
      return pipeline;
    });
    expect(lean).toEqual(full);
    for (const format of ["csv", "chrome-trace", "pytorch"]) {
      const outs = await Promise.all(
        ["lean", "full"].map(async (name) => {
          const out = at(`${name}.${format}`);
          const argv = ["export", at(`${name}.schedule.json`), "--to", format, "-o", out];
          expect((await runCli(argv)).status).toBe(0);
          return readFileSync(out, "utf8").replaceAll(`${name}.`, "x.");
        }),
      );
      expect(outs[0] === outs[1], format).toBe(true);
    }
    const explained = await Promise.all(
      ["lean", "full"].map((name) => runCli(["explain", at(`${name}.schedule.json`)])),
    );
    expect(explained[0]!.status).toBe(0);
    expect(explained[0]!.stdout.replaceAll("lean", "x")).toBe(
      explained[1]!.stdout.replaceAll("full", "x"),
    );
  });

  it("verifies, and conforms to the schema", async () => {
    const run = await runCli(["verify", at("lean.schedule.json")]);
    expect(run).toMatchObject({ status: 0, stderr: "" });
    expect(run.stdout).toContain("20800 block instances");
    const schema = JSON.parse(readFileSync("docs/schema/schedule.schema.json", "utf8"));
    const ajv = new Ajv2020.default({ strict: true, allowUnionTypes: true, allErrors: true });
    const conforms = ajv.compile(schema);
    for (const name of ["lean.schedule.json", "full.schedule.json"]) {
      conforms(written(name));
      expect(conforms.errors ?? []).toEqual([]);
    }
    const both = written("lean.schedule.json");
    both.pipeline.instances = [];
    expect(conforms(both)).toBe(false);
    writeFileSync(at("both.json"), JSON.stringify(both));
    expect((await runCli(["verify", at("both.json")])).stderr).toContain(
      "must have instances or starts, one of the two",
    );
  });

  it.each<[string, (starts: NonNullable<Written["pipeline"]["starts"]>) => void, string]>([
    [
      "a later start",
      (starts) => {
        starts[3]!.start++;
      },
      "f3",
    ],
    [
      "another step",
      (starts) => {
        starts[3]!.steps = [[2599, 5]];
      },
      "f3",
    ],
    [
      "a step too few",
      (starts) => {
        starts[3]!.steps = [[2598, 4]];
      },
      "missing",
    ],
    [
      "a step too many",
      (starts) => {
        starts[3]!.steps = [[2600, 4]];
      },
      "does not exist",
    ],
    [
      "another duration",
      (starts) => {
        starts[3]!.duration++;
      },
      "instead of",
    ],
    [
      "another name",
      (starts) => {
        starts[3]!.block = "f9";
      },
      "does not exist",
    ],
    ["a row left out", (starts) => void starts.splice(3, 1), "is missing"],
    [
      "more than can be held",
      (starts) => {
        starts[3]!.steps = [[1e9, [[1e9, 1]]]];
      },
      "stand for too many instances",
    ],
  ])("is refused for %s", async (_, change, words) => {
    const artifact = written("lean.schedule.json");
    change(artifact.pipeline.starts!);
    writeFileSync(at("changed.json"), JSON.stringify(artifact));
    const { status, stderr } = await runCli(["verify", at("changed.json")]);
    expect(status).toBe(1);
    expect(stderr).toContain(words);
  });
});
