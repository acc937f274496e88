import { describe, expect, it } from "vitest";
import { present } from "../../../src/core/invariant.js";
import { partitionProblemOf } from "../../../src/partition/partition-problem.js";
import { searchPartition } from "../../../src/partition/search-partition.js";
import { type CutCase, robustCut } from "../../../src/staging/robust-cut.js";
import { chain } from "../../support/graphs.js";

const GRAPH = chain(14);
const LINK = { bytesPerSecond: Number.POSITIVE_INFINITY, latencyNs: 0 };

/** Twelve kernels of 2 us, then two of 12 us, on two devices. */
function caseOf(launchGapNs: number): CutCase {
  const durationNs = Float64Array.from(GRAPH.operators, (_, at) => (at < 12 ? 2000 : 12_000)).map(
    (ns) => ns + launchGapNs,
  );
  const devices = ["a", "b"].map((name) => ({ name, speed: 1, memoryBytes: undefined }));
  return {
    kernelFloorNs: 1000,
    launchGapNs,
    problem: partitionProblemOf(GRAPH, durationNs, { devices, link: LINK }),
    oneDeviceNs: durationNs.reduce((sum, ns) => sum + ns, 0),
  };
}

const search = (problem: CutCase["problem"]) => searchPartition(problem, { method: "chain-dp" });

describe("a cut where gaps are not known", () => {
  const used = caseOf(0);
  const first = search(used.problem);
  const found = present(first.ok ? first.value : undefined, "cut");

  it("is the one that gains most at worst", () => {
    expect(found.partition.stageOf.filter((stage) => stage === 0)).toHaveLength(12);
    const cut = robustCut(found, [used, caseOf(1000)], search);
    expect(cut.search.partition.stageOf.filter((stage) => stage === 0)).toHaveLength(11);
    // Without gaps: 22 and 26 us. The bound is that of the usual figures.
    expect(cut.search.periodNs).toBe(26_000);
    expect(cut.search.lowerBoundNs).toBe(found.lowerBoundNs);
    expect(cut.search.status).toBe("heuristic");
    // 48 / 26 without gaps, 62 / 33 with; before 48 / 24 and 62 / 36.
    expect(cut.notes.join()).toContain("gains 1.85x");
    expect(cut.notes.join()).toContain("usual figures 1.72x");
  });

  it("is that of the figures used where it is best in all cases, or nothing is assumed", () => {
    expect(robustCut(found, [], search)).toEqual({ search: found, notes: [] });
    expect(robustCut(found, [used], search).search).toBe(found);
    expect(robustCut(found, [used, caseOf(1)], search).search).toBe(found);
  });
});
