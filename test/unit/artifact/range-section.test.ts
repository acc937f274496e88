import { describe, expect, it } from "vitest";
import type { OperatorsSection, ScheduleArtifact } from "../../../src/artifact/artifact.js";
import { gpuSectionOf } from "../../../src/artifact/gpu-section-of.js";
import type { DeviceModel } from "../../../src/cost/device-model.js";
import { V100 } from "../../../src/cost/device-models/ampere-and-before.js";
import { renderCompiled } from "../../../src/report/compiled.js";
import { gpuProblemOf } from "../../../src/schedule/gpu-problem.js";
import { searchGpuSchedules } from "../../../src/search/operator/gpu/gpu-candidates.js";
import { operatorsProblems } from "../../../src/verify/operators-problems.js";
import { certain } from "../../support/certain.js";
import { graphOf } from "../../support/graphs.js";
import { kernel } from "../../support/kernels.js";

/** An event may take up to nine times as long as it is taken to take; all else is certain. */
const DEVICE: DeviceModel = {
  ...V100,
  launchGapNs: 1000,
  eventNs: 1000,
  ranges: { eventNs: { low: 1000, high: 9000, source: "assumed" } },
};

/** a, then b and c, each of `branchNs`, beside each other, then d. */
function sectionOf(branchNs: number, device: DeviceModel = DEVICE): OperatorsSection {
  const graph = graphOf([{ after: [] }, { after: [0] }, { after: [0] }, { after: [1, 2] }]);
  const kernels = [5000, branchNs, branchNs, 4000].map((ns) => [kernel(ns)]);
  const none = { arithmetic: 0, mixed: 0, bandwidth: 0 };
  const problem = gpuProblemOf(graph, kernels, device, "estimated", none);
  return gpuSectionOf({
    graph,
    candidates: searchGpuSchedules(problem),
    algorithm: undefined,
    boundDims: [],
    batch: undefined,
    tasksOf: () => undefined,
  });
}

function artifactOf(operators: OperatorsSection): ScheduleArtifact {
  return {
    provenance: { tool: "test", inputs: [], seed: 1, options: { device: "own" } },
    device: { name: "own", source: "estimated", costModel: 3 },
    operators,
  };
}

/** One line, as if the terminal were wide. */
function printed(section: OperatorsSection): string {
  return renderCompiled(artifactOf(section), section, 200);
}

describe("a schedule over the range of what is assumed", () => {
  it("is one stream where the figures that are used win and others lose", () => {
    const section = sectionOf(3000);
    expect(section).toMatchObject({
      algorithm: "sequential",
      decision: { reason: "nothing-beats-sequential" },
      range: {
        speedUp: { low: 1, high: 1 },
        scenarios: [
          { eventNs: 1000, sequentialNs: 18_000, predictedNs: 18_000 },
          { eventNs: 9000, sequentialNs: 18_000, predictedNs: 18_000 },
        ],
      },
    });
    // 18 us on one stream; beside each other 5 + 1 + 3 + 1 + 4, or 5 + 9 + 3 + 9 + 4.
    expect(section.candidates.find(({ algorithm }) => algorithm === "wavefront")).toMatchObject({
      predictedNs: 14_000,
      speedUp: { low: 0.6, lowAt: 1, high: 1.2857, highAt: 0 },
    });
    expect(section.candidates[0]?.algorithm).toBe("sequential");
    expect(operatorsProblems(artifactOf(section))).toEqual([]);
    const words = printed(section);
    expect(words).toContain(
      "no candidate is predicted more than 1.0 % faster under every assumption",
    );
    expect(words).toMatch(
      /why {5}\S+ is faster by up to 1\.29x with the figures that are used; slower, 0\.60x, if an event takes 9\.00 us/,
    );
    expect(words).toContain("0.60x to 1.29x");
  });

  it("is that on streams where all figures let it win", () => {
    const section = sectionOf(60_000);
    // 132 us on one stream; 5 + 1 + 60 + 1 + 4, or with a gap for one of the events 5 + 9 + 60 + 1 + 4.
    expect(section).toMatchObject({
      algorithm: "top-compile",
      streams: 2,
      decision: { reason: "best-worst-case" },
      range: { speedUp: { low: 1.6709, high: 1.8592 } },
    });
    expect(operatorsProblems(artifactOf(section))).toEqual([]);
    const words = printed(section);
    expect(words).toContain("1.67x to 1.86x");
    expect(words).toContain("predicted to gain most at worst");
    expect(words).not.toContain("why ");
  });

  it("has no range on a device that is taken as certain, and then the fastest prediction wins", () => {
    const section = sectionOf(3000, certain(DEVICE));
    expect(section).toMatchObject({
      decision: { reason: "fastest-predicted" },
      latencyNs: { predicted: 14_000, sequentialPredicted: 18_000 },
    });
    expect(section.range).toBeUndefined();
    expect(section.candidates.every(({ speedUp }) => speedUp === undefined)).toBe(true);
    expect(printed(section)).toContain("1.29x");
    expect(printed(section)).not.toContain(" to 1.29x");
  });

  it("is contradictory with a range that is not of its own", () => {
    const section = sectionOf(60_000);
    const { range: _, ...without } = section;
    expect(operatorsProblems(artifactOf(without))).not.toEqual([]);
    const { range } = section;
    const other = { ...section, range: range && { ...range, speedUp: { low: 1.6, high: 1.8592 } } };
    expect(operatorsProblems(artifactOf(other as OperatorsSection))).toEqual([
      "/operators/range/speedUp does not follow from /operators/range/scenarios",
    ]);
  });
});
