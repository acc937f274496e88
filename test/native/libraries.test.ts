/** What the helper does with drivers and libraries that differ from the best of them. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ConvNode, GemmEpilogue, GemmNode } from "../../src/runtime/cuda/client/nodes.js";
import { converse } from "../support/converse.js";
import {
  BUILD_TIMEOUT_MS,
  expectDone,
  helperPath,
  noCompiler,
  standInFolder,
} from "../support/native-helper.js";
import { floats, mix, opened } from "../support/stand-in-helper.js";

const FOLDER = mkdtempSync(join(tmpdir(), "libraries-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));

/** One pixel, three outputs: y = w x + bias. */
const conv = (more: Partial<ConvNode>): ConvNode => ({
  kind: "conv",
  x: { offset: 0, dims: [1, 1, 1, 2] },
  w: { offset: 64, dims: [3, 1, 1, 1] },
  y: { offset: 1024, dims: [1, 3, 1, 2] },
  pads: [0, 0],
  strides: [1, 1],
  dilations: [1, 1],
  dtype: "f32",
  math: "ieee",
  ...more,
});

describe.skipIf(noCompiler !== undefined)(`convolutions that are refused (${noCompiler})`, () => {
  beforeAll(helperPath, BUILD_TIMEOUT_MS);

  /** The node's settings, its result for x = 2, -1, weights 1, -3, 4 and bias 1, 2, -5, and its kernels. */
  async function convolved(node: ConvNode, env: Record<string, string>) {
    const helper = await opened(1 << 16, env);
    try {
      const numbers: readonly (readonly [number, readonly number[]])[] = [
        [0, [2, -1]],
        [64, [1, -3, 4]],
        [128, [1, 2, -5]],
        [256, [0.5, 1, 2, -6, -4, 10]],
      ];
      const items = numbers.map(([offset, values]) => ({
        base64: Buffer.from(Float32Array.from(values).buffer).toString("base64"),
        offset,
      }));
      await expectDone(helper, "upload", { items });
      const programmed = await expectDone(helper, "program", { nodes: [node] });
      await expectDone(helper, "run", { schedule: { launches: [{ node: 0 }] } });
      const { nodes } = await expectDone(helper, "kernels", {});
      return {
        settings: programmed.nodes[0],
        result: await floats(helper, 1024, 6),
        kernels: nodes[0]?.kernels.map(({ name }) => name),
      };
    } finally {
      await helper.close();
    }
  }

  const PLAIN = [2, -1, -6, 3, 8, -4];
  const WITH_BIAS = [3, 0, -4, 5, 3, -9];
  const WITH_RELU = [3, 0, 0, 5, 3, 0];
  // Added: 0.5, 1, 2, -6, -4, 10.
  const WITH_ADDITION = [3.5, 1, -2, -1, -1, 1];
  const WITH_ALL = [3.5, 1, 0, 0, 0, 1];

  it("take the call with bias and ReLU where cuDNN has it", async () => {
    const done = await convolved(conv({ bias: 128, relu: true }), {});
    expect(done.result).toEqual(WITH_RELU);
    expect(done.settings).not.toHaveProperty("addsBias");
    expect(done.kernels).toEqual(["stand_in_transform", "stand_in_conv"]);
  });

  it("take the call with an addition, with and without ReLU", async () => {
    for (const [relu, wanted] of [
      [false, WITH_ADDITION],
      [true, WITH_ALL],
    ] as const) {
      const done = await convolved(conv({ bias: 128, residual: 256, relu }), {});
      expect(done.result).toEqual(wanted);
      expect(done.kernels).toEqual(["stand_in_transform", "stand_in_conv"]);
    }
  });

  it.each([
    ["an addition", { residual: 256 }, "none", WITH_ADDITION],
    ["an addition and ReLU", { residual: 256, relu: true }, "no-relu", WITH_ALL],
    ["ReLU", { relu: true }, "no-relu", WITH_RELU],
    ["a bias and ReLU", { relu: true }, "none", WITH_RELU],
    ["a bias", {}, "none", WITH_BIAS],
  ] as const)("get a kernel for %s where cuDNN refuses it", async (_, more, refuses, wanted) => {
    const done = await convolved(conv({ bias: 128, ...more }), { STAND_IN_FUSED: refuses });
    expect(done.result).toEqual(wanted);
    expect(done.settings).toMatchObject({ addsBias: true, algorithm: "winograd-nonfused" });
    expect(done.kernels).toEqual(["stand_in_transform", "stand_in_conv", "finish"]);
  });

  it("keep the call for a bias alone where only ReLU is refused", async () => {
    const done = await convolved(conv({ bias: 128 }), { STAND_IN_FUSED: "no-relu" });
    expect(done.result).toEqual(WITH_BIAS);
    expect(done.settings).toMatchObject({ algorithm: "implicit-precomp-gemm" });
    expect(done.settings).not.toHaveProperty("addsBias");
  });

  it("take the next algorithm when one is refused at its call", async () => {
    const done = await convolved(conv({}), { STAND_IN_FORWARD: "7" });
    expect(done.result).toEqual(PLAIN);
    expect(done.settings).toMatchObject({ algorithm: "implicit-precomp-gemm" });
  });
});

describe.skipIf(noCompiler !== undefined)(`products (${noCompiler})`, () => {
  beforeAll(helperPath, BUILD_TIMEOUT_MS);

  const gemm = (epilogue: GemmEpilogue, more: Partial<GemmNode> = {}): GemmNode => ({
    kind: "gemm",
    m: 3,
    n: 2,
    k: 1,
    a: { offset: 0, leading: 3 },
    b: { offset: 64, leading: 1 },
    c: { offset: 1024, leading: 3 },
    dtype: "f32",
    math: "ieee",
    epilogue,
    ...more,
  });

  /** Settings, the result for columns 1, 2, 3 times 2 and -1, bias 1, -4, 0 and additions 0.5, and kernels. */
  async function multiplied(node: GemmNode, env: Record<string, string>) {
    const helper = await opened(1 << 16, env);
    try {
      const numbers: readonly (readonly [number, readonly number[]])[] = [
        [0, [1, 2, 3]],
        [64, [2, -1]],
        [128, [1, -4, 0]],
        [256, new Array<number>(8).fill(0.5)],
      ];
      const items = numbers.map(([offset, values]) => ({
        base64: Buffer.from(Float32Array.from(values).buffer).toString("base64"),
        offset,
      }));
      await expectDone(helper, "upload", { items });
      const programmed = await expectDone(helper, "program", { nodes: [node] });
      await expectDone(helper, "run", { schedule: { launches: [{ node: 0 }] } });
      const { nodes } = await expectDone(helper, "kernels", {});
      const { leading } = node.c;
      const all = await floats(helper, node.c.offset, 2 * leading);
      return {
        settings: programmed.nodes[0],
        result: [...all.slice(0, 3), ...all.slice(leading, leading + 3)],
        kernels: nodes[0]?.kernels.map(({ name }) => name),
      };
    } finally {
      await helper.close();
    }
  }

  const gelu = (x: number): number =>
    (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
  const SUMS = [3.5, 0.5, 6.5, 0.5, -5.5, -2.5];
  const CASES: readonly (readonly [string, GemmEpilogue, readonly number[]])[] = [
    ["a bias", { bias: 128 }, SUMS.map((sum) => sum - 0.5)],
    ["an addition", { residual: 256 }, [2.5, 4.5, 6.5, -0.5, -1.5, -2.5]],
    ["both", { bias: 128, residual: 256 }, SUMS],
    ["ReLU", { bias: 128, residual: 256, activation: "relu" }, [3.5, 0.5, 6.5, 0.5, 0, 0]],
    ["GELU", { bias: 128, residual: 256, activation: "gelu" }, SUMS.map(gelu)],
    ["GELU alone", { activation: "gelu" }, [2, 4, 6, -1, -2, -3].map(gelu)],
  ];

  it.each(CASES)(
    "with %s are one call, and without cuBLASLt a kernel more",
    async (_, all, sums) => {
      for (const refuses of ["", "none"]) {
        for (const leading of [3, 4]) {
          const c = { offset: 1024, leading };
          const env: Record<string, string> = refuses === "" ? {} : { STAND_IN_EPILOGUES: refuses };
          const done = await multiplied(gemm(all, { c }), env);
          done.result.forEach((value, i) => {
            expect(value).toBeCloseTo(sums[i] ?? Number.NaN, 5);
          });
          expect(done.kernels).toEqual(
            refuses === "" ? ["stand_in_matmul"] : ["stand_in_gemm", "finish"],
          );
          expect(done.settings).toMatchObject(
            refuses === "" ? { workspaceBytes: 128 } : { addsBias: true, workspaceBytes: 0 },
          );
        }
      }
    },
  );

  it("are told of places that are not aligned", async () => {
    const done = await multiplied(gemm({ bias: 128 }, { c: { offset: 1036, leading: 3 } }), {});
    expect(done.result).toEqual([3, 0, 6, 0, -6, -3]);
    expect(done.kernels).toEqual(["stand_in_matmul"]);
  });

  it("are refused with what cuBLASLt has not, and where they leave the memory", async () => {
    const helper = await opened(4096);
    try {
      for (const [node, pointer] of [
        [gemm({ bias: 128 }, { beta: 1 }), "/nodes/0/epilogue"],
        [gemm({ bias: 128 }, { batch: 2 }), "/nodes/0/epilogue"],
        [gemm({ bias: 4088 }), "/nodes/0/epilogue/bias"],
        [gemm({ residual: 4080 }), "/nodes/0/epilogue/residual"],
      ] as const) {
        const refused = await helper.call("program", { nodes: [node] });
        expect(refused.ok ? "" : JSON.stringify(refused.error)).toContain(pointer);
      }
    } finally {
      await helper.close();
    }
  });
});

describe.skipIf(noCompiler !== undefined)(`other drivers (${noCompiler ?? ""})`, () => {
  beforeAll(helperPath, BUILD_TIMEOUT_MS);

  const kernelNames = async (env: Record<string, string>): Promise<unknown> => {
    const helper = await opened(1 << 16, env);
    try {
      await expectDone(helper, "program", { nodes: [conv({}), mix(0, 8, 16, 1)] });
      const { nodes } = await expectDone(helper, "kernels", {});
      return nodes.map(({ kernels }) => kernels.map(({ name }) => name));
    } finally {
      await helper.close();
    }
  };
  const IN_ORDER = [["stand_in_transform", "stand_in_conv"], ["mix"]];

  it("tell the order of kernels that start before the one before them has ended", async () => {
    expect(await kernelNames({ STAND_IN_EARLY: "1" })).toEqual(IN_ORDER);
  });

  it("tell the order without the data of edges, if nothing is lost by that", async () => {
    expect(await kernelNames({ STAND_IN_LACKS: "cuGraphNodeGetDependencies_v2" })).toEqual(
      IN_ORDER,
    );
  });

  it("leave kernels in their own order where they refuse to tell it", async () => {
    const env = { STAND_IN_EARLY: "1", STAND_IN_LACKS: "cuGraphNodeGetDependencies_v2" };
    // The stand-in gives the nodes of a graph backwards.
    expect(await kernelNames(env)).toEqual([["stand_in_conv", "stand_in_transform"], ["mix"]]);
  });

  it("are asked for no interface that they lack", async () => {
    // Asked for more, a driver gives the older function of the name, which takes other arguments.
    expect(await kernelNames({ STAND_IN_DRIVER: "12020" })).toEqual([["", ""], [""]]);
  });

  it("give no names of kernels", async () => {
    expect(await kernelNames({ STAND_IN_LACKS: "cuFuncGetName" })).toEqual([["", ""], [""]]);
  });

  it("keep one context for the whole process, however often a device is opened", async () => {
    const trace = join(FOLDER, "trace");
    const helper = await opened(256, { STAND_IN_TRACE: trace });
    for (let i = 0; i < 3; i++) {
      await expectDone(helper, "open", { device: 0 });
      await expectDone(helper, "arena", { bytes: 64 });
    }
    await helper.close();
    const calls = readFileSync(trace, "utf8").trimEnd().split("\n");
    expect(calls.filter((call) => call.startsWith("cuDevicePrimaryCtx"))).toEqual([
      "cuDevicePrimaryCtxRetain",
    ]);
    expect(calls.filter((call) => call === "cuCtxSetCurrent")).toHaveLength(4);
  });
});

describe.skipIf(noCompiler !== undefined)(`folders of libraries (${noCompiler ?? ""})`, () => {
  beforeAll(helperPath, BUILD_TIMEOUT_MS);

  /** All of the stand-in is one file under several names; here each name lies where `where` says. */
  function layout(name: string, where: (library: string) => string): string {
    const root = join(FOLDER, name);
    const libraries = ["libcuda.so.1", "libnvrtc.so.13", "libcublas.so.13", "libcublasLt.so.13"];
    mkdirSync(join(root, "lib/python3.12/site-packages/nvidia"), { recursive: true });
    mkdirSync(join(root, "bin"), { recursive: true });
    copyFileSync(join(standInFolder(), "it.so"), join(root, "it.so"));
    for (const library of [...libraries, "libcudnn.so.9"]) {
      const path = join(root, where(library), library);
      mkdirSync(dirname(path), { recursive: true });
      symlinkSync(join(root, "it.so"), path);
    }
    return root;
  }

  const python = (root: string, to: string): void => symlinkSync(to, join(root, "bin/python3"));

  const found = async (env: Record<string, string>): Promise<unknown> => {
    const { answers } = await converse([], ["--probe"], env);
    const { result } = answers[0] as { result: { libraries: Record<string, { found: boolean }> } };
    return Object.values(result.libraries).map((library) => library.found);
  };
  const ALL = [true, true, true, true];
  const packages = "lib/python3.12/site-packages/nvidia";

  it.each([
    ["CUDA 13's packages", (name: string) => (/dnn/.test(name) ? "cudnn/lib" : "cu13/lib")],
    [
      "the packages before",
      (name: string) =>
        `${/dnn/.test(name) ? "cudnn" : /blas/.test(name) ? "cublas" : "cuda_nvrtc"}/lib`,
    ],
  ])("are those of %s, of a Python that others are links to", async (name, part) => {
    const root = layout(name, (library) => join(packages, part(library)));
    const venv = join(FOLDER, `${name} in between`);
    const path = join(FOLDER, `${name} on the path`);
    for (const folder of [venv, path]) {
      mkdirSync(join(folder, "bin"), { recursive: true });
    }
    copyFileSync("/bin/true", join(root, "bin/python3.12"));
    python(root, "python3.12");
    python(venv, join(root, "bin/python3"));
    python(path, `../../${name} in between/bin/python3`);
    expect(await found({ PATH: "/nowhere/bin" })).toEqual([false, false, false, false]);
    expect(await found({ PATH: `/nowhere/bin:${join(path, "bin")}` })).toEqual(ALL);
    // The link in the middle counts too: a virtual environment has packages of its own.
    const own = layout(`${name} of the environment`, (library) => join(packages, part(library)));
    rmSync(join(venv, "bin/python3"));
    python(own, "/bin/true");
    python(venv, join(own, "bin/python3"));
    expect(await found({ PATH: join(path, "bin") })).toEqual(ALL);
  });

  it("are those of conda", async () => {
    const root = layout("conda", () => "lib");
    expect(await found({ PATH: "/nowhere", CONDA_PREFIX: root })).toEqual(ALL);
  });
});
