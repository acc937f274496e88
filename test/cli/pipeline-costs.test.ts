import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatNs } from "../../src/core/format.js";
import { runCli } from "../support/run-cli.js";
import { tinyModel } from "../support/tiny-model.js";

const MODELS = "fixtures/models";
const GOOGLENET = `${MODELS}/googlenet.onnx`;

interface Block {
  readonly id: string;
  readonly devices: readonly string[];
  readonly duration: number;
  readonly memory: number;
  readonly workspace?: number;
}

interface Compiled {
  readonly stages: readonly {
    readonly durationNs: number;
    readonly parameterBytes: number;
    readonly workspaceBytes: number;
    readonly outputBytes: number;
  }[];
  readonly pipeline: {
    readonly period: number;
    readonly microBatchesPerPeriod: number;
    readonly makespan: number;
    readonly devices: readonly { readonly load: number; readonly peakMemory: number }[];
    readonly placement: {
      readonly blocks: readonly Block[];
      readonly dependencies: readonly {
        readonly from: string;
        readonly to: string;
        readonly latency: number;
      }[];
    };
  };
}

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "top-compile-costs-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function compiled(model: string, ...argv: readonly string[]) {
  const out = join(folder, "schedule.json");
  const run = await runCli([model, "--device", "h100", "-o", out, ...argv]);
  expect(run.status, run.stderr).toBe(0);
  const artifact: Compiled = JSON.parse(readFileSync(out, "utf8"));
  return { ...artifact, ...run };
}

async function partitioned(model: string, ...argv: readonly string[]) {
  const out = join(folder, "cut.placement.json");
  const run = await runCli(["partition", model, "--device", "h100", "-o", out, "--json", ...argv]);
  return { ...run, json: run.status === 0 ? JSON.parse(run.stdout) : undefined };
}

describe("the slowest stage of a cut", () => {
  it.each([
    ["googlenet", ["--devices", "4"]],
    ["bert-base", ["--devices", "3", "--link-bandwidth", "100M"]],
    ["squeezenet", ["--devices", "4", "--link-bandwidth", "10G", "--link-latency", "100"]],
    ["dlrm", ["--devices", "2", "--micro-batches", "1"]],
    ["resnet50", ["--devices", "a=2,b,c=0.5"]],
  ])("is the load of the busiest device: %s %s", async (name, options) => {
    const model = `${MODELS}/${name}.onnx`;
    const { pipeline, stdout } = await compiled(model, ...options);
    const load = Math.max(...pipeline.devices.map((device) => device.load));
    const [, , ...rest] = options;
    const { json } = await partitioned(model, "--stages", options[1] ?? "", ...rest);
    expect(Math.abs(json.periodNs - load)).toBeLessThan(1);
    const printed = /slowest stage (\S+ \S+) /.exec(stdout)?.[1];
    const busiest = /bound +(\S+ \S+), by load/.exec(stdout)?.[1];
    // In whole nanoseconds where it looks like a bound from which it differs.
    const words = (ns: number): string[] => [formatNs(ns), `${Math.round(ns)} ns`];
    expect(words(json.periodNs)).toContain(printed);
    expect(words(load)).toContain(busiest);
  });

  it("says what it is of where stages share devices or go back", async () => {
    const { stdout } = await compiled(GOOGLENET, "--devices", "2", "--shape", "zb-v");
    expect(stdout).toContain("slowest stage times the stages on its device, ");
    const trained = await compiled(GOOGLENET, "--devices", "2", "--mode", "train");
    expect(trained.stdout).toMatch(/slowest forward pass \d/);
  });
});

describe("a placement by hand", () => {
  const side = [32, 32];
  const value = (name: string) => ({ name, dims: side });
  const chain = () => {
    const model = join(folder, "row.onnx");
    const nodes = [
      { type: "MatMul", name: "m0", inputs: ["x", "w"], outputs: ["a"] },
      { type: "Relu", name: "r0", inputs: ["a"], outputs: ["b"] },
      { type: "MatMul", name: "m1", inputs: ["b", "w"], outputs: ["c"] },
      { type: "Relu", name: "r1", inputs: ["c"], outputs: ["y"] },
    ];
    const ends = { inputs: [value("x")], outputs: [value("y")], weights: [value("w")] };
    writeFileSync(model, tinyModel({ nodes, ...ends }));
    return model;
  };
  const byHand = (...first: readonly string[]) => {
    const path = join(folder, `hand-${first.length}.json`);
    const blocks = [
      { id: "a", devices: ["d0"], operators: first },
      { id: "b", devices: ["d1"], operators: ["*"] },
    ];
    const devices = [{ name: "d0" }, { name: "d1" }];
    const document = { format: "top-compile/stage-placement", version: 1, devices, blocks };
    writeFileSync(path, JSON.stringify(document));
    return ["--placement", path];
  };

  it("pays for the launches that a cut through a group makes two of, and says so", async () => {
    const model = chain();
    const list = ["--fuse", "none"];
    const whole = await compiled(model, ...byHand("m0", "r0"));
    expect(whole.stderr).not.toContain("the cut goes through");
    const torn = await compiled(model, ...byHand("m0", "r0", "m1"));
    expect(torn.stderr).toContain("the cut goes through 1 group of operators");
    const plain = await compiled(model, ...byHand("m0", "r0", "m1"), ...list);
    expect(plain.stderr).not.toContain("the cut goes through");
    const [first, second] = torn.stages;
    const [, apart] = plain.stages;
    // Behind the cut is the activation by itself; before it the first group, and the product by itself.
    expect(second?.durationNs).toBe(apart?.durationNs);
    expect(first?.durationNs).toBeGreaterThan(whole.stages[0]?.durationNs ?? 0);
    const verified = await runCli(["verify", join(folder, "schedule.json"), "--model", model]);
    expect(verified.status).toBe(0);
  });

  it("leaves what was measured as one whole, and says so", async () => {
    const model = chain();
    const table = join(folder, "row.csv");
    const rows = ["operator,medianNs", "m0 + r0,20000", "m1 + r1,30000"];
    writeFileSync(table, rows.join("\n"));
    const profile = join(folder, "row.p.json");
    const from = ["profile", "import", table, "--model", model, "--device", "h100"];
    expect((await runCli([...from, "-o", profile])).status).toBe(0);
    const hand = byHand("m0", "r0", "m1");
    const { stderr, stages } = await compiled(model, "--profile", profile, ...hand);
    expect(stderr.replaceAll(/\s+/g, " ")).toContain(
      "was measured as one, and stands whole in one",
    );
    const sum = stages.reduce((total, { durationNs }) => total + durationNs, 0);
    expect(sum).toBeGreaterThanOrEqual(50_000);
  });
});

describe("links", () => {
  it("bound the period: a device receives no faster than its link", async () => {
    const bandwidth = 1e6;
    const { stages, pipeline, stderr } = await compiled(
      GOOGLENET,
      ...["--devices", "2", "--link-bandwidth", "1M"],
    );
    const linkNs = ((stages[0]?.outputBytes ?? 0) / bandwidth) * 1e9;
    expect(pipeline.period).toBe(linkNs);
    expect(stages[1]?.durationNs).toBe(linkNs);
    expect(stderr).toMatch(/^d1 receives for .* per micro-batch and computes for /m);
    // A micro-batch alone is not later than by computing, transfer, computing.
    const alone = await compiled(
      GOOGLENET,
      ...["--devices", "2", "--link-bandwidth", "1M", "--micro-batches", "1"],
    );
    const free = await compiled(
      GOOGLENET,
      ...["--devices", "1", "--link-bandwidth", "1M", "--micro-batches", "1"],
    );
    const usualLatencyNs = 10_000;
    const sent = usualLatencyNs + ((alone.stages[0]?.outputBytes ?? 0) / bandwidth) * 1e9;
    expect(Math.abs(alone.pipeline.makespan - (free.pipeline.makespan + sent))).toBeLessThan(3);
  });

  it("cost no period by their latency", async () => {
    const options = ["--devices", "2", "--link-bandwidth", "1000G", "--link-latency"];
    const near = await compiled(GOOGLENET, ...options, "1");
    const far = await compiled(GOOGLENET, ...options, "1000");
    expect(far.pipeline.period).toBe(near.pipeline.period);
    expect(far.pipeline.makespan).toBeGreaterThan(near.pipeline.makespan + 900_000);
  });
});

describe("training", () => {
  it("takes its ratio of the kernels and the gaps between them", async () => {
    const ratios = ["--mode", "train", "--backward-ratio", "1.5", "--weight-ratio", "0.5"];
    const { pipeline } = await compiled(GOOGLENET, "--devices", "2", ...ratios);
    const { blocks } = pipeline.placement;
    const [forward, , backward, , weight] = blocks;
    const computeNs = forward?.duration ?? 0;
    expect(backward?.duration).toBe(Math.round(1.5 * computeNs));
    expect(weight?.duration).toBe(Math.round(0.5 * computeNs));
  });

  it("holds what a stage writes and the inputs that it reads once, until its last block", async () => {
    const dims = [32, 32];
    const bytes = 32 * 32 * 4;
    const value = (name: string) => ({ name, dims });
    const model = join(folder, "chain.onnx");
    writeFileSync(
      model,
      tinyModel({
        nodes: [
          { type: "MatMul", inputs: ["x", "w"], outputs: ["a"] },
          { type: "Relu", inputs: ["a"], outputs: ["b"] },
          { type: "MatMul", inputs: ["b", "w"], outputs: ["c"] },
          { type: "Add", inputs: ["c", "x"], outputs: ["y"] },
        ],
        inputs: [value("x")],
        outputs: [value("y")],
        weights: [value("w")],
      }),
    );
    const { stages, pipeline } = await compiled(model, "--devices", "1", "--mode", "train");
    expect(stages[0]?.parameterBytes).toBe(4 * bytes);
    const [forward, backward] = pipeline.placement.blocks;
    expect(forward).toMatchObject({ memory: 5 * bytes });
    expect(forward?.workspace ?? 0).toBe(0);
    expect(backward).toMatchObject({ memory: -5 * bytes });
    // x, and two tensors of the chain next to each other.
    expect(backward?.workspace).toBe(3 * bytes);
    expect(pipeline.devices[0]?.peakMemory).toBe(8 * bytes);
  });

  it("is cut for fewer micro-batches in flight where the memory holds no more", async () => {
    const train = ["--devices", "4", "--mode", "train"];
    const { stderr, pipeline } = await compiled(GOOGLENET, ...train, "--memory", "45MiB");
    expect(stderr).toContain("the cut leaves room for");
    expect(pipeline.period).toBeGreaterThan(0);
  });
});

describe("memory", () => {
  it("holds whole tables of which a look-up reads a part", async () => {
    const { stages } = await compiled(`${MODELS}/dlrm.onnx`, "--devices", "1");
    expect(stages[0]?.parameterBytes).toBeGreaterThan(18_000_000);
  });

  it("names what is enough and what is not, for the device and not for a stage", async () => {
    const model = `${MODELS}/dlrm.onnx`;
    for (const shape of ["v", "zb-v", "m"]) {
      const cut = ["--stages", "2", "--shape", shape];
      const refused = await partitioned(model, ...cut, "--memory", "1KiB");
      expect(refused.stderr).toContain("stage-memory-infeasible");
      const named = /(\d+) bytes on every device are enough(?:, less than (\d+) are not)?/.exec(
        refused.stderr,
      );
      const [, enough = "", least] = named ?? [];
      expect((await partitioned(model, ...cut, "--memory", enough)).status).toBe(0);
      const less = String(Number(least ?? enough) - 1);
      expect((await partitioned(model, ...cut, "--memory", less)).status).toBe(1);
    }
  });
});

describe("what stays together", () => {
  it("includes operators that hand each other sequences", async () => {
    const model = join(folder, "sequence.onnx");
    const dims = [8, 8];
    writeFileSync(
      model,
      tinyModel({
        nodes: [
          { type: "Relu", inputs: ["x"], outputs: ["a"] },
          { type: "SplitToSequence", inputs: ["a"], outputs: ["parts"], ints: { axis: 0 } },
          { type: "ConcatFromSequence", inputs: ["parts"], outputs: ["b"], ints: { axis: 0 } },
          { type: "Relu", inputs: ["b"], outputs: ["y"] },
        ],
        inputs: [{ name: "x", dims }],
        outputs: [{ name: "y", dims }],
      }),
    );
    for (const stages of ["2", "3"]) {
      const models = join(folder, `sequence-${stages}`);
      const cut = await partitioned(model, "--stages", stages, "--stage-models", models);
      expect(cut.stderr).toBe("");
    }
    const torn = await partitioned(model, "--stages", "4");
    expect(torn.stderr).toContain("the model has 3 operators that can be cut apart");
    const hand = join(folder, "torn.json");
    writeFileSync(
      hand,
      JSON.stringify({
        format: "top-compile/stage-placement",
        version: 1,
        devices: [{ name: "a" }, { name: "b" }],
        blocks: [
          { id: "front", devices: ["a"], operators: ["Relu_0", "SplitToSequence_1"] },
          { id: "back", devices: ["b"], operators: ["*"] },
        ],
      }),
    );
    const byHand = await partitioned(model, "--placement", hand);
    expect(byHand.stderr).toContain("stage-boundary-not-tensor");
  });
});
