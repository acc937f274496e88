import { describe, expect, it } from "vitest";
import {
  counted,
  formatBytes,
  formatCount,
  formatName,
  formatNs,
} from "../../../src/core/format.js";

describe("formats", () => {
  it.each([
    [0, "0 ns"],
    [999, "999 ns"],
    [1000, "1.00 us"],
    [9996, "10.0 us"],
    [99_960, "100 us"],
    [999_499, "999 us"],
    [999_500, "1.00 ms"],
    [12_345_678, "12.3 ms"],
    [5e9, "5.00 s"],
    [1e13, "10000 s"],
  ])("%d ns is %s", (ns, text) => {
    expect(formatNs(ns)).toBe(text);
  });

  it.each([
    [950, "950"],
    [1500, "1.50 k"],
    [999_600, "1.00 M"],
    [3e9, "3.00 G"],
    [2e18, "2000 P"],
  ])("%d is %s", (count, text) => {
    expect(formatCount(count)).toBe(text);
  });

  it.each([
    [0, "0 B"],
    [950, "950 B"],
    [1536, "1.50 KiB"],
    [1_048_000, "1023 KiB"],
    [2 ** 34, "16.0 GiB"],
    [2 ** 51, "2048 TiB"],
  ])("%d bytes are %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [1, "1 wait"],
    [0, "0 waits"],
    [2, "2 waits"],
  ])("%d are counted as %s", (count, text) => {
    expect(counted(count, "wait")).toBe(text);
  });

  it("cuts the middle of long names and escapes control characters", () => {
    expect(formatName("short")).toBe("short");
    expect(formatName("a\tb")).toBe("a\\u0009b");
    const cut = formatName(`${"x".repeat(100)}end`);
    expect(cut.length).toBe(44);
    expect(cut).toMatch(/^x+\.\.\.x+end$/);
  });
});
