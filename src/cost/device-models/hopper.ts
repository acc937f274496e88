import type { DeviceModel } from "../device-model.js";
import { DISPATCH_SOURCE, EVENT_SOURCE, SHARED_ASSUMPTIONS } from "./assumptions.js";

const ARCHITECTURE = "NVIDIA H100 Tensor Core GPU Architecture whitepaper";
const CAPABILITY = "CUDA C++ Programming Guide, technical specifications, compute capability 9.0";
const ASSUMED =
  "assumed, to be replaced by a measured profile: typical of published measurements of CUDA graphs";

const TRACED =
  "medians of public profiler traces of an H100: kernels of one or two thread blocks, and gaps between kernels of one stream (TraceLens, MIT)";

const SM = {
  sms: 132,
  threadBlocksPerSm: 32,
  threadsPerSm: 2048,
  registersPerSm: 65_536,
  sharedBytesPerSm: 233_472,
  sharedBytesReservedPerBlock: 1024,
  l2Bytes: 52_428_800,
  flops: { float32: 66.9e12, tensorFloat32: 494.7e12, float16: 989.4e12 },
  launchGapNs: 1100,
  eventNs: 1500,
  kernelFloorNs: 1500,
  reached: { bandwidth: 0.85, float32: 0.9 },
  residentGrids: 128,
  ranges: {
    kernelFloorNs: {
      low: 1100,
      high: 2300,
      source:
        "the shortest of 16 kernels of one or two thread blocks in a public trace of an H100 (TraceLens, MIT), and what three in four of them are below",
    },
    launchGapNs: {
      low: 500,
      high: 1400,
      source:
        "assumed: half, since the traces are of launches outside of graphs, which prepare less ahead; the largest median of the public traces of H100s (TraceLens, MIT)",
    },
    eventNs: { low: 1100, high: 4500, source: EVENT_SOURCE },
    dispatchNs: { low: 0, high: 1100, source: DISPATCH_SOURCE },
    ...SHARED_ASSUMPTIONS,
  },
} as const;

const SOURCES = {
  sms: `${ARCHITECTURE}, H100 SXM5: 132 SMs`,
  threadBlocksPerSm: CAPABILITY,
  threadsPerSm: CAPABILITY,
  registersPerSm: CAPABILITY,
  sharedBytesPerSm: `${CAPABILITY}: 228 KiB`,
  sharedBytesReservedPerBlock: `${CAPABILITY}: 1 KiB per thread block`,
  l2Bytes: `${ARCHITECTURE}: 50 MiB`,
  flops: `${ARCHITECTURE}, H100 SXM5, dense`,
  launchGapNs: TRACED,
  eventNs: ASSUMED,
  kernelFloorNs: TRACED,
  reached:
    "element-wise times and 32-bit products of PyTorch on an H100 (NeuSight, MIT); the products draw more power than the GPU may",
  residentGrids: `${CAPABILITY}: 128 resident grids`,
} as const;

/** NVIDIA H100 SXM5, 80 GB. */
export const H100: DeviceModel = {
  name: "h100",
  product: "NVIDIA H100 SXM5 80GB",
  ...SM,
  memoryBandwidth: 3.35e12,
  memoryBytes: 80 * 2 ** 30,
  sources: {
    ...SOURCES,
    memoryBandwidth: "NVIDIA H100 data sheet, SXM: 3.35 TB/s",
    memoryBytes: "NVIDIA H100 data sheet, SXM: 80 GB, read as GiB, the larger",
  },
};

/** NVIDIA H200 SXM, 141 GB: the chip of the H100 with faster memory. */
export const H200: DeviceModel = {
  name: "h200",
  product: "NVIDIA H200 SXM 141GB",
  ...SM,
  memoryBandwidth: 4.8e12,
  memoryBytes: 141 * 2 ** 30,
  sources: {
    ...SOURCES,
    memoryBandwidth: "NVIDIA H200 data sheet: 4.8 TB/s",
    memoryBytes: "NVIDIA H200 data sheet: 141 GB, read as GiB, the larger",
  },
};
