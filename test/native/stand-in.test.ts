import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { examineGpu } from "../../src/driver/doctor-gpu.js";
import type { GpuHelper } from "../../src/runtime/cuda/client/gpu-helper.js";
import type { ConvNode, GemmNode, HelperNode } from "../../src/runtime/cuda/client/nodes.js";
import { converse } from "../support/converse.js";
import {
  BUILD_TIMEOUT_MS,
  expectDone,
  noCompiler,
  standInFolder,
  testHelper,
} from "../support/native-helper.js";

const kernel = (args: object[], more: object = {}): HelperNode =>
  ({
    kind: "kernel",
    module: 0,
    function: "mix",
    grid: [1, 1, 1],
    block: [1, 1, 1],
    args,
    ...more,
  }) as HelperNode;

const gemm = (more: Partial<GemmNode>): GemmNode => ({
  kind: "gemm",
  m: 2,
  n: 3,
  k: 4,
  a: { offset: 0, leading: 2 },
  b: { offset: 64, leading: 4 },
  c: { offset: 128, leading: 2 },
  dtype: "f32",
  math: "ieee",
  ...more,
});

const conv = (more: Partial<ConvNode>): ConvNode => ({
  kind: "conv",
  x: { offset: 0, dims: [1, 2, 4, 4] },
  w: { offset: 128, dims: [2, 2, 3, 3] },
  y: { offset: 512, dims: [1, 2, 4, 4] },
  pads: [1, 1],
  strides: [1, 1],
  dilations: [1, 1],
  dtype: "f32",
  math: "ieee",
  ...more,
});

describe.skipIf(noCompiler !== undefined)(`helper over the stand-in (${noCompiler ?? ""})`, () => {
  let helper: GpuHelper;
  beforeAll(async () => {
    helper = await testHelper();
    await expectDone(helper, "open", { device: 0 });
    await expectDone(helper, "arena", { bytes: 1024, hostBytes: 64 });
    await expectDone(helper, "compile", { source: "mix(" });
  }, BUILD_TIMEOUT_MS);
  afterAll(() => helper.close());

  it("tells of devices and libraries", async () => {
    const { answers, status } = await converse([], ["--lib-dir", standInFolder(), "--probe"]);
    expect(status).toBe(0);
    expect(answers).toMatchObject([
      {
        result: {
          driver: { found: true, missing: [] },
          driverVersion: "13.0",
          libraries: {
            nvrtc: { found: true, version: "13.0", missing: [] },
            cublasLt: { found: true, version: "13.1.1", missing: [] },
            cublas: { found: true, version: "13.1.1", missing: [] },
            cudnn: { found: true, version: "9.12.0", missing: [] },
          },
          devices: [{ index: 0, name: "stand-in", capability: [9, 0], multiprocessors: 132 }],
          warnings: [],
        },
      },
    ]);
  });

  it("tells a driver that is too old, and one without a GPU", async () => {
    const probe = (env: Record<string, string>) =>
      converse(['{"id":1,"op":"open","device":0}'], ["--lib-dir", standInFolder()], env);
    expect((await probe({ STAND_IN_LACKS: "cuGraphUpload" })).answers).toMatchObject([
      { error: { code: "driver-too-old", details: { missing: "cuGraphUpload" } } },
    ]);
    expect((await probe({ STAND_IN_LACKS: "cuFuncGetName" })).answers).toMatchObject([
      { ok: true },
    ]);
    expect((await probe({ STAND_IN_NO_GPU: "1" })).answers).toMatchObject([
      { error: { code: "no-device" } },
    ]);
  });

  it("compiles for an architecture without a device", async () => {
    const { answers } = await converse(
      [
        '{"id":1,"op":"compile","arch":"sm_80","source":"x","options":["-DA=1"]}',
        '{"id":2,"op":"compile","arch":"sm_80","source":"#error"}',
      ],
      ["--lib-dir", standInFolder()],
    );
    expect(answers[0]).toEqual({
      id: 1,
      ok: true,
      result: { log: "--gpu-architecture=sm_80\n-DA=1\n", bytes: 2 },
    });
    expect(answers[1]).toMatchObject({
      error: {
        code: "nvrtc-error",
        message: "the source does not compile: source.cu(1): error: #error",
        details: { log: "source.cu(1): error: #error\nmore\n" },
      },
    });
  });

  const refusedNodes: readonly (readonly [string, HelperNode, string])[] = [
    ["a pointer after the arena", kernel([{ ptr: 1025 }]), "/nodes/0/args/0/ptr"],
    ["an argument of no kind", kernel([{ i8: 1 }]), "/nodes/0/args/0"],
    ["an argument of two kinds", kernel([{ i32: 1, i64: 2 }]), "/nodes/0/args/0"],
    ["an argument of no number", kernel([{ f32: "one" }]), "/nodes/0/args/0/f32"],
    ["a large i32", kernel([{ i32: 2 ** 31 }]), "/nodes/0/args/0/i32"],
    ["a module that is not", kernel([], { module: 1 }), "/nodes/0/module"],
    ["a function that is not", kernel([], { function: "show" }), "/nodes/0/function"],
    ["a grid of nothing", kernel([], { grid: [1, 0, 1] }), "/nodes/0/grid/1"],
    ["a grid of two", kernel([], { grid: [1, 1] }), "/nodes/0/grid"],
    ["a gemm past the arena", gemm({ c: { offset: 1004, leading: 2 } }), "/nodes/0/c"],
    ["a gemm's short column", gemm({ b: { offset: 0, leading: 3 } }), "/nodes/0/b/leading"],
    ["a gemm's short column, transposed", gemm({ transposeA: true }), "/nodes/0/a/leading"],
    ["a gemm on itself", gemm({ batch: 2 }), "/nodes/0/c/stride"],
    [
      "a gemm larger than numbers",
      gemm({ batch: 2 ** 31 - 1, a: { offset: 0, leading: 2, stride: 2 ** 40 } }),
      "/nodes/0/a",
    ],
    ["a conv of 3 dims", conv({ x: { offset: 0, dims: [1, 2, 4] } }), "/nodes/0/x/dims"],
    ["a conv's short pads", conv({ pads: [1] }), "/nodes/0/pads"],
    ["a conv's channels", conv({ groups: 2 }), "/nodes/0/w/dims/1"],
    ["a conv's batch", conv({ y: { offset: 0, dims: [2, 2, 4, 4] } }), "/nodes/0/y/dims/0"],
    ["a conv's outputs", conv({ y: { offset: 0, dims: [1, 3, 4, 4] } }), "/nodes/0/y/dims/1"],
    ["a conv's height", conv({ y: { offset: 0, dims: [1, 2, 3, 4] } }), "/nodes/0/y/dims/2"],
    ["a conv's stride", conv({ strides: [1, 2] }), "/nodes/0/y/dims/3"],
    ["relu without bias", conv({ relu: true }), "/nodes/0/relu"],
    ["a conv past the arena", conv({ y: { offset: 1000, dims: [1, 2, 4, 4] } }), "/nodes/0/y"],
    ["a bias past the arena", conv({ bias: 1020 }), "/nodes/0/bias"],
    ["a copy past the arena", { kind: "copy", src: 0, dst: 1020, bytes: 8 }, "/nodes/0/dst"],
    [
      "a copy past the host memory",
      { kind: "copy", src: 60, dst: 0, bytes: 8, direction: "from-host" },
      "/nodes/0/src",
    ],
    [
      "a memset past the arena",
      { kind: "memset", offset: 1024, bytes: 1, value: 0 },
      "/nodes/0/bytes",
    ],
    [
      "a memset of a large value",
      { kind: "memset", offset: 0, bytes: 1, value: 256 },
      "/nodes/0/value",
    ],
  ];

  it.each(refusedNodes)("refuses %s", async (_name, node, pointer) => {
    const done = await helper.call("program", { nodes: [node] });
    expect(done).toMatchObject({
      ok: false,
      error: [{ code: "helper-refused-request", where: pointer, exit: 4 }],
    });
  });

  it("refuses a conv that cuDNN counts no further than", async () => {
    const dims = [1, 1, 65536, 65536];
    const tensors = { x: { offset: 0, dims }, y: { offset: 0, dims } };
    const node = conv({ ...tensors, w: { offset: 0, dims: [1, 1, 3, 3] } });
    expect(await helper.call("program", { nodes: [node] })).toMatchObject({
      error: [{ code: "gpu-unsupported", where: "/nodes/0/x" }],
    });
  });

  it("takes the best algorithm that is deterministic, fits and can do it", async () => {
    const settled = await helper.call("program", {
      nodes: [
        conv({}),
        conv({ bias: 0 }),
        conv({ bias: 0, relu: true, search: "measure" }),
        // More than the device has: not this one, whatever the limit.
        conv({ math: "tf32", workspaceLimit: 2 ** 41 }),
      ],
    });
    expect(settled).toMatchObject({
      ok: true,
      value: {
        nodes: [
          { algorithm: "winograd-nonfused", workspaceBytes: 128 },
          { algorithm: "implicit-precomp-gemm", workspaceBytes: 128 },
          { algorithm: "winograd-nonfused", workspaceBytes: 128 },
          { algorithm: "winograd-nonfused", workspaceBytes: 128 },
        ],
      },
    });
    expect(await helper.call("program", { nodes: [conv({ workspaceLimit: 63 })] })).toMatchObject({
      error: [{ code: "gpu-unsupported", where: "/nodes/0" }],
    });
  });

  it.each([
    ["upload", { items: [{ base64: "AAA", offset: 0 }] }, "/items/0/base64"],
    ["upload", { items: [{ base64: "AAAA", offset: 1022 }] }, "/items/0"],
    ["fill", { offset: 4, count: 256, seed: 1 }, "/count"],
    ["download", { offset: 1024, bytes: 1 }, "/bytes"],
    ["run", { schedule: { launches: [{ node: 99 }] } }, "/schedule/launches/0/node"],
    ["measure", { schedules: [], rounds: 0 }, "/rounds"],
    ["measure", { schedules: [], rounds: 1, prelude: 99 }, "/prelude"],
    ["arena", { bytes: 0 }, "/bytes"],
  ] as const)("refuses a wrong %s (%#)", async (op, request, pointer) => {
    const done = await helper.call(op, request as never);
    expect(done).toMatchObject({
      ok: false,
      error: [{ code: "helper-refused-request", where: pointer }],
    });
  });

  it("says when memory runs out, and goes on", async () => {
    const other = await testHelper();
    await expectDone(other, "open", { device: 0 });
    expect(await other.call("arena", { bytes: 2 ** 40 })).toMatchObject({
      error: [{ code: "gpu-out-of-memory", exit: 4 }],
    });
    await expectDone(other, "arena", { bytes: 64 });
    await other.close();
  });

  it("is what doctor asks", async () => {
    const findings = await examineGpu({
      cacheFolder: "/nowhere",
      env: {},
      hasDriver: true,
      obtain: async () => ({ ok: true, value: await testHelper() }),
    });
    expect(findings.map(({ name, status }) => `${name} ${status}`)).toEqual([
      "GPU found",
      "NVRTC found",
      "cuBLASLt found",
      "cuBLAS found",
      "cuDNN found",
    ]);
  });

  it("opens no device that is not there", async () => {
    const other = await testHelper();
    expect(await other.call("open", { device: 3 })).toMatchObject({
      error: [{ code: "gpu-missing", message: "there is no device 3; the driver finds 1" }],
    });
    await other.close();
  });
});
