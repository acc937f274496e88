/**
 * Attention as one kernel: scores, softmax and weighted sum of a block of queries without writing the
 * scores to memory. Where there are few queries, several thread blocks share their keys, and a second kernel
 * adds up.
 *
 * Source: Dao, FlashAttention-2, arXiv 2307.08691: 50 to 73 % of the peak of an A100; Shah et al.,
 * FlashAttention-3, arXiv 2407.08608: 35 % by the former on an H100, up to 75 %. Half stands for all.
 */
import type { ProductShape } from "../../ir/operator-form.js";
import type { DeviceModel } from "../device-model.js";
import type { Kernel } from "../kernel.js";
import { arithmeticOf, hasMatrixUnits, type ProductContext, reachedRate } from "./arithmetic.js";
import { drawableBandwidth } from "./memory-rate.js";
import { sumOfSplits } from "./tile.js";

const EFFICIENCY = 0.5;

/** Queries of a thread block. */
const QUERIES: readonly number[] = [128, 64, 16];

/** Thread blocks that share the keys of a block of queries; each has at least `LEAST_KEYS`. */
const SPLITS: readonly number[] = [1, 2, 4, 8, 16, 32];
const LEAST_KEYS = 256;

/** Both products of attention: queries by keys, and those scores by values. */
export interface AttentionProducts {
  readonly scores: ProductShape;
  readonly values: ProductShape;
}

/** The kernels of attention that moves `bytes`, the scores left out. */
export function attentionKernels(
  products: AttentionProducts,
  bytes: number,
  context: ProductContext,
): readonly Kernel[] {
  let best: readonly Kernel[] = [];
  let bestNs = Number.POSITIVE_INFINITY;
  for (const queries of QUERIES) {
    for (const splits of SPLITS) {
      if (splits > 1 && products.scores.n / splits < LEAST_KEYS) {
        break;
      }
      const kernels = cut(products, bytes, context, { queries, splits });
      const ns = kernels.reduce((sum, { durationNs }) => sum + durationNs, 0);
      if (ns < bestNs) {
        best = kernels;
        bestNs = ns;
      }
    }
  }
  return best;
}

function cut(
  { scores, values }: AttentionProducts,
  bytes: number,
  context: ProductContext,
  { queries, splits }: { readonly queries: number; readonly splits: number },
): readonly Kernel[] {
  const { device } = context;
  const arithmetic = arithmeticOf(context);
  const threadBlocks = Math.max(1, scores.batch * Math.ceil(scores.m / queries) * splits);
  const keys = Math.ceil(scores.n / splits);
  const perBlock = 2 * queries * keys * (scores.k + values.n);
  const smRate = (reachedRate(arithmetic, device) / device.sms) * EFFICIENCY;
  const computeNs = ((Math.ceil(threadBlocks / device.sms) * perBlock) / smRate) * 1e9;
  const results = values.batch * values.m * values.n;
  const partialBytes = splits === 1 ? 0 : results * splits * 4;
  const memoryNs = ((bytes + partialBytes) / drawableBandwidth(threadBlocks, device)) * 1e9;
  const main: Kernel = {
    threadBlocks,
    ...blockOf(queries, arithmetic, device),
    flops: 2 * scores.batch * scores.m * scores.n * (scores.k + values.n),
    bytes: bytes + partialBytes,
    arithmetic,
    durationNs: Math.round(device.kernelFloorNs + Math.max(computeNs, memoryNs)),
  };
  return splits === 1 ? [main] : [main, sumOfSplits(results, splits, partialBytes, device)];
}

/** A warp for each 16 queries; queries, keys and values in shared memory, as much as there is for them. */
function blockOf(
  queries: number,
  arithmetic: Kernel["arithmetic"],
  device: DeviceModel,
): Pick<Kernel, "threadsPerBlock" | "registersPerThread" | "sharedBytesPerBlock"> {
  const most = device.sharedBytesPerSm - device.sharedBytesReservedPerBlock;
  const wanted = hasMatrixUnits(arithmetic, device) ? queries * 1024 : queries * 256;
  return {
    threadsPerBlock: Math.max(64, 2 * queries),
    registersPerThread: 168,
    sharedBytesPerBlock: Math.min(most, wanted),
  };
}
