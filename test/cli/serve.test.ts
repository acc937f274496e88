import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeServingProfile } from "../../src/profile/serving/serving-profile-format.js";
import { servingKeyOf } from "../../src/profile/serving/serving-profile-key.js";
import { loadModel } from "../../src/runtime/load-model.js";
import { SKIP_REASON } from "../support/onnx-runtime.js";
import { runCli } from "../support/run-cli.js";
import { servingProfile } from "../support/serving-profiles.js";

const MODEL = "fixtures/models/small/unsorted.onnx";
const folder = mkdtempSync(join(tmpdir(), "top-compile-serve-"));
const profile = join(folder, "profile.json");
const arrivals = join(folder, "arrivals.json");
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(async () => {
  const loaded = await loadModel(MODEL, { dims: new Map() });
  const key = loaded.ok ? await servingKeyOf(loaded.value, [1, 2]) : loaded;
  writeFileSync(profile, encodeServingProfile(servingProfile(key.ok ? { key: key.value } : {})));
  writeFileSync(
    arrivals,
    JSON.stringify({
      format: "top-compile/arrivals",
      version: 1,
      durationSeconds: 1,
      models: [
        {
          model: "unsorted",
          batches: [1, 2],
          process: { kind: "poisson", ratePerSecond: 300 },
        },
      ],
    }),
  );
});

interface Document {
  readonly policy: string;
  readonly models: readonly {
    readonly model: string;
    readonly variant: string;
    readonly policy: { readonly batch: number; readonly concurrency: number };
    readonly predicted: { readonly requests: number };
    readonly measured: { readonly requests: number };
  }[];
  readonly answers: { readonly compared: number; readonly largest: number };
  readonly cut?: string;
}

const argv = ["run", MODEL, "--arrivals", arrivals, "--profile", profile];

describe.skipIf(SKIP_REASON !== undefined)("run with requests", () => {
  it.each([
    [["--sessions", "3", "--threads", "2"], "by hand", { concurrency: 3 }],
    [["--policy", "fifo"], "fifo", { concurrency: 1, batch: 1 }],
  ] as const)("answers all of them, rightly: %j", async (options, policy, wanted) => {
    const run = await runCli([...argv, ...options, "--json", "--quiet"]);
    expect([run.stderr, run.status]).toEqual(["", 0]);
    const document = JSON.parse(run.stdout) as Document;
    expect(document.policy).toBe(policy);
    expect(document.cut).toBeUndefined();
    const [model] = document.models;
    expect(model).toMatchObject({ model: "unsorted", policy: wanted });
    // The same requests in the same span.
    expect(model!.measured.requests).toBe(model!.predicted.requests);
    expect(model!.measured.requests).toBeGreaterThan(100);
    expect(document.answers.compared).toBeGreaterThan(50);
    expect(document.answers.largest).toBeLessThan(1e-3);
  });

  it("prints predicted and measured figures side by side", async () => {
    const options = ["--sessions", "2", "--duration", "0.5", "--width", "80", "--quiet"];
    const run = await runCli([...argv, ...options]);
    expect([run.stderr, run.status]).toEqual(["", 0]);
    expect(run.stdout).toMatch(/^Policy: by hand\.\n\nunsorted: 2 sessions with 1 thread each, /);
    expect(run.stdout).toMatch(/\n +predicted +measured +ratio\n/);
    expect(run.stdout).toMatch(/\nCounted: \d+ requests of 0\.45 s\.\n/);
  });

  it("reports what it cannot serve", async () => {
    const cases: readonly (readonly [readonly string[], string])[] = [
      [[...argv, "--threads", "7"], "threads-not-measured"],
      [[...argv, "--batch", "64"], "batch-not-served"],
      [[...argv, "--policy", "fifo", "--batch", "1"], "serving-file"],
      [[...argv, "--rate", "unsorted=5"], "serving-file"],
      [["run", MODEL, MODEL], "serving-file"],
      [["run", MODEL, "--rate", "other=5", "--profile", profile], "arrivals-model-unknown"],
      [[...argv, "--rounds", "10"], "option-not-applicable"],
    ];
    for (const [line, code] of cases) {
      const run = await runCli([...line, "--quiet"]);
      expect(run.stdout, line.join(" ")).toBe("");
      expect(run.stderr, line.join(" ")).toContain(`error[${code}]`);
      expect([1, 2]).toContain(run.status);
    }
  });
});
