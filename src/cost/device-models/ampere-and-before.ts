import type { DeviceModel } from "../device-model.js";
import { DISPATCH_SOURCE, EVENT_SOURCE, SHARED_ASSUMPTIONS } from "./assumptions.js";

const GRIDS =
  "CUDA C++ Programming Guide, technical specifications, resident grids, compute capability";
const ASSUMED =
  "assumed, to be replaced by a measured profile: typical of published measurements of CUDA graphs";

const TRACED =
  "medians of public profiler traces: kernels of one or two thread blocks, and gaps between kernels of one stream (HolisticTraceAnalysis, MIT)";
const REACHED = "straight lines through element-wise times of PyTorch (NeuSight, MIT)";

const ASSUMED_SOURCES = { launchGapNs: ASSUMED, eventNs: ASSUMED, kernelFloorNs: ASSUMED } as const;

const TRACED_SOURCES = { launchGapNs: TRACED, eventNs: ASSUMED, kernelFloorNs: TRACED } as const;

const FLOOR_SPREAD =
  "assumed: three quarters and one and a half times of it, as far as small kernels in a trace of an H100 are apart (TraceLens, MIT)";
const GAP_SPREAD =
  "assumed: half, since traces are of launches outside of graphs, which prepare less ahead; 1.3 times, as traces of H100s differ";

function capability(version: string): string {
  return `CUDA C++ Programming Guide, technical specifications, compute capability ${version}`;
}

/** NVIDIA A100 PCIe, 40 GB: one of the two GPUs of the Opara paper. */
export const A100_PCIE_40GB: DeviceModel = {
  name: "a100-pcie-40gb",
  product: "NVIDIA A100 PCIe 40GB",
  sms: 108,
  threadBlocksPerSm: 32,
  threadsPerSm: 2048,
  registersPerSm: 65_536,
  sharedBytesPerSm: 167_936,
  sharedBytesReservedPerBlock: 1024,
  memoryBandwidth: 1.555e12,
  residentGrids: 128,
  memoryBytes: 40 * 2 ** 30,
  l2Bytes: 41_943_040,
  flops: { float32: 19.5e12, tensorFloat32: 156e12, float16: 312e12 },
  launchGapNs: 1150,
  eventNs: 1800,
  kernelFloorNs: 2100,
  reached: { bandwidth: 0.89, matrix: 0.7 },
  ranges: {
    kernelFloorNs: { low: 1600, high: 3150, source: FLOOR_SPREAD },
    launchGapNs: { low: 575, high: 1500, source: GAP_SPREAD },
    eventNs: { low: 1150, high: 4800, source: EVENT_SOURCE },
    dispatchNs: { low: 0, high: 1150, source: DISPATCH_SOURCE },
    ...SHARED_ASSUMPTIONS,
  },
  sources: {
    sms: "NVIDIA A100 Tensor Core GPU Architecture whitepaper: 108 SMs",
    threadBlocksPerSm: capability("8.0"),
    threadsPerSm: capability("8.0"),
    registersPerSm: capability("8.0"),
    sharedBytesPerSm: `${capability("8.0")}: 164 KiB`,
    sharedBytesReservedPerBlock: `${capability("8.0")}: 1 KiB per thread block`,
    memoryBandwidth: "NVIDIA A100 data sheet, 40GB PCIe: 1,555 GB/s",
    residentGrids: `${GRIDS} 8.0: 128`,
    memoryBytes: "NVIDIA A100 data sheet, 40GB PCIe: 40 GB, read as GiB, the larger",
    l2Bytes: "NVIDIA A100 Tensor Core GPU Architecture whitepaper: 40 MiB",
    flops: "NVIDIA A100 data sheet, dense",
    ...TRACED_SOURCES,
    reached: `${REACHED}; matrix units: products in traces of DLRM on an A100 (HolisticTraceAnalysis)`,
  },
};

/** NVIDIA A100 PCIe, 80 GB: the chip of the 40 GB card with faster memory. */
export const A100_PCIE_80GB: DeviceModel = {
  ...A100_PCIE_40GB,
  name: "a100-pcie-80gb",
  product: "NVIDIA A100 PCIe 80GB",
  memoryBandwidth: 1.935e12,
  reached: { bandwidth: 0.87, matrix: 0.7 },
  memoryBytes: 80 * 2 ** 30,
  sources: {
    ...A100_PCIE_40GB.sources,
    memoryBandwidth: "NVIDIA A100 data sheet, 80GB PCIe: 1,935 GB/s",
    memoryBytes: "NVIDIA A100 data sheet, 80GB PCIe: 80 GB, read as GiB, the larger",
  },
};

/** NVIDIA V100 SXM2, 16 GB: the GPU of the IOS paper. */
export const V100: DeviceModel = {
  name: "v100",
  product: "NVIDIA V100 SXM2 16GB",
  sms: 80,
  threadBlocksPerSm: 32,
  threadsPerSm: 2048,
  registersPerSm: 65_536,
  sharedBytesPerSm: 98_304,
  sharedBytesReservedPerBlock: 0,
  memoryBandwidth: 0.9e12,
  residentGrids: 128,
  memoryBytes: 16 * 2 ** 30,
  l2Bytes: 6_291_456,
  flops: { float32: 15.7e12, tensorFloat32: 15.7e12, float16: 125e12 },
  launchGapNs: 800,
  eventNs: 2200,
  kernelFloorNs: 2000,
  reached: { bandwidth: 0.92 },
  ranges: {
    kernelFloorNs: { low: 1500, high: 3000, source: FLOOR_SPREAD },
    launchGapNs: { low: 400, high: 1050, source: GAP_SPREAD },
    eventNs: { low: 800, high: 5200, source: EVENT_SOURCE },
    dispatchNs: { low: 0, high: 800, source: DISPATCH_SOURCE },
    ...SHARED_ASSUMPTIONS,
  },
  sources: {
    sms: "NVIDIA Tesla V100 GPU Architecture whitepaper: 80 SMs",
    threadBlocksPerSm: capability("7.0"),
    threadsPerSm: capability("7.0"),
    registersPerSm: capability("7.0"),
    sharedBytesPerSm: `${capability("7.0")}: 96 KiB`,
    sharedBytesReservedPerBlock: `${capability("7.0")}: none`,
    memoryBandwidth: "NVIDIA V100 data sheet, SXM2: 900 GB/s",
    residentGrids: `${GRIDS} 7.0: 128`,
    memoryBytes: "NVIDIA V100 data sheet, SXM2: 16 GB, read as GiB, the larger",
    l2Bytes: "NVIDIA Tesla V100 GPU Architecture whitepaper: 6 MiB",
    flops: "NVIDIA V100 data sheet, SXM2; no TF32 units, so the 32-bit rate stands for them",
    ...TRACED_SOURCES,
    reached: REACHED,
  },
};

/** NVIDIA V100 PCIe, 16 GB: lower clocks. */
export const V100_PCIE: DeviceModel = {
  ...V100,
  name: "v100-pcie",
  product: "NVIDIA V100 PCIe 16GB",
  flops: { float32: 14e12, tensorFloat32: 14e12, float16: 112e12 },
  sources: {
    ...V100.sources,
    memoryBandwidth: "NVIDIA V100 data sheet, PCIe: 900 GB/s",
    memoryBytes: "NVIDIA V100 data sheet, PCIe: 16 GB, read as GiB, the larger",
    flops: "NVIDIA V100 data sheet, PCIe; no TF32 units, so the 32-bit rate stands for them",
  },
};

/** NVIDIA GeForce RTX 2080 SUPER, 8 GB: the other GPU of the Opara paper. */
export const RTX_2080_SUPER: DeviceModel = {
  name: "rtx-2080-super",
  product: "NVIDIA GeForce RTX 2080 SUPER 8GB",
  sms: 48,
  threadBlocksPerSm: 16,
  threadsPerSm: 1024,
  registersPerSm: 65_536,
  sharedBytesPerSm: 65_536,
  sharedBytesReservedPerBlock: 0,
  memoryBandwidth: 0.496e12,
  residentGrids: 128,
  memoryBytes: 8 * 2 ** 30,
  l2Bytes: 4_194_304,
  flops: { float32: 11.15e12, tensorFloat32: 11.15e12, float16: 44.6e12 },
  launchGapNs: 800,
  eventNs: 2200,
  kernelFloorNs: 2000,
  ranges: {
    kernelFloorNs: { low: 1500, high: 3000, source: FLOOR_SPREAD },
    launchGapNs: { low: 400, high: 1050, source: GAP_SPREAD },
    eventNs: { low: 800, high: 5200, source: EVENT_SOURCE },
    dispatchNs: { low: 0, high: 800, source: DISPATCH_SOURCE },
    ...SHARED_ASSUMPTIONS,
  },
  sources: {
    sms: "NVIDIA Turing GPU Architecture whitepaper and GeForce RTX 2080 SUPER specifications: 48 SMs, 3,072 cores",
    threadBlocksPerSm: capability("7.5"),
    threadsPerSm: capability("7.5"),
    registersPerSm: capability("7.5"),
    sharedBytesPerSm: `${capability("7.5")}: 64 KiB`,
    sharedBytesReservedPerBlock: `${capability("7.5")}: none`,
    memoryBandwidth: "GeForce RTX 2080 SUPER specifications: 256 bits at 15.5 Gbit/s, 496 GB/s",
    residentGrids: `${GRIDS} 7.5: 128`,
    memoryBytes: "GeForce RTX 2080 SUPER specifications: 8 GB, read as GiB, the larger",
    l2Bytes: "NVIDIA Turing GPU Architecture whitepaper, TU104: 4 MiB",
    flops:
      "3,072 cores x 2 x 1.815 GHz boost; matrix units with 32-bit accumulation at half their 16-bit rate of 89.2 TFLOP/s (Turing whitepaper); no TF32 units",
    ...ASSUMED_SOURCES,
  },
};

/** NVIDIA GeForce RTX 2080 Ti, 11 GB. */
export const RTX_2080_TI: DeviceModel = {
  ...RTX_2080_SUPER,
  name: "rtx-2080-ti",
  product: "NVIDIA GeForce RTX 2080 Ti 11GB",
  sms: 68,
  memoryBandwidth: 0.616e12,
  memoryBytes: 11 * 2 ** 30,
  l2Bytes: 5_767_168,
  flops: { float32: 13.45e12, tensorFloat32: 13.45e12, float16: 53.8e12 },
  sources: {
    ...RTX_2080_SUPER.sources,
    sms: "NVIDIA Turing GPU Architecture whitepaper, GeForce RTX 2080 Ti: 68 SMs, 4,352 cores",
    memoryBandwidth: "NVIDIA Turing GPU Architecture whitepaper, GeForce RTX 2080 Ti: 616 GB/s",
    memoryBytes: "NVIDIA Turing GPU Architecture whitepaper: 11 GB, read as GiB, the larger",
    l2Bytes: "NVIDIA Turing GPU Architecture whitepaper, GeForce RTX 2080 Ti: 5.5 MiB",
    flops:
      "NVIDIA Turing GPU Architecture whitepaper, reference specification: 13.4 TFLOP/s (4,352 cores x 2 x 1.545 GHz); matrix units with 32-bit accumulation 53.8 TFLOP/s; no TF32 units",
  },
};

/** NVIDIA T4, 16 GB: 70 W, under which its clock falls far below the boost clock of the data sheet. */
export const T4: DeviceModel = {
  ...RTX_2080_SUPER,
  name: "t4",
  product: "NVIDIA T4 16GB",
  sms: 40,
  memoryBandwidth: 0.32e12,
  memoryBytes: 16 * 2 ** 30,
  flops: { float32: 8.1e12, tensorFloat32: 8.1e12, float16: 65e12 },
  sources: {
    ...RTX_2080_SUPER.sources,
    sms: "NVIDIA T4 data sheet: 2,560 cores, 64 an SM",
    memoryBandwidth: "NVIDIA T4 data sheet: 320 GB/s",
    memoryBytes: "NVIDIA T4 data sheet: 16 GB, read as GiB, the larger",
    flops: "NVIDIA T4 data sheet; no TF32 units, so the 32-bit rate stands for them",
  },
};
