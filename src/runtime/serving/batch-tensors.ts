/**
 * Requests in a batch: which part of a tensor belongs to each. A tensor of a batch has one axis that is
 * longer than for one request; along it lie the requests. One that is as long belongs to all of them.
 */
import { productOf } from "../../core/product.js";

/** Where the requests of a batch lie in a tensor, in bytes. */
export interface BatchLayout {
  /** Times that all requests follow each other: the sizes before their axis. */
  readonly rows: number;
  /** Bytes of one request in a row; of all requests together. */
  readonly part: number;
  readonly row: number;
  /** Whether each request has its own part. */
  readonly isSplit: boolean;
}

/**
 * The layout of a tensor that has `one` as dims for one request and `many` for a batch.
 * `elementBytes`: of one element. Requires: as many dims, of which at most one differs, by a multiple.
 */
export function batchLayout(
  one: readonly number[],
  many: readonly number[],
  elementBytes: number,
): BatchLayout {
  const axis = one.findIndex((size, at) => size !== many[at]);
  if (axis < 0) {
    const bytes = productOf(one) * elementBytes;
    return { rows: 1, part: bytes, row: bytes, isSplit: false };
  }
  const inner = productOf(one.slice(axis + 1)) * elementBytes;
  return {
    rows: productOf(one.slice(0, axis)),
    part: (one[axis] ?? 0) * inner,
    row: (many[axis] ?? 0) * inner,
    isSplit: true,
  };
}

/** Writes the tensor of request `at` of a batch to its place. Of a tensor that all share the first counts. */
export function putRequest(
  batch: Uint8Array,
  request: Uint8Array,
  at: number,
  { rows, part, row, isSplit }: BatchLayout,
): void {
  if (!isSplit && at > 0) {
    return;
  }
  for (let i = 0; i < rows; i++) {
    batch.set(request.subarray(i * part, (i + 1) * part), i * row + at * part);
  }
}

/** Copies the part of request `at` of a batch out of it. */
export function takeRequest(
  batch: Uint8Array,
  at: number,
  { rows, part, row, isSplit }: BatchLayout,
): Uint8Array {
  const request = new Uint8Array(rows * part);
  const from = isSplit ? at * part : 0;
  for (let i = 0; i < rows; i++) {
    request.set(batch.subarray(i * row + from, i * row + from + part), i * part);
  }
  return request;
}
