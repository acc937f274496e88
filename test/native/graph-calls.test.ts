/** Convolutions with something behind, by the helper over stand-ins whose cuDNN computes graphs of both, or refuses them. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.js";
import { GpuHelper } from "../../src/runtime/cuda/client/gpu-helper.js";
import type { ConvBehind, ConvNode, HelperNode } from "../../src/runtime/cuda/client/nodes.js";
import { convolveWithBehind, FUNCTION_NAMES } from "../support/behind-call.js";
import { convolve } from "../support/device-emulator.js";
import { type Elements, elementsAt } from "../support/device-memory.js";
import {
  BUILD_TIMEOUT_MS,
  expectDone,
  helperPath,
  noCompiler,
  standInFolder,
  testHelper,
} from "../support/native-helper.js";

const FOLDER = mkdtempSync(join(tmpdir(), "graph-calls-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));

const X = { offset: 0, dims: [2, 4, 5, 3] };
const W = { offset: 1024, dims: [6, 2, 3, 2] };
/** What the convolution writes where its graph is refused, and the result. */
const BETWEEN = { offset: 12_288, dims: [2, 6, 3, 2] };
const Y = { offset: 8192, dims: [2, 6, 3, 2] };
const [BIAS, RESIDUAL, ADDED] = [3072, 4096, 6144] as const;
const BYTES = 1 << 14;
/** Elements from the start of the result that are looked at: of all channels of a tensor that it is part of. */
const RESULT = 120;

/** Doubles what the convolution writes: not what any graph does, so that a result tells which of the two ran. */
const DOUBLE = `extern "C" __global__ void twice(const float* x, float* y) {
  y[threadIdx.x] = 2.0f * x[threadIdx.x];
}`;

const KERNEL: ConvBehind["kernel"] = {
  kind: "kernel",
  module: 0,
  function: "twice",
  grid: [1, 1, 1],
  block: [72, 1, 1],
  args: [{ ptr: BETWEEN.offset }, { ptr: Y.offset }],
};

const NUMBERS: Readonly<Record<string, readonly number[]>> = {
  clip: [-1, 6],
  "leaky-relu": [0.1],
  elu: [0.7],
  silu: [1.5],
  "hard-sigmoid": [0.2, 0.5],
};

const applied = (name: string): NonNullable<ConvBehind["function"]> => ({
  name,
  numbers: NUMBERS[name] ?? [],
});

const conv = (behind: Partial<ConvBehind>, more: Partial<ConvNode> = {}): ConvNode => ({
  kind: "conv",
  x: X,
  w: W,
  y: BETWEEN,
  bias: BIAS,
  behind: { y: Y, kernel: KERNEL, ...behind },
  pads: [1, 0],
  strides: [2, 1],
  dilations: [1, 1],
  groups: 2,
  channelsLast: true,
  dtype: "f32",
  math: "tf32",
  ...more,
});

/** Eighths, whose products and sums are exact in any order. */
function arena(type: "f32" | "f16"): ArrayBuffer {
  const random = seededRandom(4);
  const memory = new ArrayBuffer(BYTES);
  const all = elementsAt(type, memory, 0, BYTES / (type === "f32" ? 4 : 2));
  for (let i = 0; i < all.count; i++) {
    all.set(i, (random.integer(15) - 7) / 8);
  }
  return memory;
}

/** Elements of the result by definition; where the graph is refused, by the kernel behind the convolution. */
function wanted(node: ConvNode, isRefused = false): readonly number[] {
  const type = node.dtype === "f16" ? "f16" : "f32";
  const memory = arena(type);
  const at = (offset: number): Elements => elementsAt(type, memory, offset, 400);
  const tensor = ({ offset, dims }: ConvNode["x"]) => ({ elements: at(offset), dims });
  const call = {
    x: tensor(node.x),
    w: tensor(node.w),
    y: tensor(node.y),
    bias: node.bias === undefined ? undefined : at(node.bias),
    residual: node.residual === undefined ? undefined : at(node.residual),
    relu: node.relu === true,
    pads: node.pads,
    strides: node.strides,
    dilations: node.dilations,
    groups: node.groups ?? 1,
    isChannelsLast: node.channelsLast === true,
  };
  if (isRefused) {
    convolve(call);
    for (let i = 0; i < 72; i++) {
      at(Y.offset).set(i, 2 * call.y.elements.get(i));
    }
  } else {
    convolveWithBehind(call, node.behind!, at);
  }
  return Array.from({ length: RESULT }, (_, i) => at(Y.offset).get(i));
}

async function started(type: "f32" | "f16", env: Record<string, string>): Promise<GpuHelper> {
  const helper = await testHelper({ env });
  await prepare(helper, type);
  return helper;
}

async function prepare(helper: GpuHelper, type: "f32" | "f16"): Promise<void> {
  await expectDone(helper, "open", { device: 0 });
  await expectDone(helper, "arena", { bytes: BYTES });
  await expectDone(helper, "compile", { source: DOUBLE });
  const base64 = Buffer.from(arena(type)).toString("base64");
  await expectDone(helper, "upload", { items: [{ base64, offset: 0 }] });
}

/** The first node's settings, its kernels, and what it writes, through a captured graph. */
async function ran(helper: GpuHelper, node: ConvNode) {
  const programmed = await expectDone(helper, "program", { nodes: [node] });
  await expectDone(helper, "run", { schedule: { launches: [{ node: 0 }] } });
  const { nodes } = await expectDone(helper, "kernels", {});
  const type = node.dtype === "f16" ? "f16" : "f32";
  const bytes = RESULT * (type === "f16" ? 2 : 4);
  const { base64 = "" } = await expectDone(helper, "download", { offset: Y.offset, bytes });
  const memory = Uint8Array.from(Buffer.from(base64, "base64")).buffer;
  const elements = elementsAt(type, memory, 0, RESULT);
  return {
    settings: programmed.nodes[0],
    graphs: programmed.graphs,
    kernels: nodes[0]?.kernels.map(({ name }) => name),
    result: Array.from({ length: RESULT }, (_, i) => elements.get(i)),
  };
}

async function alone(node: ConvNode, env: Record<string, string> = {}) {
  const helper = await started(node.dtype === "f16" ? "f16" : "f32", env);
  try {
    return await ran(helper, node);
  } finally {
    await helper.close();
  }
}

function expectNear(result: readonly number[], right: readonly number[], tolerance: number): void {
  const far = result.filter((value, i) => !(Math.abs(value - right[i]!) <= tolerance));
  expect(far).toEqual([]);
}

describe.skipIf(noCompiler !== undefined)(`graphs of convolutions (${noCompiler})`, () => {
  beforeAll(helperPath, BUILD_TIMEOUT_MS);

  it(
    "compute every function, with additions before and behind, in both layouts and types",
    async () => {
      let seen = 0;
      for (const dtype of ["f32", "f16"] as const) {
        const helper = await started(dtype, {});
        for (const name of FUNCTION_NAMES) {
          for (const more of [{}, { residual: RESIDUAL }, { relu: true }] as const) {
            for (const channelsLast of [true, false]) {
              const behind = {
                function: applied(name),
                ...(seen % 2 === 0 ? { residual: ADDED } : {}),
              };
              const node = conv(behind, { ...more, channelsLast, dtype });
              const done = await ran(helper, node);
              // Half a step of a half of 32, and what the series of the error function leaves out.
              expectNear(done.result, wanted(node), dtype === "f16" ? 2 ** -6 : 2e-5);
              expect(done.kernels).toEqual(["stand_in_graph"]);
              expect(done.settings).toEqual({
                algorithm: dtype === "f16" ? "engine-3" : "engine-4",
                behind: "graph",
                workspaceBytes: 768,
              });
              seen++;
            }
          }
        }
        await helper.close();
      }
      expect(seen).toBe(2 * 13 * 6);
    },
    BUILD_TIMEOUT_MS,
  );

  it("add without a function, write among other channels, and need no bias", async () => {
    const sum = conv({ residual: ADDED }, { relu: true });
    expectNear((await alone(sum)).result, wanted(sum), 2e-5);
    const part = conv({ function: applied("silu"), y: { ...Y, channels: 10 } });
    const done = await alone(part);
    expectNear(done.result, wanted(part), 2e-5);
    expect(done.result).not.toEqual(wanted(conv({ function: applied("silu") })));
    const { bias: _, ...bare } = conv({ function: applied("hard-swish") });
    expectNear((await alone(bare)).result, wanted(bare), 2e-5);
  });

  it.each(["none", "plans", "execution"])(
    "are a call and a kernel where cuDNN refuses them (%s)",
    async (refuses) => {
      const node = conv({ function: applied("silu") });
      const done = await alone(node, { STAND_IN_GRAPH: refuses });
      expect(done.result).toEqual(wanted(node, true));
      expect(done.settings).toMatchObject({ behind: "kernel", algorithm: "implicit-precomp-gemm" });
      expect(done.kernels).toEqual(["stand_in_transform", "stand_in_conv", "twice"]);
    },
  );

  it("are refused in rows alone by a cuDNN that wants channels last", async () => {
    const env = { STAND_IN_GRAPH: "rows" };
    for (const channelsLast of [true, false]) {
      const node = conv({ function: applied("silu") }, { channelsLast });
      const done = await alone(node, env);
      expect(done.settings?.behind).toBe(channelsLast ? "graph" : "kernel");
      expectNear(done.result, wanted(node, !channelsLast), 2e-5);
    }
  });

  it("keep the kernels of what else cuDNN refuses", async () => {
    const node = conv({ function: applied("silu") }, { residual: RESIDUAL, relu: true });
    const done = await alone(node, { STAND_IN_GRAPH: "none", STAND_IN_FUSED: "none" });
    expect(done.result).toEqual(wanted(node, true));
    expect(done.settings).toMatchObject({ addsBias: true, behind: "kernel" });
    expect(done.kernels).toEqual(["stand_in_transform", "stand_in_conv", "finish", "twice"]);
  });

  it("take the next engine where one is not planned, full precision where it is asked for", async () => {
    const silu = { function: applied("silu") };
    const next = await alone(conv(silu), { STAND_IN_GRAPH: "first" });
    expect(next.settings?.algorithm).toBe("engine-7");
    const full = await alone(conv(silu, { math: "ieee" }));
    expect(full.settings?.algorithm).toBe("engine-8");
    // Halves are narrow already.
    const half = await alone(conv(silu, { dtype: "f16" }));
    expect(half.settings?.algorithm).toBe("engine-3");
  });

  it("are refused where the workspace is too large", async () => {
    const node = conv({ function: applied("silu") }, { workspaceLimit: 767 });
    const done = await alone(node);
    expect(done.settings?.behind).toBe("kernel");
    expect(done.result).toEqual(wanted(node, true));
  });

  it("share plans where they are equal, and keep them for the next program", async () => {
    const helper = await started("f32", {});
    const silu = conv({ function: applied("silu") });
    const moved = {
      ...silu,
      x: { ...X, offset: 16 },
      behind: { ...silu.behind!, residual: ADDED },
    };
    const shifted = { ...silu, x: { ...X, offset: 4 } };
    const graphsOf = async (...nodes: readonly HelperNode[]) => {
      const { graphs } = await expectDone(helper, "program", { nodes });
      return graphs?.different;
    };
    expect(await graphsOf(silu, { ...silu, x: { ...X, offset: 32 } })).toBe(1);
    expect(await graphsOf(silu, moved)).toBe(2);
    // Another alignment, another number.
    expect(await graphsOf(shifted)).toBe(3);
    expect(await graphsOf(conv({ function: { name: "silu", numbers: [1] } }))).toBe(4);
    const { graphs } = await expectDone(helper, "program", { nodes: [silu] });
    expect(graphs?.planMs).toBeGreaterThanOrEqual(0);
    await helper.close();
  });

  it("have a workspace on every stream", async () => {
    const helper = await started("f32", {});
    const node = conv({ function: applied("mish") });
    const other = conv({ function: applied("mish"), y: { ...Y, offset: 10_240 } });
    await expectDone(helper, "program", { nodes: [node, other] });
    const launches = [{ node: 0 }, { node: 1, stream: 1 }];
    for (const mode of ["graph", "eager"] as const) {
      await expectDone(helper, "run", { schedule: { launches, mode }, replays: 2 });
    }
    const read = async (offset: number) =>
      (await expectDone(helper, "download", { offset, bytes: 288 })).base64;
    expect(await read(Y.offset)).toBe(await read(10_240));
    await helper.close();
  });

  it("are a call and a kernel with a cuDNN that has none", async () => {
    // The name of one function is another one in this library.
    const library = readFileSync(join(standInFolder(), "it.so"));
    const at = library.indexOf("\0cudnnBackendExecute\0");
    expect(at).toBeGreaterThan(0);
    library.write("cudnnBackendExecutE", at + 1, "latin1");
    const folder = join(FOLDER, "older");
    mkdirSync(folder);
    writeFileSync(join(folder, "it.so"), library);
    for (const name of ["cuda.so.1", "nvrtc.so.13", "cublas.so.13", "cudnn.so.9"]) {
      symlinkSync("it.so", join(folder, `lib${name}`));
    }
    const helper = new GpuHelper({
      program: {
        path: await helperPath(),
        args: ["--lib-dir", folder],
        env: { PATH: process.env["PATH"] },
      },
    });
    await prepare(helper, "f32");
    const node = conv({ function: applied("silu") });
    const done = await ran(helper, node);
    expect(done.settings?.behind).toBe("kernel");
    expect(done.graphs).toBeUndefined();
    expect(done.result).toEqual(wanted(node, true));
    await helper.close();
  });

  it.each([
    [{}, "/behind"],
    [{ function: { name: "cube", numbers: [] } }, "/behind/function/name"],
    [{ function: { name: "silu", numbers: [] } }, "/behind/function/numbers"],
    [
      { function: { name: "clip", numbers: ["-Infinity", "Infinity"] } },
      "/behind/function/numbers",
    ],
    [{ function: { name: "elu", numbers: ["NaN"] } }, "/behind/function/numbers"],
    [{ function: applied("silu"), kernel: { ...KERNEL, module: 7 } }, "/behind/kernel/module"],
    [{ function: applied("silu"), residual: BYTES - 4 }, "/behind/residual"],
    [{ function: applied("silu"), y: { ...Y, offset: BYTES - 4 } }, "/behind/y"],
    [{ function: applied("silu"), y: { ...Y, dims: [2, 6, 3, 1] } }, "/behind/y/dims/3"],
  ] as const)("are refused where they are wrong (%j)", async (behind, pointer) => {
    const helper = await started("f32", {});
    const refused = await helper.call("program", { nodes: [conv(behind as Partial<ConvBehind>)] });
    expect(refused.ok ? "" : JSON.stringify(refused.error)).toContain(`/nodes/0${pointer}`);
    await helper.close();
  });
});
