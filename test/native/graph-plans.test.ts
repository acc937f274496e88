/**
 * What a real cuDNN plans of the graphs that the helper asks for, without a GPU: since 9.8 cuDNN makes plans for devices that are
 * only described. Plans are compiled, and checked no further; only a device could run them.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ConvBehind, ConvNode } from "../../src/runtime/cuda/client/nodes.js";
import { FUNCTION_NAMES } from "../support/behind-call.js";
import { BUILD_TIMEOUT_MS, noCompiler, ROOT } from "../support/native-helper.js";

const LIBRARIES = (process.env["TOP_COMPILE_CUDA_LIBS"] ?? "")
  .split(delimiter)
  .filter((folder) => folder !== "" && existsSync(folder));

const found = (name: string): string | undefined =>
  LIBRARIES.map((folder) => join(folder, name)).find(existsSync);

/** Parts of cuDNN that call the driver. */
const PARTS = ["libcudnn_graph.so.9", "libcudnn_engines_runtime_compiled.so.9"];

const SKIP_REASON =
  noCompiler ??
  (PARTS.every(found) && LIBRARIES.some((folder) => readdirSync(folder).some(isNvrtc))
    ? undefined
    : "no cuDNN and NVRTC in the folders of TOP_COMPILE_CUDA_LIBS");

function isNvrtc(name: string): boolean {
  return name.startsWith("libnvrtc.so");
}

/** Devices as cuDNN describes them: the figures are those of the data sheets and of CUDA's guide. */
const COMMON = {
  maxGridSize: [2147483647, 65535, 65535],
  maxBlockSize: [1024, 1024, 64],
  regsPerBlock: 65536,
  smCountOrigin: 0,
  warpSize: 32,
  maxSharedMemoryPerBlock: 49152,
  reservedSharedMemoryPerBlock: 1024,
  maxRegistersPerSM: 65536,
  maxCtasPerSM: 32,
  maxThreadsPerBlock: 1024,
  maxThreadsPerSM: 2048,
  pciDeviceId: 0,
  isTccDriver: 0,
  supportCoopLaunch: 1,
  driverVer: 13000,
  cudaDeviceId: 0,
};

const DEVICES = {
  h200: {
    ...COMMON,
    deviceName: "NVIDIA H200",
    deviceVer: 900,
    multiProcessorCount: 132,
    maxSharedMemoryPerBlockOptin: 232448,
    smClockRateKHz: 1980000,
    memClockRateKHz: 3201000,
    l2CacheSize: 62914560,
    totalGlobalMem: 150754820096,
  },
  a100: {
    ...COMMON,
    deviceName: "NVIDIA A100-SXM4-40GB",
    deviceVer: 800,
    multiProcessorCount: 108,
    maxSharedMemoryPerBlockOptin: 166912,
    smClockRateKHz: 1410000,
    memClockRateKHz: 1215000,
    l2CacheSize: 41943040,
    totalGlobalMem: 42505273344,
  },
};

const FOLDER = mkdtempSync(join(tmpdir(), "graph-plans-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));

const compiler = process.env["CXX"] ?? "c++";

/** The program that asks, of the helper's own sources. */
function buildCheck(): void {
  const sources = [
    "test/graph_plan_check",
    "src/conv_graph",
    "src/graph_steps",
    "src/conv_descriptors",
    "src/math_libraries",
    "src/shared_library",
  ].map((name) => join(ROOT, "native", `${name}.cpp`));
  const include = `-I${join(ROOT, "native/third_party")}`;
  const flags = ["-std=c++17", "-O0", include, ...sources, "-ldl", "-o", join(FOLDER, "check")];
  execFileSync(compiler, flags);
}

/** A driver in which every function that cuDNN asks for fails: it has to be there, and no plan uses it. */
function buildDriver(): void {
  const names = new Set<string>();
  for (const part of PARTS) {
    const text = readFileSync(found(part) ?? "", "latin1");
    for (const [, name] of text.matchAll(/\0(cu(?!da|dnn|blas)[A-Z]\w+)(?=\0)/g)) {
      names.add(name ?? "");
    }
  }
  names.delete("cuDriverGetVersion");
  const functions = [...names].map((name) => `int ${name}(void) { return 3; }`);
  const version = "int cuDriverGetVersion(int *version) { *version = 13000; return 0; }";
  writeFileSync(join(FOLDER, "driver.c"), [...functions, version, ""].join("\n"));
  const target = join(FOLDER, "libcuda.so.1");
  execFileSync(compiler, [
    "-x",
    "c",
    "-w",
    "-shared",
    "-fPIC",
    join(FOLDER, "driver.c"),
    "-o",
    target,
  ]);
}

/** What became of each convolution on a device. */
function planned(device: keyof typeof DEVICES, nodes: readonly ConvNode[]): readonly unknown[] {
  const described = join(FOLDER, `${device}.json`);
  writeFileSync(described, JSON.stringify(DEVICES[device]));
  const ran = spawnSync(join(FOLDER, "check"), [described, ...LIBRARIES], {
    input: nodes.map((node) => `${JSON.stringify(node)}\n`).join(""),
    encoding: "utf8",
    env: { ...process.env, LD_LIBRARY_PATH: FOLDER },
  });
  return ran.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
}

const KERNEL = {
  kind: "kernel",
  module: 0,
  function: "behind",
  grid: [1, 1, 1],
  block: [1, 1, 1],
  args: [],
} as const;

const NUMBERS: Readonly<Record<string, readonly number[]>> = {
  clip: [0, 6],
  "leaky-relu": [0.1],
  elu: [1],
  silu: [1],
  "hard-sigmoid": [0.2, 0.5],
};

const behind = (name: string, more: Partial<ConvBehind> = {}): ConvBehind => ({
  function: { name, numbers: NUMBERS[name] ?? [] },
  y: { offset: 0, dims: [1, 64, 14, 14] },
  kernel: KERNEL,
  ...more,
});

const conv = (more: Partial<ConvNode>): ConvNode => ({
  kind: "conv",
  x: { offset: 0, dims: [1, 64, 14, 14] },
  w: { offset: 0, dims: [64, 64, 1, 1] },
  y: { offset: 0, dims: [1, 64, 14, 14] },
  bias: 0,
  behind: behind("silu"),
  pads: [0, 0],
  strides: [1, 1],
  dilations: [1, 1],
  channelsLast: true,
  dtype: "f16",
  math: "tf32",
  ...more,
});

/** ReLU alone is part of the plain call. */
const FUNCTIONS = FUNCTION_NAMES.filter((name) => name !== "relu");

describe.skipIf(SKIP_REASON !== undefined)(`plans of cuDNN (${SKIP_REASON ?? "found"})`, () => {
  beforeAll(() => {
    buildCheck();
    buildDriver();
  }, BUILD_TIMEOUT_MS);

  it.each([
    ["h200", "f16"],
    ["h200", "f32"],
    ["a100", "f16"],
    ["a100", "f32"],
  ] as const)(
    "are made of every activation (%s, %s)",
    (device, dtype) => {
      const nodes = FUNCTIONS.map((name) => conv({ behind: behind(name), dtype }));
      const plans = planned(device, nodes);
      expect(plans).toHaveLength(FUNCTIONS.length);
      expect(plans.filter((plan) => JSON.stringify(plan).includes("refused"))).toEqual([]);
    },
    BUILD_TIMEOUT_MS,
  );

  it(
    "are made with additions, few and odd channels, strides, groups and parts of tensors",
    () => {
      const added = { residual: 0 };
      const { function: _, ...sum } = behind("relu", added);
      const stem = [1, 32, 112, 112];
      const odd = [1, 18, 14, 14];
      const nodes = [
        conv({ residual: 0 }),
        conv({ behind: behind("silu", added) }),
        conv({ relu: true, behind: sum }),
        conv({
          behind: behind("silu", { y: { offset: 0, dims: [1, 64, 14, 14], channels: 128 } }),
        }),
        conv({ w: { offset: 0, dims: [64, 16, 1, 1] }, groups: 4 }),
        conv({
          x: { offset: 0, dims: odd },
          w: { offset: 0, dims: [18, 18, 3, 3] },
          y: { offset: 0, dims: odd },
          behind: behind("hard-swish", { y: { offset: 0, dims: odd } }),
          pads: [1, 1],
        }),
        conv({
          x: { offset: 0, dims: [1, 3, 224, 224] },
          w: { offset: 0, dims: [32, 3, 3, 3] },
          y: { offset: 0, dims: stem },
          behind: behind("silu", { y: { offset: 0, dims: stem } }),
          pads: [1, 1],
          strides: [2, 2],
        }),
      ];
      const plans = planned("h200", nodes);
      expect(plans).toHaveLength(nodes.length);
      expect(plans.filter((plan) => JSON.stringify(plan).includes("refused"))).toEqual([]);
    },
    BUILD_TIMEOUT_MS,
  );

  it(
    "are made of no rows, so that the program asks for none",
    () => {
      const plans = planned("h200", [conv({ channelsLast: false })]);
      expect(plans).toEqual([{ refused: "no engine" }]);
    },
    BUILD_TIMEOUT_MS,
  );
});
