/**
 * Matrix multiplications as a GPU library runs them: tiles of the result, one thread block a tile.
 *
 * Problem: the same product runs as a few large tiles, which reuse data well, or as many small
 * ones, which fill more SMs; with a short result and a long inner dimension, several thread blocks
 * share one tile (split-K) and a second kernel adds their parts up. Libraries choose by heuristics
 * that are not published, so the model takes the choice that is quickest by its own formula.
 *
 * Formula, for tiles of `tileM x tileN` over `K` in `splits` parts, `B` thread blocks on `S` SMs:
 *   compute = ceil(B / S) * tileM * tileN * ceil(K / splits) * 2 / (rate per SM * efficiency)
 *   memory  = bytes / bandwidth that the busy SMs can draw
 *   duration = floor + max(compute, memory)
 *
 * Example: 49 x 512 x 4608 (a 3x3 convolution at 7x7) on 132 SMs: tiles of 64 x 64 give 8
 * thread blocks, so 124 SMs idle; 16 splits give 128 and nearly a sixteenth of the time.
 *
 * Left out: which tile a library really has for a type and a layout, L1, the order of tiles in L2.
 */
import type { DeviceModel } from "../device-model.js";
import type { Kernel } from "../kernel.js";
import { type BlockShape, residentBlocksPerSm } from "../occupancy.js";
import { drawableBandwidth } from "./memory-rate.js";

/** A product of `batch` matrices `m x k` and `k x n`. */
export interface MatrixProduct {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Bytes of both operands and the result, each once. */
  readonly bytes: number;
  readonly elementBytes: number;
  readonly arithmetic: Kernel["arithmetic"];
}

interface Tile {
  readonly m: number;
  readonly n: number;
  readonly threads: number;
  readonly registers: number;
  /** Depth of one step along k. */
  readonly depth: number;
  /** Steps held in shared memory at a time. */
  readonly steps: number;
  /** Share of an SM's arithmetic that a full tile reaches. */
  readonly efficiency: number;
}

/** Tile shapes that libraries have in common; efficiencies fall with the reuse of a tile. */
const TILES: readonly Tile[] = [
  { m: 128, n: 128, threads: 256, registers: 128, depth: 16, steps: 3, efficiency: 0.85 },
  { m: 128, n: 64, threads: 128, registers: 128, depth: 16, steps: 3, efficiency: 0.75 },
  { m: 64, n: 64, threads: 128, registers: 96, depth: 32, steps: 3, efficiency: 0.6 },
  { m: 64, n: 32, threads: 64, registers: 96, depth: 32, steps: 3, efficiency: 0.45 },
  { m: 32, n: 32, threads: 64, registers: 64, depth: 32, steps: 3, efficiency: 0.3 },
];

const SPLITS: readonly number[] = [1, 2, 4, 8, 16, 32];

/** Shortest useful inner dimension of one split. */
const LEAST_K = 64;

/** Bytes of a partial result. */
const ACCUMULATOR_BYTES = 4;

/**
 * The kernels of a matrix product: the quickest tile and split by the formula above; with splits a
 * second kernel that adds them up. Only tiles that fit an SM of the device count. Ties go to the larger tile, then to fewer splits.
 */
export function matrixKernels(product: MatrixProduct, device: DeviceModel): readonly Kernel[] {
  let best: readonly Kernel[] = [];
  let bestNs = Number.POSITIVE_INFINITY;
  for (const tile of tilesFor(product.elementBytes, device)) {
    for (const splits of SPLITS) {
      if (splits > 1 && product.k / splits < LEAST_K) {
        break;
      }
      const kernels = withTile(product, device, tile, splits);
      const ns = kernels.reduce((sum, kernel) => sum + kernel.durationNs, 0);
      if (ns < bestNs) {
        best = kernels;
        bestNs = ns;
      }
    }
  }
  return best;
}

/** Tiles whose thread blocks fit an SM; where none does, the smallest with as little as it can do with. */
function tilesFor(elementBytes: number, device: DeviceModel): readonly Tile[] {
  const fits = (tile: Tile): boolean =>
    residentBlocksPerSm(blockOf(tile, elementBytes), device) > 0;
  const fitting = TILES.filter(fits);
  return fitting.length > 0 ? fitting : TILES.slice(-1).map((tile) => ({ ...tile, steps: 1 }));
}

function blockOf(tile: Tile, elementBytes: number): BlockShape {
  return {
    threadsPerBlock: tile.threads,
    registersPerThread: tile.registers,
    sharedBytesPerBlock: (tile.m + tile.n) * tile.depth * tile.steps * elementBytes,
  };
}

function withTile(
  product: MatrixProduct,
  device: DeviceModel,
  tile: Tile,
  splits: number,
): readonly Kernel[] {
  const tiles = product.batch * Math.ceil(product.m / tile.m) * Math.ceil(product.n / tile.n);
  const blocks = tiles * splits;
  const results = product.batch * product.m * product.n;
  const partialBytes = splits === 1 ? 0 : results * splits * ACCUMULATOR_BYTES;
  const bytes = product.bytes + partialBytes;
  const perBlock = 2 * tile.m * tile.n * Math.ceil(product.k / splits);
  const smRate = (device.flops[product.arithmetic] / device.sms) * tile.efficiency;
  const computeNs = ((Math.ceil(blocks / device.sms) * perBlock) / smRate) * 1e9;
  const memoryNs = (bytes / drawableBandwidth(blocks, device)) * 1e9;
  const main: Kernel = {
    threadBlocks: blocks,
    ...blockOf(tile, product.elementBytes),
    flops: 2 * product.batch * product.m * product.n * product.k,
    bytes,
    arithmetic: product.arithmetic,
    durationNs: Math.round(device.kernelFloorNs + Math.max(computeNs, memoryNs)),
  };
  return splits === 1 ? [main] : [main, sumOfSplits(results, partialBytes, splits, device)];
}

function sumOfSplits(
  results: number,
  partialBytes: number,
  splits: number,
  device: DeviceModel,
): Kernel {
  const threadBlocks = Math.max(1, Math.ceil(results / 1024));
  const memoryNs = (partialBytes / drawableBandwidth(threadBlocks, device)) * 1e9;
  return {
    threadBlocks,
    threadsPerBlock: 256,
    registersPerThread: 32,
    sharedBytesPerBlock: 0,
    flops: results * (splits - 1),
    bytes: partialBytes,
    arithmetic: "float32",
    durationNs: Math.round(device.kernelFloorNs + memoryNs),
  };
}
