import { describe, expect, it } from "vitest";
import { formatBytes, formatCount, formatName, formatNs } from "../../../src/report/format.js";

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
    [950, "950", "950 B"],
    [1500, "1.50 k", "1.50 kB"],
    [999_600, "1.00 M", "1.00 MB"],
    [3e9, "3.00 G", "3.00 GB"],
    [2e18, "2000 P", "2000 PB"],
  ])("%d is %s, as bytes %s", (count, text, bytes) => {
    expect(formatCount(count)).toBe(text);
    expect(formatBytes(count)).toBe(bytes);
  });

  it("cuts the middle of long names and escapes control characters", () => {
    expect(formatName("short")).toBe("short");
    expect(formatName("a\tb")).toBe("a\\u0009b");
    const cut = formatName(`${"x".repeat(100)}end`);
    expect(cut.length).toBe(60);
    expect(cut).toMatch(/^x+\.\.\.x+end$/);
  });
});
