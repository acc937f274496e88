import { describe, expect, it } from "vitest";
import type { WorkerCosts } from "../../../../src/cost/operator-costs.js";
import type { OperatorGraph } from "../../../../src/ir/operator-graph.js";
import { verifyOperatorSchedule } from "../../../../src/schedule/verify-operator-schedule.js";
import { searchOperatorSchedules } from "../../../../src/search/operator/candidates.js";
import { searchNimble } from "../../../../src/search/operator/nimble.js";
import { searchOpara } from "../../../../src/search/operator/opara.js";
import { costsOf, graphOf, nasnetLike, randomGraph } from "../../../support/graphs.js";

const workers: WorkerCosts = {
  workers: 4,
  segmentNs: 50_000,
  signalNs: 100_000,
  awakeNs: 0,
  wakeNs: 0,
  requestNs: 0,
  returnNs: 0,
  callerByteNs: 0,
  tensorNs: 3_000,
  byteNs: 0.25,
  slowdown: [1, 1.1, 1.25, 1.4],
};

function fan(width: number): OperatorGraph {
  const branches = Array.from({ length: width }, () => ({ after: [0] }));
  return graphOf([{}, ...branches, { after: branches.map((_, i) => i + 1) }]);
}

describe("100,000 operators", () => {
  it("of a deep network are searched by all algorithms that take them", () => {
    const graph = nasnetLike(2300);
    const problem = { graph, costs: costsOf(graph) };
    const { ranked, refused } = searchOperatorSchedules(problem, { workers, evaluations: 10 });
    expect(ranked).toHaveLength(4);
    expect(refused.map(({ algorithm }) => algorithm)).toEqual(["nimble"]);
    expect(ranked[0]?.predictedNs).toBeLessThan((ranked.at(-1)?.predictedNs ?? 0) / 2);
  });

  it.each([
    ["without dependencies", graphOf(Array.from({ length: 100_000 }, () => ({})))],
    ["between one fork and one join", fan(100_000)],
    ["that read from anywhere before", randomGraph(100_000, 3, 100_000, 1)],
  ])("%s give a schedule that verifies", (_, graph) => {
    const schedule = searchOpara({ graph, costs: costsOf(graph) });
    expect(verifyOperatorSchedule(graph, schedule)).toEqual([]);
  });
});

it("nimble takes its largest graphs, wide and narrow in the middle", () => {
  const side = Array.from({ length: 4000 }, () => ({}));
  const graph = graphOf([
    ...side,
    { after: side.map((_, i) => i) },
    ...side.map(() => ({ after: [4000] })),
  ]);
  expect(searchNimble({ graph, costs: costsOf(graph) }).streams).toBe(4000);
});
