/**
 * The published JSON Schemas against the readers: on every single change of real documents both say
 * the same, but for what a schema cannot say (`BEYOND`), where the reader is the stricter one.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { parseArrivals } from "../../src/arrivals/arrivals-format.js";
import { parseArtifact } from "../../src/artifact/artifact-format.js";
import type { Result } from "../../src/core/result.js";
import { parseDeviceModel } from "../../src/cost/device-model.js";
import { H200 } from "../../src/cost/device-models/hopper.js";
import { parsePlacement } from "../../src/placement/parse-placement.js";
import { parseStageSpec } from "../../src/placement/stage-spec.js";
import { parseGpuProfile } from "../../src/profile/gpu/gpu-profile-format.js";
import { parseProfile } from "../../src/profile/profile-format.js";
import {
  encodeServingProfile,
  parseServingProfile,
} from "../../src/profile/serving/serving-profile-format.js";
import { fieldChanges } from "../support/field-changes.js";
import { KNOWLEDGE } from "../support/free-fields.js";
import { GPU_PROFILE } from "../support/gpu-profile.js";
import { arbitraryMutation, mutated } from "../support/mutate-json.js";
import { runCli } from "../support/run-cli.js";
import { servingProfile } from "../support/serving-profiles.js";

const folder = mkdtempSync(join(tmpdir(), "top-compile-schemas-"));
afterAll(() => rmSync(folder, { recursive: true }));

const STAGE_PLACEMENT = {
  format: "top-compile/stage-placement",
  version: 1,
  devices: [{ name: "a" }, { name: "b", speed: 2, memory: 1000 }],
  blocks: [
    { id: "x", devices: ["a"], operators: ["conv1", "relu"] },
    { id: "y", devices: ["a", "b"], operators: ["*"], efficiency: 0.5 },
  ],
};

const ARRIVALS = {
  format: "top-compile/arrivals",
  version: 1,
  durationSeconds: 10,
  seed: 3,
  models: [
    {
      model: "a",
      objectiveMs: 20,
      batches: [1, 2, 8],
      process: { kind: "poisson", ratePerSecond: 10 },
    },
    { model: "b", process: { kind: "constant", ratePerSecond: 2.5 } },
    {
      model: "c",
      process: {
        kind: "mmpp",
        states: [
          { ratePerSecond: 40, meanMs: 100 },
          { ratePerSecond: 0, meanMs: 300 },
        ],
      },
    },
    {
      model: "d",
      process: { kind: "diurnal", ratePerSecond: 5, swing: 0.5, periodSeconds: 3 },
    },
    { model: "e", process: { kind: "trace", file: "trace.txt" } },
  ],
};

type Parse = (text: string, file: string) => Result<unknown>;

/** Schema, reader, and where a document of that kind comes from. */
const KINDS: readonly (readonly [string, Parse, () => Promise<unknown>])[] = [
  ["arrivals", parseArrivals, async () => ARRIVALS],
  ["placement", parsePlacement, async () => read("fixtures/placements/m-4-infer.json")],
  [
    "profile",
    parseProfile,
    async () => read("fixtures/profiles/cpu-example/two-branch.profile.json"),
  ],
  ["gpu-profile", parseGpuProfile, async () => GPU_PROFILE],
  [
    "serving-profile",
    parseServingProfile,
    async () => JSON.parse(encodeServingProfile(servingProfile())),
  ],
  [
    "device-model",
    parseDeviceModel,
    async () => ({ format: "top-compile/device-model", version: 1, ...H200 }),
  ],
  ["stage-placement", parseStageSpec, async () => STAGE_PLACEMENT],
  ["schedule", parseArtifact, () => searched()],
];

function read(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}

async function searched(): Promise<unknown> {
  const out = join(folder, "s.json");
  const argv = ["search", "--shape", "v", "--devices", "2", "--memory", "2"];
  await runCli([...argv, "--micro-batches", "2", "-o", out, "--quiet"]);
  return read(out);
}

/** What no schema says: figures and names that depend on each other. */
const BEYOND: readonly RegExp[] = [
  /is not the (name of a device|id of a block)$/,
  /(is there already|occurs twice)$/,
  /^(goes from a block to itself|make a cycle: )/,
  /add up to \d+/,
  /must be a multiple of 32, the threads of a warp/,
  /must not be below (flops\/float32|launchGapNs)/,
  /must have \d+ numbers, the first of them 1$/,
  /must have (p10Ns <= medianNs <= p90Ns|low <= median <= high)/,
  /^must have sequential(-again)?, which everything is compared with$/,
  /^has [a-z-]+ \d+ times$/,
  /^must be (at least 1|1: it is compared with itself)$/,
  /which follows from the interval of sequential-again$/,
  /^sequential(-again)? is on one thread$/,
  /^are identical, and differ$/,
  /^(must be of 1 session and those of busy|usualNs must not descend|slowAt must ascend and be below tasks)$/,
  /^(slowNs must have a time for each position of slowAt|some tasks must be usual)$/,
  /^must be there exactly if /,
  /^(must be 1: a request may be alone|must be above the one before)$/,
  /^has no state with requests$/,
  /requests or changes of rate, more than \d+$/,
  /^must hold the (figure|sharing) used, /,
  /^must (ascend from a batch of 1|have every batch for each number of threads, )/,
  /^must (not descend|be in ascending order of sessions)$/,
];

describe("readers and schemas", () => {
  it.each(KINDS)("of a %s agree on every change of one field", async (name, parse, document) => {
    const schema = read(`docs/schema/${name}.schema.json`) as object;
    const conforms = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema);
    const original = await document();
    const different = new Set<string>();
    let refused = 0;
    const compare = (value: unknown, what: string): void => {
      const result = parse(JSON.stringify(value), "x.json");
      const isBeyond =
        !result.ok &&
        result.error.every(({ message }) => BEYOND.some((words) => words.test(message)));
      refused += result.ok ? 0 : 1;
      if (result.ok !== conforms(value) && !isBeyond) {
        const words = result.ok
          ? JSON.stringify(conforms.errors?.[0])
          : result.error.map(({ where, message }) => `${where}: ${message}`).join("; ");
        different.add(`${what} ${result.ok ? "is read" : "is refused"}: ${words}`);
      }
    };
    compare(original, "the original");
    for (const { document: changed, pointer, what } of fieldChanges(original, KNOWLEDGE)) {
      compare(changed, `${pointer}: ${what}`);
    }
    fc.assert(
      fc.property(arbitraryMutation, (mutation) => {
        compare(mutated(original, mutation), JSON.stringify(mutation).slice(0, 200));
      }),
      { numRuns: 300 },
    );
    expect(refused).toBeGreaterThan(100);
    expect([...different]).toEqual([]);
  });

  it.each(KINDS)("of a %s say of another version only that", async (_, parse, document) => {
    const original = (await document()) as { readonly version: number };
    const next = original.version + 1;
    const newer = parse(JSON.stringify({ ...original, version: next, addedLater: [] }), "x.json");
    expect(newer).toMatchObject({
      error: [
        {
          where: "x.json at /version",
          message: `version ${next}: this program reads version ${next - 1}; update top-compile`,
        },
      ],
    });
    expect(newer).toHaveProperty("error.length", 1);
  });

  it.each(KINDS)("of a %s refuse a field that they do not know", async (_, parse, document) => {
    const original = (await document()) as object;
    expect(parse(JSON.stringify({ ...original, addedLater: 1 }), "x.json")).toMatchObject({
      error: [{ where: "x.json at /addedLater", message: "unknown field" }],
    });
  });
});
