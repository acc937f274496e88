/**
 * A study of `verify` for launcher policies: every number of real artifacts is changed by the least that is recorded, and
 * every other field in every way, one at a time. A change that still passes must be one that `FREE` names, with the
 * reason why nobody can tell.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseArtifact } from "../../src/artifact/artifact-format.js";
import { encodeServingProfile } from "../../src/profile/serving/serving-profile-format.js";
import { servingKeyOf } from "../../src/profile/serving/serving-profile-key.js";
import { loadModel } from "../../src/runtime/load-model.js";
import { servedModelLoader } from "../../src/verify/load-model-of-artifact.js";
import type { ServedModelLoader } from "../../src/verify/served-problem.js";
import { verifyLauncher } from "../../src/verify/verify-launcher.js";
import { type FieldKnowledge, fieldChanges, numberChanges } from "../support/field-changes.js";
import { SKIP_REASON } from "../support/onnx-runtime.js";
import { runCli } from "../support/run-cli.js";
import { servingProfile } from "../support/serving-profiles.js";
import { tinyModel } from "../support/tiny-model.js";

const folder = mkdtempSync(join(tmpdir(), "top-compile-policies-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Two products of one input that meet, or one after the other. */
function model(name: string, isForked: boolean): string {
  const path = join(folder, `${name}.onnx`);
  const dims = [256, 256];
  const second = isForked ? "x" : "a";
  writeFileSync(
    path,
    tinyModel({
      nodes: [
        { type: "MatMul", inputs: ["x", "w"], outputs: ["a"] },
        { type: "MatMul", inputs: [second, "w"], outputs: ["b"] },
        { type: "Add", inputs: ["a", "b"], outputs: ["y"] },
      ],
      inputs: [{ name: "x", dims }],
      outputs: [{ name: "y", dims }],
      weights: [{ name: "w", dims }],
    }),
  );
  return path;
}

/** Some milliseconds of requests, of every kind of process. */
function arrivals(name: string, models: readonly object[]): string {
  const path = join(folder, `${name}.json`);
  const head = { format: "top-compile/arrivals", version: 1, durationSeconds: 0.004 };
  writeFileSync(path, JSON.stringify({ ...head, models }));
  return path;
}

const KNOWLEDGE: FieldKnowledge = {
  words: {
    kind: ["gpu", "cpu", "constant", "poisson", "none", "newest", "oldest", "deadline"],
    role: ["model", "profile", "placement", "device", "arrivals"],
    source: ["measured", "estimated"],
    device: ["cpu", "cuda", "h200", "v100"],
    math: ["tf32", "ieee"],
    fuse: ["none", "elements", "patterns"],
  },
  extras: [
    [/^$/, "stages", []],
    [/^\/provenance\/options$/, "rate", ["chain=5"]],
    [/^\/provenance\/options$/, "dim", ["n=3"]],
    [/^\/provenance\/options$/, "batch", 2],
    [/^\/launcher\/models\/\d+$/, "shed", { kind: "none" }],
    [/^\/launcher\/regimes\/\d+\/policies\/\d+$/, "inFlight", 1],
    [/runs\/\d+$/, "stages", { ns: [5], threads: [1] }],
    [/runs\/\d+$/, "contention", [1]],
    [
      /runs\/\d+$/,
      "records",
      [{ sessions: 1, wakeNs: 0, tasks: 1, usualNs: [5], slowAt: [], slowNs: [] }],
    ],
  ],
};

interface FreeField {
  readonly where: RegExp;
  readonly change?: RegExp;
  readonly why: string;
}

const SAME = "nothing becomes another figure by it, on any sample";

/** Of policies for any device. */
const FREE: readonly FreeField[] = [
  {
    where: /^\/provenance\/tool$/,
    change: /^with an x/,
    why: "which tool wrote a file cannot be seen in it",
  },
  { where: /^\/provenance\/inputs$/, change: /swapped$/, why: "their order means nothing" },
  { where: /\/policies\/\d+\/models\/\d+\/(periodNs|concurrency)$/, why: SAME },
];

/** Of policies for a GPU. */
const FREE_OF_GPU: readonly FreeField[] = [
  ...FREE,
  {
    where: /^\/device\/costModel$/,
    why: "figures of another cost model are only compared with each other, which verify notes",
  },
  {
    where: /^\/provenance\/inputs\/2\/(name|sha256)$/,
    why: "of the arrivals, which are in the file",
  },
  { where: /\/models\/0$/, change: /^shed added/, why: "so are the rules that they declare" },
  { where: /\/shed\/0\/kind$/, change: /deadline/, why: "nor is it known whether all fall behind" },
  {
    where: /\/gapsNs$/,
    change: /swapped$/,
    why: "the first half of a trace is for training, of which nothing is recorded",
  },
  { where: /\/launches$/, change: /swapped$/, why: SAME },
];

/** Of policies for a CPU, whose models are not read. */
const FREE_OF_CPU: readonly FreeField[] = [
  ...FREE,
  {
    where: /^\/provenance\/inputs(\/\d+\/(name|sha256))?$/,
    why: "figures follow from the times in the file, whatever they were measured of",
  },
  {
    where: /^\/provenance\/options$/,
    change: /^dim added/,
    why: "so do they whatever its dims are",
  },
  { where: /\/objectiveNs$/, change: /^\d+$/, why: SAME },
  { where: /^\/device\/name$/, why: "the name of a measured device" },
  { where: /\/device\/memoryBytes$/, why: "the memory of the machine" },
  { where: /\/contention(\/\d+)?$/, why: "as many threads are never busy" },
  {
    where: /\/records(\/.*)?$/,
    why: "what was measured with so many sessions, threads or requests is of no policy in the file",
  },
  { where: /\/capacity\/prices\/\d+\/price$/, why: "prices prove the same at any height" },
];

/** Changes that one artifact takes, and those that pass. */
async function study(path: string) {
  const known = new Map<string, ReturnType<ServedModelLoader>>();
  const plain = servedModelLoader(path, folder);
  const load: ServedModelLoader = (artifact, at, batch) => {
    const { inputs, options } = artifact.provenance;
    const key = JSON.stringify([inputs, options["dim"], options["fuse"], at, batch]);
    const found = known.get(key) ?? plain(artifact, at, batch);
    known.set(key, found);
    return found;
  };
  const passes = async (document: unknown): Promise<boolean> => {
    const artifact = parseArtifact(JSON.stringify(document), path);
    return artifact.ok && (await verifyLauncher(artifact.value, path, load)).ok;
  };
  const original: unknown = JSON.parse(readFileSync(path, "utf8"));
  expect(await passes(original)).toBe(true);
  const passed: { readonly pointer: string; readonly what: string }[] = [];
  let count = 0;
  for (const changes of [
    numberChanges(original),
    fieldChanges(original, KNOWLEDGE, "no numbers"),
  ]) {
    for (const { pointer, what, document } of changes) {
      count++;
      if (await passes(document)) {
        passed.push({ pointer, what });
      }
    }
  }
  return { count, passed };
}

function expectOnly(found: Awaited<ReturnType<typeof study>>, free: readonly FreeField[]): void {
  const used = new Set<FreeField>();
  const missed: string[] = [];
  for (const { pointer, what } of found.passed) {
    // A quantile half-way between two recorded numbers may be either, but not both of its neighbors.
    const isHalfWay =
      /\/p\d+Ns$/.test(pointer) &&
      found.passed.filter((each) => each.pointer === pointer).length === 1;
    const reason = free.find(
      ({ where, change }) => where.test(pointer) && (change?.test(what) ?? true),
    );
    if (reason === undefined && !isHalfWay) {
      missed.push(`${pointer}: ${what}`);
    } else if (reason !== undefined) {
      used.add(reason);
    }
  }
  expect(missed).toEqual([]);
  // A reason that explains nothing is wrong.
  expect(free.filter((each) => !used.has(each)).map(({ where }) => String(where))).toEqual([]);
}

describe("every change of one field of policies is refused, or known to be free", () => {
  it("for a GPU by its data sheet", async () => {
    const models = [model("forked", true), model("chain", false)];
    writeFileSync(join(folder, "trace.txt"), "90\n110\n70\n130\n95\n105\n88\n99\n");
    const states = [
      { ratePerSecond: 20_000, meanMs: 0.5 },
      { ratePerSecond: 3000, meanMs: 1 },
    ];
    const file = arrivals("gpu", [
      { model: "forked", batches: [1], process: { kind: "mmpp", states } },
      {
        model: "chain",
        batches: [1],
        objectiveMs: 0.3,
        shed: { kind: "newest", queue: 9 },
        process: { kind: "trace", file: "trace.txt" },
      },
    ]);
    const out = join(folder, "gpu.policy.json");
    const argv = ["launch", ...models, "--arrivals", file, "--samples", "1", "-o", out];
    expect(await runCli([...argv, "--quiet"])).toMatchObject({ status: 0, stderr: "" });
    const found = await study(out);
    expect(found.count).toBeGreaterThan(1000);
    expectOnly(found, FREE_OF_GPU);
  });

  it.skipIf(SKIP_REASON !== undefined)("for a CPU", async () => {
    const path = model("forked", true);
    const loaded = await loadModel(path, { dims: new Map() });
    const key = loaded.ok ? await servingKeyOf(loaded.value, [1]) : loaded;
    const profile = join(folder, "profile.json");
    writeFileSync(profile, encodeServingProfile(servingProfile(key.ok ? { key: key.value } : {})));
    const process = { kind: "poisson", ratePerSecond: 9000 };
    const file = arrivals("cpu", [{ model: "forked", batches: [1], process }]);
    const out = join(folder, "cpu.policy.json");
    const argv = ["launch", path, "--arrivals", file, "--samples", "1", "-o", out];
    const more = ["--device", "cpu", "--profile", profile, "--quiet"];
    expect(await runCli([...argv, ...more])).toMatchObject({ status: 0, stderr: "" });
    const found = await study(out);
    expect(found.count).toBeGreaterThan(500);
    expectOnly(found, FREE_OF_CPU);
  });
});
