import { describe, expect, it } from "vitest";
import {
  batchLayout,
  putRequest,
  takeRequest,
} from "../../../../src/runtime/serving/batch-tensors.js";

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);

describe("requests in a batch", () => {
  it("follow each other along a first dim", () => {
    const layout = batchLayout([1, 2], [3, 2], 1);
    const batch = new Uint8Array(6);
    putRequest(batch, bytes(1, 2), 0, layout);
    putRequest(batch, bytes(5, 6), 2, layout);
    expect(batch).toEqual(bytes(1, 2, 0, 0, 5, 6));
    expect(takeRequest(batch, 2, layout)).toEqual(bytes(5, 6));
    expect(takeRequest(batch, 1, layout)).toEqual(bytes(0, 0));
  });

  it("are interleaved along a later dim", () => {
    // Two rows of two requests of two elements of two bytes.
    const layout = batchLayout([2, 2], [2, 4], 2);
    const batch = new Uint8Array(16);
    putRequest(batch, bytes(1, 2, 3, 4, 5, 6, 7, 8), 0, layout);
    putRequest(batch, bytes(11, 12, 13, 14, 15, 16, 17, 18), 1, layout);
    expect(batch).toEqual(bytes(1, 2, 3, 4, 11, 12, 13, 14, 5, 6, 7, 8, 15, 16, 17, 18));
    expect(takeRequest(batch, 1, layout)).toEqual(bytes(11, 12, 13, 14, 15, 16, 17, 18));
  });

  it("share a tensor that a batch does not make larger, that of the first", () => {
    const layout = batchLayout([2], [2], 1);
    const batch = new Uint8Array(2);
    putRequest(batch, bytes(1, 2), 0, layout);
    putRequest(batch, bytes(3, 4), 1, layout);
    expect(batch).toEqual(bytes(1, 2));
    expect(layout.isSplit).toBe(false);
  });

  it("have places for requests of more than one row", () => {
    const layout = batchLayout([4, 1], [8, 1], 1);
    expect(layout).toEqual({ rows: 1, part: 4, row: 8, isSplit: true });
  });
});
