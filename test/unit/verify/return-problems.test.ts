import { describe, expect, it } from "vitest";
import type { ArtifactWorkers, OperatorsSection } from "../../../src/artifact/artifact.js";
import { operatorsProblems } from "../../../src/verify/operators-problems.js";
import { SECTION } from "../../support/artifacts.js";

const WORKERS: ArtifactWorkers = {
  segmentNs: 1,
  signalNs: 1,
  awakeNs: 0,
  wakeNs: 0,
  requestNs: 0,
  returnNs: 0,
  callerByteNs: 0,
  tensorNs: 0,
  byteNs: 0,
  slowdown: [1, 1],
};

/** Problems of a prediction so long after the end of the last launch. */
function problems(after: number, streams: number, workers: Partial<ArtifactWorkers>): string[] {
  const end = Math.max(...SECTION.launches.map(({ endNs }) => endNs ?? 0));
  const section: OperatorsSection = {
    ...SECTION,
    streams,
    latencyNs: { ...SECTION.latencyNs, predicted: end + after },
    workers: { ...WORKERS, ...workers },
  };
  return operatorsProblems({
    provenance: { tool: "test", inputs: [], seed: 1, options: {} },
    device: { name: "A processor", source: "measured" },
    operators: section,
  }).filter((problem) => problem.includes("the last launch ends at"));
}

describe("what the caller takes after the last launch", () => {
  it.each([
    ["nothing, where workers are said to cost nothing there", 0, 2, {}],
    ["the return", 500, 2, { returnNs: 500 }],
    ["the return, a rounded nanosecond off", 501, 2, { returnNs: 500 }],
    ["the return and copies of outputs", 9000, 2, { returnNs: 500, callerByteNs: 0.1 }],
    ["nothing on one stream", 0, 1, { returnNs: 500, callerByteNs: 0.1 }],
  ])("is %s", (_, after, streams, workers) => {
    expect(problems(after, streams, workers)).toEqual([]);
  });

  it.each([
    ["something, where workers are said to cost nothing there", 1, 2, {}],
    ["more than the return without copies", 502, 2, { returnNs: 500 }],
    ["less than the return", 498, 2, { returnNs: 500, callerByteNs: 0.1 }],
    ["before the last launch", -1, 2, {}],
    ["something on one stream", 500, 1, { returnNs: 500, callerByteNs: 0.1 }],
  ])("is not %s", (_, after, streams, workers) => {
    expect(problems(after, streams, workers)).toHaveLength(1);
  });
});
