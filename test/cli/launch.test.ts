import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { encodeServingProfile } from "../../src/profile/serving/serving-profile-format.js";
import { servingKeyOf } from "../../src/profile/serving/serving-profile-key.js";
import { loadModel } from "../../src/runtime/load-model.js";
import { SKIP_REASON } from "../support/onnx-runtime.js";
import { runCli } from "../support/run-cli.js";
import { servingProfile } from "../support/serving-profiles.js";

const folder = mkdtempSync(join(tmpdir(), "top-compile-launch-"));
afterAll(() => rmSync(folder, { recursive: true }));

const TWO_BRANCH = "fixtures/models/two-branch.onnx";
const SMALL = "fixtures/models/small/unsorted.onnx";
const SQUEEZENET = "fixtures/models/squeezenet.onnx";

function arrivals(name: string, models: readonly object[], more: object = {}): string {
  const path = join(folder, name);
  const head = { format: "top-compile/arrivals", version: 1, durationSeconds: 1 };
  writeFileSync(path, JSON.stringify({ ...head, ...more, models }));
  return path;
}

const requests = (model: string, ratePerSecond: number, more: object = {}) => ({
  model,
  batches: [1, 2],
  process: { kind: "poisson", ratePerSecond },
  ...more,
});

interface Document {
  readonly seed: number;
  readonly best: string;
  readonly capacity: { readonly atMost: number; readonly attained: number };
  readonly models: readonly { readonly model: string; readonly batches: readonly number[] }[];
  readonly policies: readonly {
    readonly name: string;
    readonly models: readonly {
      readonly batch: number;
      readonly heldOut: { readonly goodput: { readonly mean: number; readonly half: number } };
    }[];
  }[];
}

async function launched(argv: readonly string[]): Promise<Document> {
  const { status, stdout, stderr } = await runCli(["launch", ...argv, "--json", "--quiet"]);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return JSON.parse(stdout) as Document;
}

async function refused(argv: readonly string[]): Promise<readonly string[]> {
  const { status, stderr } = await runCli(["launch", ...argv, "--quiet"]);
  return [`${status}`, ...[...stderr.matchAll(/error\[([a-z-]+)\]/g)].map((match) => match[1]!)];
}

describe("launch", () => {
  it("compares policies for two models on held-out requests, the same for the same seed", async () => {
    const file = arrivals("two.json", [
      requests("squeezenet", 400, { objectiveMs: 5 }),
      requests("two-branch", 200),
    ]);
    const argv = [SQUEEZENET, TWO_BRANCH, "--arrivals", file, "--samples", "2"];
    const document = await launched(argv);
    expect(await launched(argv)).toEqual(document);
    expect(document.policies.map(({ name }) => name)).toEqual(["fifo", "greedy", "static"]);
    expect(document.policies.map(({ name }) => name)).toContain(document.best);
    // This file fixes the first dim of its second model: no batches.
    expect(document.models.map(({ batches }) => batches)).toEqual([[1, 2], [1]]);
    expect(document.capacity.atMost).toBeGreaterThanOrEqual(document.capacity.attained);
    expect(document.capacity.attained).toBeGreaterThan(1);
    for (const { models } of document.policies) {
      // Far below capacity every request is in time: as many as arrive, give or take.
      expect(Math.abs(models[0]!.heldOut.goodput.mean - 400)).toBeLessThan(
        4 * Math.sqrt(400 / 1.8),
      );
    }
    const other = await launched([...argv, "--seed", "2"]);
    expect([document.seed, other.seed]).toEqual([1, 2]);
    expect(other.policies).not.toEqual(document.policies);
  });

  it("takes rates without a file, and the seed of a file", async () => {
    const rates = await launched([TWO_BRANCH, "--rate", "two-branch=50", "--samples", "1"]);
    expect(rates.models).toMatchObject([{ model: "two-branch", ratePerSecond: 50 }]);
    const file = arrivals("seeded.json", [requests("two-branch", 50)], { seed: 9 });
    const seeded = [TWO_BRANCH, "--arrivals", file, "--samples", "1"];
    expect((await launched(seeded)).seed).toBe(9);
    expect((await launched([...seeded, "--seed", "3"])).seed).toBe(3);
  });

  it("says when no policy can sustain the rates, and whose backlog grows", async () => {
    const file = arrivals("much.json", [requests("two-branch", 60_000)], { durationSeconds: 0.2 });
    const argv = ["launch", TWO_BRANCH, "--arrivals", file, "--samples", "2", "--quiet"];
    const { stdout, status } = await runCli(argv);
    expect(status).toBe(0);
    expect(stdout).toContain("Capacity: these rates are too high for any policy");
    expect(stdout.match(/the backlog of two-branch grows by/g)).toHaveLength(3);
  });

  it.skipIf(SKIP_REASON !== undefined)(
    "answers how many sessions with how many threads from a profile, the same bytes each time",
    async () => {
      const loaded = await loadModel(SMALL, { dims: new Map() });
      const key = loaded.ok ? await servingKeyOf(loaded.value, [1, 2]) : loaded;
      expect(key.ok).toBe(true);
      const profile = servingProfile(key.ok ? { key: key.value } : {});
      const path = join(folder, "small.profile.json");
      writeFileSync(path, encodeServingProfile(profile));
      const rates = arrivals("unsorted.json", [requests("unsorted", 1500)]);
      const argv = ["launch", SMALL, "--arrivals", rates, "--device", "cpu", "--profile", path];
      const run = await runCli([...argv, "--samples", "2", "--quiet"]);
      expect([run.stderr, run.status]).toEqual(["", 0]);
      expect(run.stdout).toMatch(
        /\nunsorted: [234] sessions with 1 thread each, (no batches|batches of up to 2)\.\n$/,
      );
      expect((await runCli([...argv, "--samples", "2", "--quiet"])).stdout).toBe(run.stdout);
      const other = ["launch", TWO_BRANCH, "--rate", "two-branch=5", "--device", "cpu"];
      const stale = await runCli([...other, "--profile", path, "--quiet"]);
      expect([stale.status, stale.stderr]).toEqual([1, expect.stringContaining("profile-stale")]);
    },
  );

  it("reports what it cannot serve", async () => {
    const copy = join(folder, "two-branch.onnx");
    writeFileSync(copy, readFileSync(TWO_BRANCH));
    const rate = ["--rate", "two-branch=5"];
    const file = arrivals("bad.json", [requests("two-branch", -5)]);
    const small = join(folder, "small.json");
    const { stdout } = await runCli(["--help"]);
    expect(stdout).toContain("launch");
    const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
      [[TWO_BRANCH], ["2", "arrivals-source"]],
      [
        [TWO_BRANCH, ...rate, "--arrivals", file],
        ["2", "arrivals-source"],
      ],
      [
        [TWO_BRANCH, ...rate, "--device", "cuda"],
        ["2", "launch-device-unsupported"],
      ],
      [
        [TWO_BRANCH, ...rate, "--profile", file],
        ["2", "option-not-applicable"],
      ],
      [
        [TWO_BRANCH, ...rate, "--device", "cpu", "--math", "ieee"],
        ["2", "option-not-applicable"],
      ],
      [
        [TWO_BRANCH, ...rate, "--device", "cpu", "--profile", file],
        ["1", "profile-invalid"],
      ],
      [
        [TWO_BRANCH, ...rate, "--device", "h2000"],
        ["2", "device-unknown"],
      ],
      [
        [TWO_BRANCH, copy, ...rate],
        ["1", "model-name-repeated"],
      ],
      [
        [TWO_BRANCH, "--rate", "two-brunch=5"],
        ["1", "arrivals-model-unknown", "arrivals-model-missing"],
      ],
      [
        [TWO_BRANCH, "--arrivals", file],
        ["1", "arrivals-invalid"],
      ],
      [
        [TWO_BRANCH, "--arrivals", small],
        ["1", "file-unreadable"],
      ],
      [
        ["none.onnx", "--rate", "none=5"],
        ["1", "model-unreadable"],
      ],
    ];
    for (const [argv, expected] of cases) {
      expect(await refused(argv), argv.join(" ")).toEqual(expected);
    }
    for (const value of ["two-branch", "two-branch=0", "two-branch=1e9", "=5", "two-branch=-1"]) {
      const { status } = await runCli(["launch", TWO_BRANCH, "--rate", value]);
      expect(status, value).toBe(2);
    }
  });
});
