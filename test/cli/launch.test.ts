import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { drawArrivals } from "../../src/arrivals/draw-arrivals.js";
import { readArrivals } from "../../src/arrivals/read-arrivals.js";
import { encodeTrace } from "../../src/arrivals/trace.js";
import type { ArtifactAdaptive } from "../../src/artifact/adaptive-policy.js";
import type { ScheduleArtifact } from "../../src/artifact/artifact.js";
import { parseArtifact } from "../../src/artifact/artifact-format.js";
import type { ArtifactRegime, LauncherSection } from "../../src/artifact/launcher-section.js";
import { policyDigest } from "../../src/artifact/policy-digest.js";
import { H200 } from "../../src/cost/device-models/hopper.js";
import { encodeServingProfile } from "../../src/profile/serving/serving-profile-format.js";
import { servingKeyOf } from "../../src/profile/serving/serving-profile-key.js";
import { loadModel } from "../../src/runtime/load-model.js";
import { POLICY_NAMES } from "../../src/schedule/serving/policy-names.js";
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

/** Where the policies of a test go. */
const OUT = join(folder, "policy.json");

async function launched(argv: readonly string[]): Promise<ScheduleArtifact> {
  const run = await runCli(["launch", ...argv, "--json", "--quiet", "-o", OUT]);
  expect(run.stderr).toBe("");
  expect(run.status).toBe(0);
  expect(run.stdout).toBe(readFileSync(OUT, "utf8"));
  const artifact = parseArtifact(run.stdout, OUT);
  expect(artifact.ok).toBe(true);
  return artifact.ok ? artifact.value : expect.unreachable();
}

async function refused(argv: readonly string[]): Promise<readonly string[]> {
  const { status, stderr } = await runCli(["launch", ...argv, "--quiet", "-o", OUT]);
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
    const { models, regimes, heldOutSamples, durationNs } = document.launcher!;
    expect([heldOutSamples, durationNs]).toEqual([2, 1e9]);
    const [{ policies, best, capacity, ratesPerSecond }] = regimes as [ArtifactRegime];
    expect(policies.map(({ name }) => name)).toEqual(POLICY_NAMES);
    // Each model as Opara would ship it: this one has the same two streams under the name `narrow`.
    expect(policies[2]!.models.map(({ variant }) => variant)).toEqual(["opara", "narrow"]);
    expect(policies.map(({ name }) => name)).toContain(best);
    expect(ratesPerSecond).toEqual([400, 200]);
    // This file fixes the first dim of its second model: no batches.
    const batches = models.map(({ variants: [variant] }) => variant!.runs.map((run) => run.batch));
    expect(batches).toEqual([[1, 2], [1]]);
    expect(models.map(({ objectiveNs }) => objectiveNs)[0]).toBe(5e6);
    expect(capacity.atMost).toBeGreaterThan(1);
    for (const { heldOut } of policies) {
      // Far below capacity every request is in time: as many as arrive, give or take.
      const goodput = heldOut.models[0]!.goodput.mean;
      expect(Math.abs(goodput - 400)).toBeLessThan(4 * Math.sqrt(400 / 1.8));
    }
    const { provenance } = document;
    expect(provenance.inputs.map(({ role }) => role)).toEqual(["model", "model", "arrivals"]);
    const other = await launched([...argv, "--seed", "2"]);
    expect([provenance.seed, other.provenance.seed]).toEqual([1, 2]);
    expect(other.launcher!.regimes).not.toEqual(regimes);
  });

  it("takes rates without a file, and the seed of a file", async () => {
    const rates = await launched([TWO_BRANCH, "--rate", "two-branch=50", "--samples", "1"]);
    expect(rates.launcher!.models).toMatchObject([
      { model: "two-branch", arrivals: { kind: "poisson", ratePerSecond: 50 } },
    ]);
    expect(rates.provenance.options).toMatchObject({ rate: ["two-branch=50"], samples: 1 });
    const file = arrivals("seeded.json", [requests("two-branch", 50)], { seed: 9 });
    const seeded = [TWO_BRANCH, "--arrivals", file, "--samples", "1"];
    expect((await launched(seeded)).provenance.seed).toBe(9);
    expect((await launched([...seeded, "--seed", "3"])).provenance.seed).toBe(3);
  });

  it("makes policies for several rates at once, each as it would alone", async () => {
    const rate = (n: number) => [TWO_BRANCH, "--rate", `two-branch=${n}`, "--samples", "1"];
    const both = (await launched([...rate(400), "--rates-scale", "1,0.5"])).launcher!.regimes;
    expect(both.map(({ scale, ratesPerSecond }) => [scale, ...ratesPerSecond])).toEqual([
      [0.5, 200],
      [1, 400],
    ]);
    const half = (await launched(rate(200))).launcher!.regimes;
    const whole = (await launched(rate(400))).launcher!.regimes;
    expect(both).toEqual([{ ...half[0], scale: 0.5 }, whole[0]]);
  });

  it("saves no trace over one that it reads", async () => {
    const recorded = join(folder, "recorded.txt");
    writeFileSync(recorded, "100\n120\n90\n110\n");
    const process = { kind: "trace", file: "recorded.txt" };
    const file = arrivals("recorded.json", [requests("two-branch", 0, { process })]);
    const argv = ["launch", TWO_BRANCH, "--arrivals", file, "--save-trace", recorded, "--force"];
    const run = await runCli(argv);
    expect(run.stderr).toContain("error[output-is-input]");
    expect(readFileSync(recorded, "utf8")).toBe("100\n120\n90\n110\n");
  });

  it("saves the first held-out sample as traces, a file for each model", async () => {
    const constant = { kind: "constant", ratePerSecond: 50 };
    const file = arrivals("saved.json", [
      requests("two-branch", 50),
      requests("squeezenet", 0, { process: constant }),
    ]);
    const argv = [TWO_BRANCH, SQUEEZENET, "--arrivals", file, "--samples", "1"];
    const trace = join(folder, "saved.txt");
    await launched([...argv, "--save-trace", trace]);
    const workload = readArrivals(file);
    const sample = { seed: 1, purpose: "held-out", episode: 0 } as const;
    const drawn = workload.ok ? drawArrivals(workload.value, sample) : [];
    for (const [at, name] of ["two-branch", "squeezenet"].entries()) {
      const text = readFileSync(join(folder, `saved.${name}.txt`), "utf8");
      expect(text).toBe(encodeTrace(drawn[at]!));
      expect(text).toMatch(/^(\d+\n)+$/);
    }
    expect(readFileSync(join(folder, "saved.squeezenet.txt"), "utf8").split("\n")[1]).toBe("20000");
  });

  it("records traces, and writes beside the first model unless told otherwise", async () => {
    const model = join(folder, "mine.onnx");
    writeFileSync(model, readFileSync(TWO_BRANCH));
    writeFileSync(join(folder, "trace.txt"), "4000\n2000\n9000\n5000\n");
    const traced = [{ model: "mine", process: { kind: "trace", file: "trace.txt" } }];
    const argv = ["launch", model, "--arrivals", arrivals("traced.json", traced), "--samples", "1"];
    const { stdout } = await runCli([...argv, "--quiet"]);
    const written = join(folder, "mine.policy.json");
    expect(stdout).toContain(`wrote   ${written}`);
    const artifact = parseArtifact(readFileSync(written, "utf8"), written);
    expect(artifact.ok && artifact.value.launcher!.models[0]!.arrivals).toEqual({
      kind: "trace",
      gapsNs: [4e6, 2e6, 9e6, 5e6],
    });
    const over = await runCli([...argv, "-o", join(folder, "traced.json"), "--force", "--quiet"]);
    expect([over.status, over.stderr]).toEqual([2, expect.stringContaining("output-is-input")]);
  });

  it("says when no policy can sustain the rates, and whose backlog grows", async () => {
    const file = arrivals("much.json", [requests("two-branch", 60_000)], { durationSeconds: 0.2 });
    const argv = ["launch", TWO_BRANCH, "--arrivals", file, "--samples", "2", "--quiet", "-o", OUT];
    const { stdout, status } = await runCli(argv);
    expect(status).toBe(0);
    expect(stdout).toContain("Capacity: these rates are too high for any policy");
    expect(stdout).toContain("Refused: requests that cannot be answered within their objective.");
    expect(stdout).not.toContain("grows by");
    expect(stdout).toContain("refused");
    const needs =
      /A window of \d tasks .*takes \d+ us; .*\nThe rates need one every [\d.]+ us: they are not sustained\./;
    expect(stdout).toMatch(needs);
    const verified = await runCli(["verify", OUT, "--model", "fixtures/models", "--quiet"]);
    expect([verified.status, verified.stderr]).toEqual([0, ""]);
  });

  it("refuses nothing where the arrivals say so, and says whose backlog grows", async () => {
    const models = [requests("two-branch", 60_000, { shed: { kind: "none" } })];
    const file = arrivals("none.json", models, { durationSeconds: 0.2 });
    const argv = ["launch", TWO_BRANCH, "--arrivals", file, "--samples", "2", "--quiet", "-o", OUT];
    const { stdout, status } = await runCli(argv);
    expect(status).toBe(0);
    expect(stdout).not.toContain("efused");
    expect(stdout.match(/the backlog of two-branch grows by/g)).toHaveLength(6);
    const artifact = parseArtifact(readFileSync(OUT, "utf8"), OUT);
    expect(artifact.ok).toBe(true);
    const { shed, policies } = (artifact.ok ? artifact.value : expect.unreachable()).launcher!
      .regimes[0]!;
    expect(shed).toEqual([{ kind: "none" }]);
    expect(policies[0]!.heldOut.models[0]!.shed).toEqual({ mean: 0, half: 0 });
  });

  it("refuses by the rule of the arrivals", async () => {
    const models = [requests("two-branch", 60_000, { shed: { kind: "newest", queue: 7 } })];
    const file = arrivals("newest.json", models, { durationSeconds: 0.1 });
    const argv = [TWO_BRANCH, "--arrivals", file, "--samples", "2"];
    const { models: served, regimes } = (await launched(argv)).launcher!;
    expect(regimes[0]!.shed).toEqual([{ kind: "newest", queue: 7 }]);
    expect(served[0]!.shed).toEqual({ kind: "newest", queue: 7 });
    expect(regimes[0]!.policies[0]!.heldOut.models[0]!.shed.mean).toBeGreaterThan(0.5);
    const { stdout } = await runCli(["launch", ...argv, "--quiet", "-o", OUT]);
    expect(stdout).toContain("Refused: requests that arrive while 7 others wait.");
  });

  it("writes what verify accepts, and nothing else", async () => {
    const file = arrivals("both.json", [requests("two-branch", 300), requests("squeezenet", 100)]);
    const argv = [TWO_BRANCH, SQUEEZENET, "--arrivals", file, "--samples", "2"];
    const artifact = await launched([...argv, "--rates-scale", "0.5,1"]);
    const verify = (path: string) =>
      runCli(["verify", path, "--model", "fixtures/models", "--quiet"]);
    expect(await verify(OUT)).toMatchObject({
      status: 0,
      stderr: "",
      stdout: expect.stringContaining("valid: 12 policies for 2 models at 2 rates"),
    });
    // One line for each kind of work where there is no terminal.
    const watched = await runCli(["verify", OUT, "--model", "fixtures/models"]);
    expect(watched.stderr.split("\n")).toEqual([
      "checking the schedules of two-branch",
      "simulating samples again",
      "",
    ]);
    const text = JSON.stringify({ format: "top-compile/schedule", version: 1, ...artifact });
    const edited = join(folder, "edited.json");
    const place = /"p99Ns":(\d+)/;
    const other = text.replace(place, (_, digits) => `"p99Ns":${Number(digits) + 1000}`);
    expect(other).not.toBe(text);
    writeFileSync(edited, other);
    const explained = await runCli(["explain", OUT, "--ascii"]);
    expect(explained).toMatchObject({ status: 0, stderr: "" });
    expect(explained.stdout).toMatch(
      /merged at 0\.50 times the rates\nA window of \d+ tasks .*\nThe rates need one every .*: they are sustained\./,
    );
    const bars = (label: string) =>
      [...explained.stdout.matchAll(new RegExp(`^${label} +(#+) `, "gm"))].map(
        ([, bar]) => bar!.length,
      );
    // Of three charts against load, each for the given rate and half of it: more requests, longer bars.
    const [half, whole] = [bars("150/s"), bars("300/s")];
    expect([half.length, whole.length]).toEqual([3, 3]);
    expect(whole[0]).toBeGreaterThan(half[0]!);
    const json = JSON.parse((await runCli(["explain", OUT, "--json"])).stdout);
    expect(json.models.map(({ model }: { model: string }) => model)).toEqual([
      "two-branch",
      "squeezenet",
    ]);
    const [{ concurrency }] = json.models as [{ concurrency: { perSecond: number[] }[] }];
    expect(concurrency[0]!.perSecond).toHaveLength(8);
    // Two tasks next to each other are not slower than one, and at most twice as fast.
    const [one, two] = concurrency[0]!.perSecond as [number, number];
    expect(two).toBeGreaterThanOrEqual(one * 0.999);
    expect(two).toBeLessThanOrEqual(one * 2.001);
    // A part begins behind a stage that uses nothing, and the one before that uses something.
    const shifted = text.replace(/"pipeline":\[0,(\d+)/, (_, from) => `"pipeline":[0,${from - 1}`);
    expect(shifted).not.toBe(text);
    const early = join(folder, "early.json");
    writeFileSync(early, shifted);
    expect((await verify(early)).stderr).toContain("a part that begins while something");
    const refusal = await verify(edited);
    expect([refusal.status, refusal.stderr]).toEqual([
      1,
      expect.stringContaining("schedule-broken"),
    ]);
    expect(refusal.stderr).toContain("compare the policies again, with top-compile launch");
  });

  it("learns launchers beside the policies, which verify evaluates by itself", async () => {
    const process = {
      kind: "mmpp",
      states: [
        { ratePerSecond: 60_000, meanMs: 5 },
        { ratePerSecond: 5_000, meanMs: 10 },
      ],
    };
    const file = arrivals("bursts.json", [requests("two-branch", 1, { process, objectiveMs: 1 })], {
      durationSeconds: 0.2,
    });
    const argv = [TWO_BRANCH, "--arrivals", file, "--samples", "2", "--train-steps", "160"];
    const artifact = await launched(argv);
    const text = readFileSync(OUT, "utf8");
    const [{ policies, best }] = artifact.launcher!.regimes as readonly [ArtifactRegime];
    const names = policies.map(({ name }) => name);
    const learnedNames = ["cross-entropy", "maddpg", "reactive"];
    expect(names.slice(-3)).toEqual(learnedNames);
    expect(names).toContain(best);
    for (const { name, adaptive } of policies) {
      expect(adaptive !== undefined, name).toBe(learnedNames.includes(name));
    }
    expect(artifact.provenance.options["train-steps"]).toBe(160);
    const verify = (path: string) =>
      runCli(["verify", path, "--model", "fixtures/models", "--quiet"]);
    const verified = await verify(OUT);
    expect([verified.stderr, verified.status]).toEqual(["", 0]);
    expect(verified.stdout).toMatch(/ (\d+) of \1 samples/);
    expect((await runCli(["explain", OUT, "--ascii"])).status).toBe(0);
    const edited = join(folder, "edited-launcher.json");
    for (const learned of learnedNames.keys()) {
      const other = JSON.parse(text) as { launcher: LauncherSection };
      const policy = other.launcher.regimes[0]!.policies.at(learned - 3)!;
      // Another table, networks of other parameters, or another reaction do not have these figures.
      Object.assign(policy.adaptive!, otherThan(policy.adaptive!));
      Object.assign(policy, { digest: policyDigest(policy) });
      writeFileSync(edited, JSON.stringify(other));
      const refusal = await verify(edited);
      expect([refusal.status, refusal.stderr]).toEqual([
        1,
        expect.stringContaining("schedule-broken"),
      ]);
    }
    await launched(argv);
    expect(readFileSync(OUT, "utf8")).toBe(text);
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
      const more = ["--samples", "2", "--quiet", "-o", OUT];
      const run = await runCli([...argv, ...more]);
      expect([run.stderr, run.status]).toEqual(["", 0]);
      expect(run.stdout).toMatch(
        /\nunsorted: [234] sessions with 1 thread each, (no batches|batches of up to 2)\.\n/,
      );
      expect(run.stdout).toContain("No opara, ios, merged: a CPU has sessions, no schedules");
      const written = readFileSync(OUT, "utf8");
      expect((await runCli([...argv, ...more])).stdout).toBe(run.stdout);
      expect(readFileSync(OUT, "utf8")).toBe(written);
      const verified = await runCli(["verify", OUT, "--quiet"]);
      expect([verified.stderr, verified.status]).toEqual(["", 0]);
      // Three policies, each on at least three validation samples and two held-out ones.
      const [, samples] = /(\d+) of \1 samples simulated again/.exec(verified.stdout) ?? [];
      expect(Number(samples)).toBeGreaterThanOrEqual(15);
      const other = ["launch", TWO_BRANCH, "--rate", "two-branch=5", "--device", "cpu", "-o", OUT];
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
    // Shorter than one request alone takes on any device.
    const hasty = arrivals("hasty.json", [requests("two-branch", 5, { objectiveMs: 0.001 })]);
    const tiny = join(folder, "tiny.json");
    const head = { format: "top-compile/device-model", version: 1 };
    writeFileSync(tiny, JSON.stringify({ ...head, ...H200, memoryBytes: 1 << 20 }));
    writeFileSync(join(folder, "bad.txt"), "5\n1e3\n-7\n6\n");
    const garbage = arrivals("garbage.json", [
      { model: "two-branch", process: { kind: "trace", file: "bad.txt" } },
    ]);
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
        [TWO_BRANCH, "--rate", "two-branch=9000", "--rates-scale", "1,90"],
        ["1", "arrivals-invalid"],
      ],
      [
        [TWO_BRANCH, "--arrivals", hasty],
        ["1", "objective-impossible"],
      ],
      [
        [TWO_BRANCH, ...rate, "--device", tiny],
        ["1", "models-exceed-memory"],
      ],
      [
        [TWO_BRANCH, "--arrivals", garbage],
        ["1", "trace-invalid", "trace-invalid"],
      ],
      [
        [TWO_BRANCH, ...rate, "--save-trace", file],
        ["1", "file-exists"],
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
    // Of two rates neither is what was meant, the same twice or not.
    for (const again of ["two-branch=6", "two-branch=5"]) {
      const run = await runCli(["launch", TWO_BRANCH, ...rate, "--rate", again]);
      expect([run.status, run.stderr]).toEqual([
        2,
        expect.stringContaining("two-branch is 5 already"),
      ]);
    }
    const dims = await runCli(["launch", TWO_BRANCH, ...rate, "--dim", "n=2", "--dim", "n=3"]);
    expect([dims.status, dims.stderr]).toEqual([2, expect.stringContaining("n is 2 already")]);
    // As many as in a file: a million a second are too many for ten seconds, and not for the option.
    expect(await refused([TWO_BRANCH, "--rate", "two-branch=1000000"])).toEqual([
      "1",
      "arrivals-invalid",
    ]);
    expect((await runCli(["launch", TWO_BRANCH, "--rate", "two-branch=1000001"])).status).toBe(2);
    for (const value of ["", "0", "1,,2", "-1", "1e3", "5000", "a"]) {
      const argv = ["launch", TWO_BRANCH, ...rate, "--rates-scale", value];
      expect((await runCli(argv)).status, value).toBe(2);
    }
  });
});

/** Parts of a launcher that are not its own. */
function otherThan(adaptive: ArtifactAdaptive): object {
  switch (adaptive.kind) {
    case "regimes": {
      const models = adaptive.rows.map(({ models: [knobs] }) => {
        return { ...knobs, periodNs: 900_000 };
      });
      return { rows: [{ ratesPerSecond: [1], models: models.slice(0, 1) }] };
    }
    case "learned":
      return { launcher: adaptive.launcher.replaceAll("A", "B") };
    default:
      return {
        models: adaptive.models.map((own) => ({ ...own, atLeast: 100, busy: 0, holdNs: 900_000 })),
      };
  }
}
