import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { noCompiler, ROOT } from "../support/native-helper.js";

const NATIVE = join(ROOT, "native");

/**
 * Folders with NVIDIA's headers: those of NVIDIA_INCLUDE (separated by colons), else of the newest
 * toolkit below /usr/local. `python3 -m pip download nvidia-cuda-nvrtc nvidia-cublas
 * nvidia-cudnn-cu13` gives those of the libraries.
 */
function headerFolders(): readonly string[] {
  const named = process.env["NVIDIA_INCLUDE"];
  if (named !== undefined) {
    return named.split(":").filter((folder) => folder !== "");
  }
  const toolkits = existsSync("/usr/local")
    ? readdirSync("/usr/local").filter((name) => /^cuda(-[\d.]+)?$/.test(name))
    : [];
  const includes = toolkits.sort().map((name) => `/usr/local/${name}/include`);
  return includes.filter((folder) => existsSync(join(folder, "cuda.h"))).slice(-1);
}

const folders = headerFolders();
const has = (name: string): boolean => folders.some((folder) => existsSync(join(folder, name)));
const noHeaders = noCompiler ?? (has("cuda.h") ? undefined : "no CUDA headers");

const PARTS = [
  ["driver", "cudaTypedefs.h"],
  ["nvrtc", "nvrtc.h"],
  ["cublas", "cublas_v2.h"],
  ["cudnn", "cudnn.h"],
] as const;

/** Compiles the check with the given declarations. */
function check(declarations: string): { readonly status: number | null; readonly said: string } {
  const done = spawnSync(
    process.env["CXX"] ?? "c++",
    [
      "-std=c++17",
      "-fsyntax-only",
      `-I${declarations}`,
      ...folders.flatMap((folder) => ["-isystem", folder]),
      join(NATIVE, "test/abi_check.cpp"),
    ],
    { encoding: "utf8" },
  );
  return { status: done.status, said: done.stderr };
}

describe.skipIf(noHeaders !== undefined)(`declarations (${noHeaders ?? folders.join()})`, () => {
  const folder = mkdtempSync(join(tmpdir(), "abi-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("are those of NVIDIA's headers", () => {
    const { status, said } = check(join(NATIVE, "src"));
    expect({ status, said: status === 0 ? "" : said }).toEqual({ status: 0, said: "" });
    for (const [part, header] of PARTS) {
      expect(said.includes(`checked: ${part}`), part).toBe(has(header));
    }
  });

  it("are of the newest interface up to the one that is asked for", () => {
    const typedefs = folders.map((each) => join(each, "cudaTypedefs.h")).find(existsSync);
    const header = readFileSync(typedefs ?? "", "utf8");
    const ours = readFileSync(join(NATIVE, "src/abi_driver.h"), "utf8");
    const required = ours.slice(0, ours.indexOf("TOPC_DRIVER_OPTIONAL_FUNCTIONS"));
    const declared = [...required.matchAll(/X\((cu\w+), (\d+),/g)];
    expect(declared.length).toBeGreaterThan(45);
    for (const [, name, since] of declared) {
      const known = [...header.matchAll(new RegExp(`\\*PFN_${name}_v(\\d+)\\)`, "g"))]
        .map((match) => Number(match[1]))
        .filter((version) => version <= 12000);
      expect({ name, since: Number(since) }).toEqual({ name, since: Math.max(...known) });
    }
  });

  it.each([
    ["driver", "abi_driver.h", "(graph_exec exec, stream stream)", "(graph_exec exec, int stream)"],
    ["driver", "abi_driver.h", "(float *milliseconds,", "(double *milliseconds,"],
    ["driver", "abi_driver.h", "unsigned long long flags))", "unsigned flags))"],
    ["driver", "abi_driver.h", "(stream stream, int mode)", "(stream stream)"],
    ["driver", "abi_types.h", "  kernel kern;\n  context ctx;", "  context ctx;\n  kernel kern;"],
    ["driver", "abi_types.h", "capability_major = 75", "capability_major = 76"],
    [
      "nvrtc",
      "abi_math.h",
      "(nvrtc_program program, std::size_t * bytes)",
      "(nvrtc_program program, int * bytes)",
    ],
    ["cublas", "abi_math.h", "long long c_stride", "int c_stride"],
    ["cublas", "abi_types.h", "compute_f32_tf32 = 77", "compute_f32_tf32 = 76"],
    ["cudnn", "abi_math.h", "int nan_propagation, double", "int nan_propagation, float"],
    ["cudnn", "abi_types.h", "  int determinism;\n  int math;", "  int math;\n  int determinism;"],
    ["cudnn", "abi_types.h", "cudnn_fma_math = 3", "cudnn_fma_math = 2"],
    ["cudnn", "abi_cudnn_graph.h", "pointwise_swish = 106", "pointwise_swish = 107"],
    ["cudnn", "abi_cudnn_graph.h", "apply_b = 752", "apply_b = 753"],
    ["cudnn", "abi_cudnn_graph.h", "of_double = 5", "of_double = 4"],
    ["cudnn", "abi_cudnn_graph.h", "std::int64_t asked", "int asked"],
    ["cudnn", "abi_cudnn_graph.h", "cudnn_descriptor = void *", "cudnn_descriptor = void **"],
  ])("would show a mistake (%s, %#)", (part, file, right, wrong) => {
    const header = PARTS.find(([name]) => name === part)?.[1] ?? "";
    for (const name of ["abi_cudnn_graph.h", "abi_driver.h", "abi_math.h", "abi_types.h"]) {
      const text = readFileSync(join(NATIVE, "src", name), "utf8");
      expect(name !== file || text.includes(right), right).toBe(true);
      writeFileSync(join(folder, name), name === file ? text.replace(right, wrong) : text);
    }
    const { status, said } = check(folder);
    // Without the library's headers there is nothing to compare with.
    expect({ failed: status !== 0, told: /static assertion|static_assert/.test(said) }).toEqual({
      failed: has(header),
      told: has(header),
    });
  });
});
