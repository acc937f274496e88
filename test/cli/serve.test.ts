import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drawArrivals } from "../../src/arrivals/draw-arrivals.js";
import { readArrivals } from "../../src/arrivals/read-arrivals.js";
import { parseTrace } from "../../src/arrivals/trace.js";
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

  it("serves under the policy of a file, for the regime of the requests, and saves them as a trace", async () => {
    const policies = join(folder, "policies.json");
    const trace = join(folder, "trace.txt");
    const launched = ["launch", MODEL, "--arrivals", arrivals, "--device", "cpu"];
    const more = ["--profile", profile, "--rates-scale", "0.5,1", "--samples", "1", "-o", policies];
    expect(await runCli([...launched, ...more, "--quiet"])).toMatchObject({ status: 0 });
    const serve = ["run", policies, "--model", "fixtures/models/small", "--quiet", "--json"];
    const whole = await runCli([...serve, "--save-trace", trace]);
    expect([whole.stderr, whole.status]).toEqual(["", 0]);
    const document = JSON.parse(whole.stdout);
    const { launcher } = JSON.parse(readFileSync(policies, "utf8"));
    const [low, high] = launcher.regimes;
    expect(document).toMatchObject({ policy: high.best, scale: 1, seed: 1, traces: [trace] });
    const own = high.policies.find(({ name }: { name: string }) => name === high.best).models[0];
    const { batch, concurrency, periodNs } = own;
    expect(document.models[0].policy).toMatchObject({ batch, concurrency, periodNs });
    expect(document.models[0].variant).toBe(own.variant);
    expect(document.models[0].measured.requests).toBe(document.models[0].predicted.requests);
    // What is written is what was served: the first held-out sample, to the microsecond.
    const workload = readArrivals(arrivals);
    const sample = { seed: 1, purpose: "held-out", episode: 0 } as const;
    const [drawn] = workload.ok ? drawArrivals(workload.value, sample) : [];
    const read = parseTrace(readFileSync(trace, "utf8"), trace);
    let now = 0;
    const times = read.ok ? Array.from(read.value, (gap) => (now += gap)) : [];
    expect(times).toEqual(Array.from(drawn!, (time) => 1000 * Math.round(time / 1000)));
    const half = ["--rate", "unsorted=160", "--duration", "0.5", "--policy", "fifo"];
    const other = JSON.parse((await runCli([...serve, ...half])).stdout);
    expect(other).toMatchObject({ policy: "fifo", scale: low.scale });
    const nowhere = join(folder, "none", "trace.txt");
    const refusals: readonly (readonly [readonly string[], string])[] = [
      [[...serve, "--threads", "2"], "option-not-applicable"],
      [[...serve, "--profile", profile], "option-not-applicable"],
      [[...serve, "--rate", "unsorted=5", "--arrivals", arrivals], "serving-file"],
      [[...serve, "--rate", "other=5"], "arrivals-model-unknown"],
      [[...serve, "--save-trace", arrivals], "file-exists"],
      [[...serve, "--save-trace", policies, "--force"], "output-is-input"],
      // Said before models are read.
      [
        ["run", policies, "--model", join(folder, "none"), "--save-trace", nowhere],
        "file-unwritable",
      ],
      [[...serve, "--duration", "1000000"], "arrivals-invalid"],
      [["run", arrivals, "--rate", "a=5", "--quiet", "--json"], "artifact-"],
    ];
    for (const [line, code] of refusals) {
      const run = await runCli(line);
      expect(run.stderr + run.stdout, line.join(" ")).toContain(code);
      expect([1, 2]).toContain(run.status);
    }
    // A policy that the file does not have; a figure that contradicts another.
    const document2 = JSON.parse(readFileSync(policies, "utf8"));
    document2.launcher.regimes[1].best = "greedier";
    writeFileSync(policies, JSON.stringify(document2));
    const wrong = await runCli([...serve]);
    expect([wrong.status, wrong.stdout + wrong.stderr]).toEqual([
      1,
      expect.stringContaining("schedule-broken"),
    ]);
  });

  it("does not serve under a learned policy, but under the others of its file", async () => {
    const policies = join(folder, "learned.json");
    const launched = ["launch", MODEL, "--arrivals", arrivals, "--device", "cpu"];
    const more = ["--profile", profile, "--train-steps", "16", "--samples", "1", "-o", policies];
    expect(await runCli([...launched, ...more, "--quiet"])).toMatchObject({ status: 0 });
    const verified = await runCli([
      "verify",
      policies,
      "--model",
      "fixtures/models/small",
      "--quiet",
    ]);
    expect([verified.stderr, verified.status]).toEqual(["", 0]);
    const serve = ["run", policies, "--model", "fixtures/models/small", "--quiet"];
    const run = await runCli([...serve, "--policy", "maddpg"]);
    expect([run.status, run.stderr]).toEqual([1, expect.stringContaining("policy-changes")]);
    expect(run.stderr).toContain("--policy: fifo, greedy, static");
  });

  it("does not serve under policies for a GPU", async () => {
    const policies = join(folder, "gpu.json");
    const rate = ["--rate", "two-branch=50", "--samples", "1"];
    const made = ["launch", "fixtures/models/two-branch.onnx", ...rate, "-o", policies];
    expect(await runCli([...made, "--quiet"])).toMatchObject({ status: 0 });
    const run = await runCli(["run", policies, "--model", "fixtures/models", "--quiet"]);
    expect([run.status, run.stderr]).toEqual([1, expect.stringContaining("policy-not-for-cpu")]);
  });

  it("reports what it cannot serve", async () => {
    const cases: readonly (readonly [readonly string[], string])[] = [
      [[...argv, "--threads", "7"], "threads-not-measured"],
      [[...argv, "--batch", "64"], "batch-not-served"],
      [[...argv, "--policy", "fifo", "--batch", "1"], "serving-file"],
      [[...argv, "--rate", "unsorted=5"], "serving-file"],
      [["run", MODEL, MODEL], "serving-file"],
      [["run", MODEL, "--rate", "other=5", "--profile", profile], "arrivals-model-unknown"],
      // Said before anything is measured or chosen.
      [
        ["run", "none.onnx", "--rate", "none=5", "--save-trace", join(folder, "none", "trace.txt")],
        "file-unwritable",
      ],
      [["run", "none.onnx", "--rate", "none=50", "--duration", "1000000"], "arrivals-invalid"],
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
