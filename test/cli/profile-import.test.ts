import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { GpuProfile } from "../../src/profile/gpu/gpu-profile.js";
import type { Profile } from "../../src/profile/profile.js";
import {
  nsysTables,
  pytorchTrace,
  runtimeProfile,
  trtexecLayers,
  trtexecProfile,
} from "../support/import-files.js";
import { IMPORT_OPERATORS, importModel } from "../support/import-model.js";
import { runCli } from "../support/run-cli.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "top-compile-import-"));
  writeFileSync(join(folder, "m.onnx"), importModel());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);

function put(name: string, content: string | Uint8Array): string {
  writeFileSync(at(name), content);
  return at(name);
}

async function run(...argv: readonly string[]) {
  const { status, stdout, stderr } = await runCli(argv, { env: { HOME: folder } });
  return { status, text: `${stdout}${stderr}` };
}

/** Imports into a file of its own; gives the profile. */
async function imported<T>(files: readonly string[], ...options: readonly string[]): Promise<T> {
  const out = at("p.json");
  const argv = ["profile", "import", ...files, "--model", at("m.onnx"), "-o", out, "--force"];
  const { status, text } = await run(...argv, ...options);
  expect(text).toContain("wrote");
  expect(status).toBe(0);
  return JSON.parse(readFileSync(out, "utf8")) as T;
}

const LAYERS = [
  ["MatMul_0 + Relu_1", 20],
  ["MatMul_2 + Relu_3", 50],
  ["MatMul_4 + Relu_5", 60],
  ["PWN(Add_6)", 8],
] as const;

/** Time of each operator on a GPU: the sum of its launches. */
function timesOf({ operators }: GpuProfile): Record<string, number> {
  return Object.fromEntries(
    operators.map(({ name, nodes }) => [
      name,
      nodes.reduce((sum, { medianNs }) => sum + medianNs, 0),
    ]),
  );
}

const FUSED = {
  MatMul_0: 0,
  Relu_1: 20_000,
  MatMul_2: 0,
  Relu_3: 50_000,
  MatMul_4: 0,
  Relu_5: 60_000,
  Add_6: 8000,
};

describe("profile import from trtexec", () => {
  const files = () => [
    put("t.profile.json", trtexecProfile(LAYERS)),
    put(
      "t.layers.json",
      trtexecLayers(LAYERS.map(([name]) => [name, name.match(/\w+_\d/g) ?? []])),
    ),
  ];

  it("gives a GPU profile that says what it does not know", async () => {
    const profile = await imported<GpuProfile>(files(), "--device", "h200");
    expect(timesOf(profile)).toEqual(FUSED);
    expect(profile.operators.map(({ fusedWith }) => fusedWith)).toEqual([
      undefined,
      "MatMul_0",
      undefined,
      "MatMul_2",
      undefined,
      "MatMul_4",
      undefined,
    ]);
    expect(profile.device.source).toBe("imported");
    expect(profile.isVerified).toBe(false);
    expect(profile.imported).toMatchObject({ tool: "trtexec", coverage: 1, includesGaps: true });
    expect(profile.imported?.files.map(({ name }) => name)).toEqual([
      "t.profile.json",
      "t.layers.json",
    ]);
    expect(profile.imported?.notMeasured).toEqual([
      "launchCosts",
      "pairs",
      "clocks",
      "software",
      "kernels",
      "quantiles",
    ]);
    // Times of kernels were measured, so the shortest of them is not assumed; what surrounds them is.
    expect(Object.keys(profile.deviceModel.ranges ?? {}).sort()).toEqual([
      "dispatchNs",
      "eventNs",
      "interference",
      "launchGapNs",
      "sharing",
    ]);
    const [node] = profile.operators[1]?.nodes ?? [];
    expect(node?.kind).toBe("gemm");
    expect(node?.kernels[0]?.estimated).toHaveLength(4);
  });

  it("is taken by compile, verify, partition and search, which say who measured", async () => {
    await imported<GpuProfile>(files(), "--device", "h200");
    const profile = ["--device", "h200", "--profile", at("p.json")];
    const compiled = await run("compile", at("m.onnx"), ...profile, "-o", at("s.json"));
    expect(compiled.text).toContain("measured by trtexec, not by top-compile");
    const artifact = JSON.parse(readFileSync(at("s.json"), "utf8"));
    expect(artifact.device).toMatchObject({ source: "measured", measuredBy: "trtexec" });
    // One stream takes what the layers take together, but for the gap after the last one.
    const sequential = artifact.operators.latencyNs.sequentialPredicted;
    expect(sequential).toBe(138_000 - artifact.operators.gpu.launchGapNs);
    expect((await run("verify", at("s.json"), "--model", at("m.onnx"))).status).toBe(0);
    const cut = await run(
      "partition",
      at("m.onnx"),
      ...profile,
      "--stages",
      "2",
      "-o",
      at("c.json"),
    );
    expect(cut.status).toBe(0);
    expect((await run("search", at("c.json"), "-o", at("c.s.json"))).status).toBe(0);
    const piped = await run(
      "compile",
      at("m.onnx"),
      ...profile,
      "--devices",
      "2",
      "-o",
      at("q.json"),
    );
    expect(piped.status).toBe(0);
    const pipeline = JSON.parse(readFileSync(at("q.json"), "utf8"));
    expect(pipeline.device).toMatchObject({ measuredBy: "trtexec" });
    expect(pipeline.provenance.inputs.map(({ role }: { role: string }) => role)).toEqual([
      "model",
      "profile",
    ]);
    const blocks = pipeline.stages.flatMap(({ operators }: { operators: string[] }) => operators);
    expect(blocks.toSorted()).toEqual([...IMPORT_OPERATORS].sort());
    expect((await run("verify", at("q.json"), "--model", at("m.onnx"))).status).toBe(0);
    const other = { ...pipeline.provenance.options, device: "cuda" };
    const changed = { ...pipeline, provenance: { ...pipeline.provenance, options: other } };
    const broken = await run(
      "verify",
      put("b.json", JSON.stringify(changed)),
      "--model",
      at("m.onnx"),
    );
    expect(broken).toMatchObject({ status: 1, text: expect.stringContaining("schedule-broken") });
  });

  it("has kernels wait for all that they read: an addition inside of one for the other addend", async () => {
    const layers = [
      ["MatMul_0 + Relu_1", 20],
      ["MatMul_2 + Relu_3 + Add_6", 60],
      ["MatMul_4 + Relu_5", 60],
    ] as const;
    const named = layers.map(([name]) => [name, name.match(/\w+_\d/g) ?? []] as const);
    const written = [
      put("a.profile.json", trtexecProfile(layers)),
      put("a.layers.json", trtexecLayers(named)),
    ];
    await imported<GpuProfile>(written, "--device", "h200");
    const profile = ["--device", "h200", "--profile", at("p.json")];
    await run("compile", at("m.onnx"), ...profile, "-o", at("a.json"));
    const { operators } = JSON.parse(readFileSync(at("a.json"), "utf8"));
    // A chain of three kernels, of which no two can run side by side.
    expect(operators.streams).toBe(1);
    const { criticalPath } = operators.gpu.boundsNs;
    expect(criticalPath).toBe(operators.latencyNs.sequentialPredicted);
  });

  it("expects kernels of the arithmetic that was measured: products are the same with torch and ieee", async () => {
    const nodes: unknown[] = [];
    for (const math of ["ieee", "torch", "tf32", "f16"]) {
      const argv = ["--device", "h200", "--math", math];
      const profile = await imported<GpuProfile>(files(), ...argv);
      expect(profile.key.precision).toBe(math);
      nodes.push(profile.operators.map((operator) => operator.nodes));
    }
    const [ieee, torch, tf32, f16] = nodes;
    expect(torch).toEqual(ieee);
    expect(tf32).not.toEqual(ieee);
    expect(f16).not.toEqual(ieee);
  });

  it("is not for another GPU, nor another model", async () => {
    await imported<GpuProfile>(files(), "--device", "h200");
    const other = await run("compile", at("m.onnx"), "--device", "v100", "--profile", at("p.json"));
    expect(other).toMatchObject({ status: 1, text: expect.stringContaining("profile-stale") });
    const fixture = "fixtures/models/squeezenet.onnx";
    const out = ["-o", at("x.json")];
    const model = await run(
      "profile",
      "import",
      ...files(),
      "--model",
      fixture,
      "--device",
      "h200",
      ...out,
    );
    expect(model.text).toContain("import-coverage-low");
  });

  it("is refused for a CPU, and without a model", async () => {
    const cpu = await run("profile", "import", ...files(), "--model", at("m.onnx"));
    expect(cpu).toMatchObject({ status: 2, text: expect.stringContaining("import-device-wrong") });
    const none = await run("profile", "import", ...files());
    expect(none).toMatchObject({ status: 2, text: expect.stringContaining("--model") });
  });

  it("gives the same bytes every time", async () => {
    await imported<GpuProfile>(files(), "--device", "h200");
    const first = readFileSync(at("p.json"), "utf8");
    await imported<GpuProfile>(files(), "--device", "h200");
    expect(readFileSync(at("p.json"), "utf8")).toBe(first);
  });
});

describe("profile import from Nsight Systems", () => {
  it("keeps the kernels as they were launched", async () => {
    const run1 = LAYERS.map(([range, us]) => ({ range: `TensorRT:${range}`, ns: us * 1000 }));
    const { kernels, ranges } = nsysTables([...run1, ...run1]);
    const files = [put("k.csv", kernels), put("r.csv", ranges)];
    const profile = await imported<GpuProfile>(files, "--device", "h200");
    expect(timesOf(profile)).toEqual(FUSED);
    expect(profile.imported).toMatchObject({ includesGaps: false, deviceName: "NVIDIA H200 (0)" });
    expect(profile.imported?.notMeasured).not.toContain("kernels");
    expect(profile.operators[1]?.nodes[0]).toMatchObject({
      kind: "gemm",
      samples: 2,
      kernels: [{ grid: [16, 4, 1], threadBlock: [128, 1, 1], registersPerThread: 40 }],
    });
    await run(
      "compile",
      at("m.onnx"),
      "--device",
      "h200",
      "--profile",
      at("p.json"),
      "-o",
      at("s.json"),
    );
    const { operators } = JSON.parse(readFileSync(at("s.json"), "utf8"));
    // Kernels alone: three gaps lie between the four of them.
    const gaps = 3 * operators.gpu.launchGapNs;
    expect(operators.latencyNs.sequentialPredicted).toBe(138_000 + gaps);
    expect((await run("verify", at("s.json"), "--model", at("m.onnx"))).status).toBe(0);
  });
});

describe("profile import from ONNX Runtime", () => {
  const nodes = [
    { name: "MatMul_0", type: "MatMul", us: 100 },
    { name: "Relu_1", type: "Relu", us: 10 },
    { name: "fused MatMul_2", type: "FusedMatMul", us: 300 },
    { name: "Relu_5", type: "FusedMatMul", us: 400 },
    { name: "Add_6", type: "Add", us: 20 },
  ];

  it("gives a CPU profile that compile takes", async () => {
    const file = put("o.json", runtimeProfile(nodes, [7, 1, 1, 1]));
    const profile = await imported<Profile>([file]);
    const times = Object.fromEntries(
      profile.operators.map(({ name, medianNs }) => [name, medianNs]),
    );
    expect(times).toEqual({
      MatMul_0: 100_000,
      Relu_1: 10_000,
      MatMul_2: 300_000,
      Relu_3: 0,
      MatMul_4: 400_000,
      Relu_5: 0,
      Add_6: 20_000,
    });
    expect(profile.method).toBeUndefined();
    expect(profile.imported?.notMeasured).toEqual(["software", "workers"]);
    const compiled = await run(
      "compile",
      at("m.onnx"),
      "--profile",
      at("p.json"),
      "-o",
      at("s.json"),
    );
    expect(compiled.text).toContain("measured by ONNX Runtime, not by");
    expect((await run("verify", at("s.json"), "--model", at("m.onnx"))).status).toBe(0);
    const { operators } = JSON.parse(readFileSync(at("s.json"), "utf8"));
    expect(operators.latencyNs.sequentialPredicted).toBe(830_000);
  });

  it("takes the costs of workers from a profile of the machine", async () => {
    const file = put("o.json", runtimeProfile(nodes, [1, 1]));
    const first = await imported<Profile>([file]);
    const workers = { ...first.workers, segmentNs: 777, signalNs: 888 };
    const machine = put("machine.json", JSON.stringify({ ...first, workers }));
    const profile = await imported<Profile>([file], "--workers-of", machine);
    expect(profile.workers).toEqual(workers);
    expect(profile.imported?.notMeasured).toEqual(["software"]);
  });

  it("has one worker where operators took all threads", async () => {
    const file = put("o.json", runtimeProfile(nodes, [1, 1], { threads: 2 }));
    const profile = await imported<Profile>([file]);
    expect(profile.workers).toMatchObject({ workers: 1, slowdown: [1] });
    expect(profile.device.logicalCores).toBe(2);
  });

  it("refuses launch times", async () => {
    const text = runtimeProfile(nodes, [1, 1], { provider: "CUDAExecutionProvider" });
    const argv = ["profile", "import", put("g.json", text), "--model", at("m.onnx")];
    const refused = await run(...argv, "--device", "h200", "-o", at("none.json"));
    expect(refused.status).toBe(1);
    expect(refused.text).toContain("import-launch-times-only");
    expect(() => readFileSync(at("none.json"))).toThrow();
  });
});

describe("profile import from others", () => {
  it("matches a packed trace of PyTorch by order", async () => {
    const dims = [[64, 64]];
    const operators = IMPORT_OPERATORS.map((name, i) => ({
      name: `aten::${name.startsWith("MatMul") ? "mm" : name.startsWith("Relu") ? "relu" : "add"}`,
      dims,
      us: [i + 2],
    }));
    const packed = gzipSync(pytorchTrace(operators, [1, 1]));
    const file = put("trace.json.gz", packed);
    const profile = await imported<GpuProfile>([file], "--device", "h200", "--match-by-order");
    expect(Object.values(timesOf(profile))).toEqual([2000, 3000, 4000, 5000, 6000, 7000, 8000]);
    expect(profile.imported?.matchedBy).toBe("order");
    const damaged = put("cut.json.gz", packed.subarray(0, packed.length / 2));
    const argv = ["profile", "import", damaged, "--model", at("m.onnx"), "--match-by-order"];
    const refused = await run(...argv, "--device", "h200", "-o", at("x.json"));
    expect(refused).toMatchObject({ status: 1, text: expect.stringContaining("import-malformed") });
  });

  it("takes a neutral table for a CPU or a GPU, and kernels that cannot be on the device as the model's", async () => {
    const rows = IMPORT_OPERATORS.map((name) => `${name},1000,99999,1024,255,300000`);
    const header = "operator,medianNs,gridX,blockX,registers,shared";
    const file = put("n.csv", ["# tool: ruler", header, ...rows].join("\n"));
    const gpu = await imported<GpuProfile>([file], "--device", "h200");
    expect(gpu.imported?.measuredBy).toBe("ruler");
    expect(gpu.operators[0]?.nodes[0]?.kernels[0]?.estimated).toHaveLength(4);
    const cpu = await imported<Profile>([file]);
    expect(cpu.operators.map(({ medianNs }) => medianNs)).toEqual(rows.map(() => 1000));
  });

  it("never writes over what it reads", async () => {
    const file = put("n.csv", "operator,medianNs\nMatMul_0,5\n");
    const argv = ["profile", "import", file, "--model", at("m.onnx"), "-o", file, "--force"];
    expect(await run(...argv)).toMatchObject({
      status: 2,
      text: expect.stringContaining("output-is-input"),
    });
    expect(readFileSync(file, "utf8")).toContain("MatMul_0,5");
  });

  it.each([
    ["a pipe", "/dev/zero", "file-unreadable"],
    ["a folder", ".", "file-unreadable"],
    ["nothing", "missing.csv", "file-unreadable"],
  ])("refuses %s", async (_, file, code) => {
    const argv = ["profile", "import", file, "--model", at("m.onnx"), "-o", at("x.json")];
    expect((await run(...argv)).text).toContain(code);
  });
});

describe("profile import from a first hour with a GPU", () => {
  /** A profile as this tool measures them, of a device of that name. */
  async function measured(name: string): Promise<GpuProfile> {
    const files = [
      put("h.profile.json", trtexecProfile(LAYERS)),
      put(
        "h.layers.json",
        trtexecLayers(LAYERS.map(([each]) => [each, each.match(/\w+_\d/g) ?? []])),
      ),
    ];
    const { imported: _, ...profile } = await imported<GpuProfile>(files, "--device", "h200");
    return { ...profile, device: { ...profile.device, name, source: "measured" } };
  }

  const hour = (profiles: readonly unknown[], more: object = {}): string =>
    put(
      "first-hour.json",
      JSON.stringify({
        format: "top-compile/first-hour",
        version: 1,
        steps: [],
        profiles,
        ...more,
      }),
    );

  const take = (...options: readonly string[]) =>
    run(
      ...["profile", "import", at("first-hour.json"), "--model", at("m.onnx")],
      ...["-o", at("p.json"), "--force", ...options],
    );

  it("gives the model's own profile as it was measured", async () => {
    const profile = await measured("NVIDIA H200");
    const other = { ...profile, key: { ...profile.key, modelSha256: "0".repeat(64) } };
    const half = { ...profile, key: { ...profile.key, precision: "f16" } };
    hour([other, half, profile]);
    const { status, text } = await take("--device", "h200");
    expect({ status, text }).toMatchObject({ status: 0, text: expect.stringContaining("wrote") });
    expect(JSON.parse(readFileSync(at("p.json"), "utf8"))).toEqual(profile);
    expect((await take("--device", "h200", "--math", "f16")).status).toBe(0);
    expect(JSON.parse(readFileSync(at("p.json"), "utf8"))).toEqual(half);
    const argv = ["compile", at("m.onnx"), "--device", "h200", "--profile", at("p.json")];
    expect(await run(...argv, "-o", at("h.json"))).toMatchObject({ status: 0 });
  });

  it("refuses another model, precision, device, version, and a profile that is none", async () => {
    const profile = await measured("NVIDIA H200");
    const bare = { ...profile, operators: undefined };
    const old = await measured("NVIDIA L4");
    for (const [profiles, more, options, code] of [
      [[profile], {}, ["--device", "h200", "--math", "ieee"], "import-files-conflict"],
      [[], {}, ["--device", "h200"], "import-files-conflict"],
      [[profile], {}, [], "import-device-wrong"],
      [[old], {}, ["--device", "h200"], "profile-stale"],
      [[profile], { version: 2 }, ["--device", "h200"], "import-malformed"],
      [[bare], {}, ["--device", "h200"], "profile-invalid"],
    ] as const) {
      hour(profiles, more);
      const { status, text } = await take(...options);
      expect({ status, text }).toMatchObject({ text: expect.stringContaining(`[${code}]`) });
      expect(status).toBeGreaterThan(0);
    }
  });
});
