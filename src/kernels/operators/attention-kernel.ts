/** Attention in one kernel, where the scores of a few queries fit in shared memory. */
import type { DeviceNode } from "../device-node.js";
import { STORAGE_BYTES } from "../language/expression.js";
import { DEFAULT_THREADS, withoutUnused } from "../language/kernel.js";
import { sizeOf } from "../language/layout.js";
import { type AttentionKernel, attentionBody, partWords } from "./attention-program.js";
import type { KernelBuffers } from "./kernel-buffers.js";

/** Shared memory of a thread block that every GPU has without being asked: bytes. */
const SHARED_BYTES = 48 * 1024;

/** Most keys: beyond, products by a library with tensor cores are worth their launches. */
const MOST_KEYS = 512;

const TILES_OF_QUERIES = [16, 8] as const;

/** Queries of a thread block; `undefined` if not even a few fit. */
function queriesOf({ keys, size, width }: AttentionKernel): number | undefined {
  return keys > MOST_KEYS
    ? undefined
    : TILES_OF_QUERIES.find((count) => {
        const words = count * size + partWords(size, width) + count * keys;
        return words * STORAGE_BYTES.f32 <= SHARED_BYTES;
      });
}

/** The kernel; `undefined` if the scores do not fit in shared memory. Requires: no dim is 0. */
export function attentionKernel(
  call: AttentionKernel,
  buffers: KernelBuffers,
): DeviceNode | undefined {
  const count = queriesOf(call);
  if (count === undefined) {
    return undefined;
  }
  const target = buffers.write(call.y.operand);
  const body = attentionBody(call, count, buffers, target);
  const { batch, queries, keys, size, width } = call;
  const kernel = {
    label: "attention",
    buffers: buffers.buffers,
    shared: [
      { type: "f32", count: count * size },
      { type: "f32", count: partWords(size, width) },
      { type: "f32", count: count * keys },
    ],
    grid: sizeOf(batch) * Math.ceil(queries / count),
    threads: DEFAULT_THREADS,
    body: withoutUnused(body),
  } as const;
  return { kind: "kernel", kernel, buffers: buffers.places };
}
