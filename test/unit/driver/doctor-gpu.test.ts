import { describe, expect, it } from "vitest";
import { examineGpu, findingsOfProbe } from "../../../src/driver/doctor-gpu.js";
import type { LibraryReport, ProbeResult } from "../../../src/runtime/cuda/client/devices.js";
import { compilerMissing } from "../../../src/runtime/cuda/client/failures.js";

const found = (version: string): LibraryReport => ({
  found: true,
  path: `/libs/${version}`,
  version,
  missing: [],
});

const PROBE: ProbeResult = {
  driver: found("13.0"),
  driverVersion: "13.0",
  libraries: {
    nvrtc: found("13.0"),
    cublasLt: found("13.1.0"),
    cublas: found("13.1.0"),
    cudnn: found("9.12.0"),
  },
  devices: [
    {
      index: 0,
      name: "NVIDIA H200",
      capability: [9, 0],
      multiprocessors: 132,
      threadsPerMultiprocessor: 2048,
      blocksPerMultiprocessor: 32,
      registersPerMultiprocessor: 65536,
      sharedBytesPerMultiprocessor: 233472,
      sharedBytesPerBlock: 232448,
      sharedBytesReservedPerBlock: 1024,
      threadsPerBlock: 1024,
      warpSize: 32,
      l2Bytes: 62914560,
      memoryBytes: 150_000_000_000,
      clockKhz: 1980000,
      memoryClockKhz: 3201000,
      memoryBusBits: 6144,
    },
  ],
  warnings: [],
};

describe("doctor on a machine with a GPU", () => {
  it("tells the GPU and the libraries", () => {
    expect(findingsOfProbe(PROBE)).toEqual([
      {
        name: "GPU",
        status: "found",
        value:
          "cuda:0 NVIDIA H200, 132 multiprocessors, 139.7 GiB, compute capability 9.0; driver for CUDA 13.0",
      },
      { name: "NVRTC", status: "found", value: "13.0, /libs/13.0" },
      { name: "cuBLASLt", status: "found", value: "13.1.0, /libs/13.1.0" },
      { name: "cuBLAS", status: "found", value: "13.1.0, /libs/13.1.0" },
      { name: "cuDNN", status: "found", value: "9.12.0, /libs/9.12.0" },
    ]);
  });

  it("says what is missing and what to do", () => {
    const cudnn: LibraryReport = { found: false, tried: [{ name: "libcudnn.so.9", error: "no" }] };
    const cublas: LibraryReport = { found: true, path: "/libs/x", missing: ["a", "b"] };
    const findings = findingsOfProbe({
      ...PROBE,
      libraries: { ...PROBE.libraries, cudnn, cublas },
      warnings: ["NVRTC is of CUDA 13, cuBLAS of CUDA 12"],
    });
    expect(findings.filter(({ hint }) => hint !== undefined)).toEqual([
      {
        name: "cuBLAS",
        status: "missing",
        value: "of unknown version, /libs/x lacks a, b",
        hint: "pip install nvidia-cublas, or name its folder in TOP_COMPILE_CUDA_LIBS",
      },
      {
        name: "cuDNN",
        status: "missing",
        value: "not found; it does convolutions",
        hint: "pip install nvidia-cudnn-cu13, or name its folder in TOP_COMPILE_CUDA_LIBS",
      },
      {
        name: "CUDA libraries",
        status: "found",
        value: "NVRTC is of CUDA 13, cuBLAS of CUDA 12",
        hint: "libraries of one release belong together; TOP_COMPILE_CUDA_LIBS chooses others",
      },
    ]);
  });

  it("says why the GPU cannot be used", () => {
    const problem = {
      code: "no-device",
      message: "the driver finds no GPU",
      fatal: false,
    } as const;
    expect(findingsOfProbe({ ...PROBE, devices: [], problem })[0]).toMatchObject({
      name: "GPU",
      status: "missing",
      value: "the driver finds no GPU",
    });
  });

  it("says why there is no helper", async () => {
    const examined = await examineGpu({
      cacheFolder: "/nowhere",
      env: {},
      hasDriver: true,
      obtain: async () => ({ ok: false, error: [compilerMissing(["c++"])] }),
    });
    expect(examined).toEqual([
      {
        name: "GPU helper",
        status: "missing",
        value: expect.stringContaining("no C++ compiler was found (c++)"),
        hint: expect.stringContaining("install g++"),
      },
    ]);
  });

  it("needs nothing where there is no driver", async () => {
    expect(await examineGpu({ cacheFolder: "/nowhere", env: {}, hasDriver: false })).toMatchObject([
      { name: "GPU", status: "absent" },
    ]);
  });
});
