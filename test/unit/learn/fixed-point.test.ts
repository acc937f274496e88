import { describe, expect, it } from "vitest";
import { decodeParameters } from "../../../src/learn/fixed-point.js";

describe("decodeParameters", () => {
  it("reads 16-bit numbers, low byte first, as multiples of 1/4096", () => {
    const text = Buffer.from([0x00, 0x10, 0xff, 0xff, 0x01, 0x00]).toString("base64");
    expect(Array.from(decodeParameters(text))).toEqual([1, -1 / 4096, 1 / 4096]);
  });
});
