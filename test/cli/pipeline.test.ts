import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SKIP_REASON } from "../support/onnx-runtime.js";
import { runCli } from "../support/run-cli.js";
import { branchingModel } from "../support/tiny-model.js";

const MODEL = "fixtures/models/two-branch.onnx";
const PROFILE = "fixtures/profiles/cpu-example/two-branch.profile.json";
const RECORDED = ["--profile", PROFILE, "--quiet"] as const;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "top-compile-pipeline-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function at(name: string): string {
  return join(folder, name);
}

/** Writes a value as JSON and gives its path. */
function json(name: string, value: unknown): string {
  writeFileSync(at(name), JSON.stringify(value));
  return at(name);
}

// biome-ignore lint/suspicious/noExplicitAny: JSON of any shape
async function compiled(name: string, ...argv: readonly string[]): Promise<any> {
  const run = await runCli([MODEL, ...RECORDED, "-o", at(name), ...argv]);
  expect(run).toMatchObject({ status: 0, stderr: "" });
  return JSON.parse(readFileSync(at(name), "utf8"));
}

function schemaOf(kind: string) {
  const schema = JSON.parse(readFileSync(`docs/schema/${kind}.schema.json`, "utf8"));
  return new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema);
}

const BY_HAND = {
  format: "top-compile/stage-placement",
  version: 1,
  devices: [{ name: "left" }, { name: "right", speed: 2 }],
  blocks: [
    { id: "rest", devices: ["right"], operators: ["*MatMul_1?", "*MatMul_2?", "*"] },
    { id: "first", devices: ["left"], operators: ["OPERATOR_0"] },
  ],
};

describe("compile --devices", () => {
  it("gives the same bytes twice, which conform, verify and explain", async () => {
    await compiled("one.json", "--devices", "2");
    const artifact = await compiled("two.json", "--devices", "2");
    expect(readFileSync(at("one.json"), "utf8")).toBe(readFileSync(at("two.json"), "utf8"));
    const conforms = schemaOf("schedule");
    expect(conforms(artifact), JSON.stringify(conforms.errors)).toBe(true);
    expect(artifact.stages.length).toBe(2);
    const { placement } = artifact.pipeline;
    expect(placement.blocks.map((block: { id: string }) => block.id)).toEqual(["s0", "s1"]);
    const verified = await runCli(["verify", at("one.json"), "--model", MODEL]);
    expect(verified).toMatchObject({ status: 0, stderr: "" });
    expect(verified.stdout).toContain("2 stages, every operator of the model in one");
    const explained = await runCli(["explain", at("one.json")]);
    expect(explained.stdout).toMatch(/^stage .* from +to$/m);
  });

  it("is what partition and search give one after the other", async () => {
    const whole = await compiled("whole.json", "--devices", "3");
    const placement = at("three.placement.json");
    const cut = await runCli(["partition", MODEL, "--stages", "3", ...RECORDED, "-o", placement]);
    expect(cut).toMatchObject({ status: 0, stderr: "" });
    const conforms = schemaOf("placement");
    const written = JSON.parse(readFileSync(placement, "utf8"));
    expect(conforms(written), JSON.stringify(conforms.errors)).toBe(true);
    const searched = await runCli(["search", placement, "--json", "-o", at("searched.json")]);
    expect(JSON.parse(searched.stdout).pipeline).toEqual(whole.pipeline);
    const verified = await runCli(["verify", at("searched.json"), "--model", MODEL, "--json"]);
    expect(JSON.parse(verified.stdout)).toMatchObject({ valid: true, stages: 3 });
  });

  it("derives backward blocks, with the ratios that are asked for", async () => {
    const usual = await compiled("train.json", "--devices", "2", "--mode", "train");
    const { blocks, dependencies, memoryRelease } = usual.pipeline.placement;
    const [f0, f1, b0, b1] = blocks;
    expect(blocks.map((block: { kind: string }) => block.kind)).toEqual([
      ...["forward", "forward", "backward", "backward"],
    ]);
    const { segmentNs, tensorNs, byteNs } = JSON.parse(readFileSync(PROFILE, "utf8")).workers;
    const [sent] = usual.stages;
    const takeOver = Math.ceil(tensorNs + sent.outputBytes * byteNs);
    // The reader pays: activations in front of s1, their gradients in front of s0 on the way back.
    const within = (ns: number, duration: number) => Math.abs(ns - duration) <= 2;
    const computed = [f0.duration - segmentNs, f1.duration - segmentNs - takeOver];
    expect(within(segmentNs + takeOver + 2 * (computed[0] ?? 0), b0.duration)).toBe(true);
    expect(within(segmentNs + 2 * (computed[1] ?? 0), b1.duration)).toBe(true);
    expect([f0.memory + b0.memory, f1.memory + b1.memory]).toEqual([0, 0]);
    expect(f0.memory).toBeGreaterThan(0);
    expect(memoryRelease).toBe("end");
    const edges = dependencies.map((each: { from: string; to: string }) => [each.from, each.to]);
    expect(edges).toContainEqual([b1.id, b0.id]);
    const ratios = ["--backward-ratio", "1.5", "--weight-ratio", "0.5"];
    const split = await compiled("split.json", "--devices", "2", "--mode", "train", ...ratios);
    const w1 = split.pipeline.placement.blocks.at(-1);
    expect(w1.kind).toBe("weight");
    expect(within(segmentNs + (computed[1] ?? 0) / 2, w1.duration)).toBe(true);
    const zb = await compiled("zb.json", "--devices", "2", "--mode", "train", "--shape", "zb-v");
    expect(zb.stages.length).toBe(4);
    expect(zb.pipeline.placement.blocks.length).toBe(12);
  });

  it("gives faster devices more, and splits stages over devices as the shape says", async () => {
    const uneven = await compiled("uneven.json", "--devices", "slow,fast=3");
    const [slow, fast] = uneven.stages;
    expect(fast.operators.length).toBeGreaterThan(slow.operators.length);
    const m = await compiled("m.json", "--devices", "2", "--shape", "m");
    expect(m.stages.map((stage: { devices: string[] }) => stage.devices)).toEqual([
      ["d0", "d1"],
      ["d0"],
      ["d1"],
    ]);
    const whole = await compiled(
      "m1.json",
      "--devices",
      "2",
      "--shape",
      "m",
      "--tensor-efficiency",
      "1",
    );
    const [first] = whole.stages;
    const [declared] = m.stages;
    const isSame = first.operators.length === declared.operators.length;
    expect(isSame && first.durationNs >= declared.durationNs).toBe(false);
  });

  it("puts transfers beside the computation where a link is given", async () => {
    const slow = await compiled(
      "link.json",
      "--devices",
      "2",
      "--link-bandwidth",
      "1M",
      "--link-latency",
      "5",
    );
    const [dependency] = slow.pipeline.placement.dependencies;
    const [{ outputBytes }] = slow.stages;
    // The link is busy for longer than the stage behind it, which lasts as long.
    expect(slow.stages[1].durationNs).toBe(outputBytes * 1000);
    expect(dependency.latency).toBeLessThan(5000 + outputBytes * 1000);
    const fast = await compiled("fast.json", "--devices", "2", "--link-bandwidth", "1G");
    const [quick] = fast.pipeline.placement.dependencies;
    // What is not said of the link is as measured.
    const { tensorNs } = JSON.parse(readFileSync(PROFILE, "utf8")).workers;
    expect(quick.latency).toBe(Math.ceil(tensorNs + fast.stages[0].outputBytes));
    expect(slow.provenance.options).toMatchObject({ "link-bandwidth": 1e6, "link-latency": 5 });
  });

  it("takes stages by hand, by name and by pattern", async () => {
    const { operators } = JSON.parse(readFileSync(PROFILE, "utf8"));
    const first: string = operators[0].name;
    const blocks = BY_HAND.blocks.map((block) => ({
      ...block,
      operators: block.id === "first" ? [first] : ["*"],
    }));
    const spec = { ...BY_HAND, blocks };
    const conforms = schemaOf("stage-placement");
    expect(conforms(spec), JSON.stringify(conforms.errors)).toBe(true);
    const placement = json("hand.json", spec);
    const artifact = await compiled("by-hand.json", "--placement", placement);
    expect(artifact.stages.map((stage: { id: string }) => stage.id)).toEqual(["first", "rest"]);
    expect(artifact.stages[0].operators).toEqual([first]);
    expect(artifact.provenance.inputs.at(-1)).toMatchObject({
      role: "placement",
      name: "hand.json",
    });
    expect((await runCli(["verify", at("by-hand.json"), "--model", MODEL])).status).toBe(0);
  });
});

describe("compile --fine-tune", () => {
  it("is recorded, and verified against the method", async () => {
    const artifact = await compiled("tuned.json", "--devices", "2", "--fine-tune", "2");
    expect(artifact.provenance.options).toMatchObject({
      devices: ["d0=1", "d1=1"],
      "fine-tune": 2,
    });
    const changed = async (options: object) => {
      const provenance = { ...artifact.provenance };
      provenance.options = { ...provenance.options, ...options };
      return runCli([
        "verify",
        json("untuned.json", { ...artifact, provenance }),
        "--model",
        MODEL,
      ]);
    };
    expect((await changed({})).status).toBe(0);
    const greedy = await changed({ method: "greedy" });
    expect(greedy.status).toBe(1);
    expect(greedy.stderr).toContain("the stages are not cut by gpg");
    const none = await changed({ "fine-tune": 0 });
    expect(none.stderr).toContain("/provenance/options/fine-tune is not a number of rounds");
  });
});

describe("partition", () => {
  it("compares the methods, and takes one alone", async () => {
    const argv = ["partition", MODEL, "--stages", "2", ...RECORDED, "--json", "-o", at("p.json")];
    const all = JSON.parse((await runCli(argv)).stdout);
    expect(all.candidates.length).toBeGreaterThan(2);
    expect(Math.min(...all.candidates.map((each: { periodNs: number }) => each.periodNs))).toBe(
      all.periodNs,
    );
    const greedy = JSON.parse((await runCli([...argv, "--method", "greedy"])).stdout);
    expect(greedy.method).toBe("greedy");
    expect(greedy.periodNs).toBeGreaterThanOrEqual(all.periodNs);
  });

  it("learns on the model for as many rounds as asked, and is never worse for it", async () => {
    const argv = [
      ...["partition", "fixtures/models/randwire-2.onnx", "--stages", "8", "--device", "h100"],
      ...["--link-latency", "10", "--link-bandwidth", "25G", "--method", "gpg", "--json"],
    ];
    const cut = async (name: string, ...more: readonly string[]) =>
      JSON.parse((await runCli([...argv, ...more, "-o", at(name)])).stdout);
    const plain = await cut("untuned.placement.json");
    const tuned = await cut("tuned.placement.json", "--fine-tune", "4");
    expect(tuned.periodNs).toBeLessThanOrEqual(plain.periodNs);
    expect(tuned).toEqual(await cut("again.placement.json", "--fine-tune", "4"));
  });

  it.each([
    [
      ["--method", "greedy"],
      "--fine-tune: cannot be used with --method greedy: only gpg has a network",
    ],
    [["--placement", "hand.json"], "--fine-tune: cannot be used with --placement"],
  ])("refuses to learn with %j", async (how, words) => {
    const stages = how[0] === "--placement" ? [] : ["--stages", "2"];
    const run = await runCli(["partition", MODEL, ...stages, ...how, "--fine-tune", "3"]);
    expect(run.status).toBe(2);
    expect(run.stderr).toContain(words);
  });

  it("names no model in a schedule of its placement, which has to be given to run it", async () => {
    const placement = at("no-model.placement.json");
    await runCli(["partition", MODEL, "--stages", "2", ...RECORDED, "-o", placement]);
    await runCli(["search", placement, "-o", at("no-model.json"), "--quiet"]);
    const run = await runCli(["run", at("no-model.json")]);
    expect(run.stderr).toContain("error[schedule-without-model]");
    expect(run.stderr).toContain("give --model FILE");
  });

  it("writes the stages as models, and does not overwrite them unasked", async () => {
    const models = at("stages");
    mkdirSync(models);
    const argv = ["partition", MODEL, "--stages", "2", ...RECORDED, "-o", at("q.json")];
    const run = await runCli([...argv, "--stage-models", models]);
    expect(run).toMatchObject({ status: 0, stderr: "" });
    expect(readdirSync(models).sort()).toEqual([
      ...["two-branch.s0.onnx", "two-branch.s1.onnx", "two-branch.stages.weights"],
    ]);
    const again = await runCli([...argv, "--stage-models", models]);
    expect(again.stderr).toContain("error[file-exists]");
    const inspected = await runCli(["inspect", join(models, "two-branch.s1.onnx"), "--json"]);
    expect(inspected.status).toBe(0);
  });
});

describe.skipIf(SKIP_REASON !== undefined)("run", () => {
  it("executes a pipeline with the whole model's outputs, bit for bit", async () => {
    const model = at("branching.onnx");
    writeFileSync(model, branchingModel());
    const own = { env: { XDG_CACHE_HOME: folder } };
    const argv = [model, "--devices", "2", "--micro-batches", "8", "-o", at("run.json"), "--quiet"];
    expect(await runCli(argv, own)).toMatchObject({ status: 0, stderr: "" });
    const ran = ["run", at("run.json"), "--rounds", "5", "--quiet"];
    const { status, stdout, stderr } = await runCli([...ran, "--json"]);
    expect([status, stderr]).toEqual([0, ""]);
    const report = JSON.parse(stdout);
    expect(report.outputs).toMatchObject({ identical: true, maxAbsolute: 0, compared: 48 });
    expect(report.timeline.length).toBe(16);
    expect(report.wholeModel[0].threads).toBe(1);
    for (const device of report.devices) {
      const tasks = report.timeline.filter((task: { device: string }) => task.device === device);
      const predicted = tasks.map((task: { predictedStartNs: number }) => task.predictedStartNs);
      expect(predicted).toEqual([...predicted].sort((x, y) => x - y));
    }
    expect((await runCli(ran)).stdout).toContain("identical to the whole model's");
  });

  it.each([
    ["training", ["--devices", "2", "--mode", "train"], "is a backward block"],
    ["stages on several devices", ["--devices", "2", "--shape", "m"], "is on several devices"],
    ["another device", ["--devices", "2", "--device", "h200"], "compiled for h200"],
  ])("refuses %s", async (name, options, why) => {
    const out = at(`${name}.json`);
    const rest = options.includes("--device") ? ["--quiet"] : RECORDED;
    expect((await runCli([MODEL, ...rest, "-o", out, ...options])).status).toBe(0);
    const run = await runCli(["run", out, "--model", MODEL]);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain("error[pipeline-not-runnable]");
    expect(run.stderr).toContain(why);
  });
});

describe("bad input", () => {
  const hand = (name: string, blocks: readonly object[]): readonly string[] => [
    "--placement",
    json(name, { ...BY_HAND, blocks }),
  ];
  const left = { id: "a", devices: ["left"] };
  const right = { id: "b", devices: ["right"] };

  it.each([
    ["more stages than operators", () => ["--devices", "100"], "more-stages-than-operators", 1],
    [
      "memory that cannot fit",
      () => ["--devices", "2", "--memory", "1KiB"],
      "stage-memory-infeasible",
      1,
    ],
    ["options without a pipeline", () => ["--shape", "v"], "option-not-applicable", 2],
    [
      "an operator algorithm",
      () => ["--devices", "2", "--algorithm", "opara"],
      "option-not-applicable",
      2,
    ],
    [
      "a comparison of operator algorithms",
      () => ["--devices", "2", "--compare"],
      "option-not-applicable",
      2,
    ],
    [
      "a GPU that is measured",
      () => ["--devices", "2", "--device", "cuda"],
      "option-not-applicable",
      2,
    ],
    [
      "a shape that does not fit",
      () => ["--devices", "3", "--shape", "k"],
      "shape-option-invalid",
      2,
    ],
    ["bad devices", () => ["--devices", "a,a"], "usage", 2],
    ["bad memory", () => ["--devices", "2", "--memory", "lots"], "usage", 2],
    ["no placement file", () => ["--placement", at("none.json")], "file-unreadable", 1],
    [
      "two layouts",
      () => ["--placement", at("x.json"), "--devices", "2"],
      "option-not-applicable",
      2,
    ],
    [
      "an unknown operator",
      () =>
        hand("u.json", [
          { ...left, operators: ["nothing"] },
          { ...right, operators: ["*"] },
        ]),
      "placement-operator-unknown",
      1,
    ],
    [
      "a pattern without a match",
      () =>
        hand("v.json", [
          { ...left, operators: ["no*"] },
          { ...right, operators: ["*"] },
        ]),
      "placement-operator-unknown",
      1,
    ],
    [
      "an operator left out",
      () => hand("w.json", [{ ...left, operators: ["*1"] }]),
      "operators-not-placed",
      1,
    ],
    [
      "a device too small for its stages",
      () => [
        ...hand("small.json", [
          { ...left, operators: ["left/*", "right/*"] },
          { ...right, operators: ["Add"] },
        ]),
        ...["--memory", "1MiB"],
      ],
      "device-memory-too-small",
      1,
    ],
    [
      "an operator in two blocks",
      () =>
        hand("y.json", [
          { ...left, operators: ["*"] },
          { ...right, operators: ["*1"] },
        ]),
      "operator-placed-twice",
      1,
    ],
    [
      "a block of which names leave nothing",
      () =>
        hand("n.json", [
          { ...left, operators: ["*"] },
          { ...right, operators: ["Add"] },
          { id: "c", devices: ["right"], operators: ["Ad?"] },
        ]),
      "block-without-operators",
      1,
    ],
    [
      "costs of training without training",
      () => ["--devices", "2", "--backward-ratio", "3"],
      "option-not-applicable",
      2,
    ],
    [
      "a device that takes no operator",
      () => ["--devices", "a@1KiB,b"],
      "stage-memory-infeasible",
      1,
    ],
    [
      "a device that is not there",
      () => hand("z.json", [{ id: "a", devices: ["up"], operators: ["*"] }]),
      "stage-placement-invalid",
      1,
    ],
  ] as const)("refuses %s", async (_, options, code, status) => {
    const run = await runCli([MODEL, ...RECORDED, "-o", at("bad.json"), ...options()]);
    expect(run.stderr).toContain(`error[${code}]`);
    expect(run.status).toBe(status);
    expect(readdirSync(folder)).not.toContain("bad.json");
  });

  it("says how much memory is enough", async () => {
    const run = await runCli([MODEL, ...RECORDED, "--devices", "2", "--memory", "1KiB"]);
    const enough = /(\d+) bytes on every device are enough/.exec(run.stderr)?.[1];
    const again = ["--devices", "2", "--memory", enough ?? "", "-o", at("enough.json")];
    expect((await runCli([MODEL, ...RECORDED, ...again])).status).toBe(0);
  });

  it("names the blocks of a cycle", async () => {
    const { operators } = JSON.parse(readFileSync(PROFILE, "utf8"));
    const names: string[] = operators.map((each: { name: string }) => each.name);
    const ends = [names[0], names.at(-1)];
    const middle = names.filter((name) => !ends.includes(name));
    const blocks = [
      { ...left, operators: ends },
      { ...right, operators: middle },
    ];
    const run = await runCli([MODEL, ...RECORDED, ...hand("cycle.json", blocks)]);
    expect(run.stderr).toContain("error[stage-graph-cyclic]");
    expect(run.stderr).toMatch(/"a" -> "b" -> "a"|"b" -> "a" -> "b"/);
  });

  it("refuses a model whose loop the run decides", async () => {
    const model = "fixtures/models/small/control-flow.onnx";
    const run = await runCli([model, "--devices", "2", "--device", "h200", "-o", at("cf.json")]);
    expect(run.stderr).toMatch(/error\[(stages-not-static|operators-not-capturable)\]/);
    expect(run.status).toBe(1);
  });

  it.each([
    ["an operator moved", (a: Editable) => void a.stages[0]?.operators.pop()],
    ["another duration", (a: Editable) => void Object.assign(a.stages[0] ?? {}, { durationNs: 5 })],
    ["another size", (a: Editable) => void Object.assign(a.stages[0] ?? {}, { outputBytes: 5 })],
    ["a stage missing", (a: Editable) => void a.stages.pop()],
    ["a dependency missing", (a: Editable) => void a.pipeline.placement.dependencies.pop()],
  ])("finds %s when it verifies", async (_, tamper) => {
    const artifact = await compiled("tampered.json", "--devices", "2");
    tamper(artifact);
    writeFileSync(at("tampered.json"), JSON.stringify(artifact));
    const run = await runCli(["verify", at("tampered.json"), "--model", MODEL]);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain("error[schedule-broken]");
  });
});

interface Editable {
  readonly stages: { readonly operators: string[] }[];
  readonly pipeline: { readonly placement: { readonly dependencies: unknown[] } };
}
