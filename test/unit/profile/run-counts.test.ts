import { describe, expect, it } from "vitest";
import { fewestRuns, isSlow, leftOutRuns } from "../../../src/profile/run-counts.js";

describe("how often a model is run", () => {
  it("falls to a third for runs of a second, and never below five", () => {
    expect([fewestRuns(15, 999e6), fewestRuns(15, 1e9), fewestRuns(9, 1e9)]).toEqual([15, 5, 5]);
    expect([isSlow(999e6), isSlow(1e9)]).toEqual([false, true]);
  });

  it("leaves out one slow run", () => {
    expect([leftOutRuns(3, 1e6), leftOutRuns(3, 2e9), leftOutRuns(0, 2e9)]).toEqual([3, 1, 0]);
  });
});
