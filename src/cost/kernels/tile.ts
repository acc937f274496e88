/**
 * Matrix multiplications as a GPU library runs them: tiles of the result, one thread block a tile.
 *
 * Problem: the same product runs as a few large tiles, which reuse data well, or as many small
 * ones, which fill more SMs; with a short result and a long inner dimension, several thread blocks
 * share one tile (split-K) and a second kernel adds their parts up. Libraries choose by heuristics
 * that are not published, so the model takes the choice that is quickest by its own formula, out of those
 * that the library has (`ProductWay`).
 *
 * Formula, for tiles of `tileM x tileN` over `K` in `splits` parts, `B` thread blocks on `S` SMs:
 *   compute = ceil(B / S) * tileM * tileN * (ceil(K / splits) + extra) * 2 / (rate per SM * efficiency)
 *   memory  = bytes / bandwidth that the busy SMs can draw
 *   duration = floor + fixed + max(compute, memory)
 *
 * Example: 49 x 512 x 4608 (a 3x3 convolution at 7x7) on 132 SMs: tiles of 64 x 64 give 8
 * thread blocks, so 124 SMs idle; 16 splits give 128 and nearly a sixteenth of the time.
 *
 * Left out: which tile a library really has for a type and a layout, L1, the order of tiles in L2.
 */
import type { DeviceModel } from "../device-model.js";
import type { Kernel } from "../kernel.js";
import { type BlockShape, residentBlocksPerSm } from "../occupancy.js";
import { reachedRate } from "./arithmetic.js";
import { drawableBandwidth } from "./memory-rate.js";
import { type Tile, tilesOf } from "./tiles.js";

/** A product of `batch` matrices `m x k` and `k x n`. */
export interface MatrixProduct {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Bytes of both operands and the result, each once. */
  readonly bytes: number;
  readonly arithmetic: Kernel["arithmetic"];
}

/** How a library goes about products. */
export interface ProductWay {
  /** Most thread blocks that share a tile. */
  readonly mostSplits: number;
  /** Elements of the smallest tile that it has. */
  readonly leastTile: number;
  /** What filling and emptying the steps of a tile takes, as so many more of the inner dimension. */
  readonly extraK: number;
  /** What every kernel takes beside the floor of all kernels, nanoseconds. */
  readonly fixedNs: number;
}

const SPLITS: readonly number[] = [1, 2, 4, 8, 16, 32];

/** Shortest useful inner dimension of one split. */
const LEAST_K = 64;

/** Bytes of a partial result. */
const ACCUMULATOR_BYTES = 4;

/**
 * The kernels of a matrix product: the quickest tile and split by the formula above; with splits a
 * second kernel that adds them up. Only tiles that fit an SM of the device count. Ties go to the larger tile, then to fewer splits.
 */
export function matrixKernels(
  product: MatrixProduct,
  device: DeviceModel,
  way: ProductWay,
): readonly Kernel[] {
  let best: readonly Kernel[] = [];
  let bestNs = Number.POSITIVE_INFINITY;
  for (const tile of tilesFor(product.arithmetic, device, way)) {
    for (const splits of SPLITS) {
      if (splits > way.mostSplits || (splits > 1 && product.k / splits < LEAST_K)) {
        break;
      }
      const kernels = withTile({ product, device, way }, tile, splits);
      const ns = kernels.reduce((sum, kernel) => sum + kernel.durationNs, 0);
      if (ns < bestNs) {
        best = kernels;
        bestNs = ns;
      }
    }
  }
  return best;
}

/** Tiles of the library whose thread blocks fit an SM; where none does, the smallest that there is. */
function tilesFor(
  arithmetic: Kernel["arithmetic"],
  device: DeviceModel,
  { leastTile }: ProductWay,
): readonly Tile[] {
  const all = tilesOf(arithmetic, device);
  const fitting = all.filter(
    (tile) => tile.m * tile.n >= leastTile && residentBlocksPerSm(blockOf(tile), device) > 0,
  );
  return fitting.length > 0 ? fitting : all.slice(-1);
}

function blockOf({ threads, registers, sharedBytes }: Tile): BlockShape {
  return {
    threadsPerBlock: threads,
    registersPerThread: registers,
    sharedBytesPerBlock: sharedBytes,
  };
}

interface Asked {
  readonly product: MatrixProduct;
  readonly device: DeviceModel;
  readonly way: ProductWay;
}

function withTile({ product, device, way }: Asked, tile: Tile, splits: number): readonly Kernel[] {
  const tiles = product.batch * Math.ceil(product.m / tile.m) * Math.ceil(product.n / tile.n);
  const blocks = tiles * splits;
  const results = product.batch * product.m * product.n;
  const partialBytes = splits === 1 ? 0 : results * splits * ACCUMULATOR_BYTES;
  const bytes = product.bytes + partialBytes;
  const perBlock = 2 * tile.m * tile.n * (Math.ceil(product.k / splits) + way.extraK);
  const smRate = (reachedRate(product.arithmetic, device) / device.sms) * tile.efficiency;
  const computeNs = ((Math.ceil(blocks / device.sms) * perBlock) / smRate) * 1e9;
  const memoryNs = (bytes / drawableBandwidth(blocks, device)) * 1e9;
  const main: Kernel = {
    threadBlocks: blocks,
    ...blockOf(tile),
    flops: 2 * product.batch * product.m * product.n * product.k,
    bytes,
    arithmetic: product.arithmetic,
    durationNs: Math.round(device.kernelFloorNs + way.fixedNs + Math.max(computeNs, memoryNs)),
  };
  return splits === 1 ? [main] : [main, sumOfSplits(results, splits, partialBytes, device)];
}

/** The kernel that adds `splits` partial results up; `bytes`: of all of them. */
export function sumOfSplits(
  results: number,
  splits: number,
  bytes: number,
  device: DeviceModel,
): Kernel {
  const threadBlocks = Math.max(1, Math.ceil(results / 1024));
  const memoryNs = (bytes / drawableBandwidth(threadBlocks, device)) * 1e9;
  return {
    threadBlocks,
    threadsPerBlock: 256,
    registersPerThread: 32,
    sharedBytesPerBlock: 0,
    flops: results * (splits - 1),
    bytes,
    arithmetic: "float32",
    durationNs: Math.round(device.kernelFloorNs + memoryNs),
  };
}
