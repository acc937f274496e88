import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../../src/core/random.js";
import { decodeParameters } from "../../../../src/learn/fixed-point.js";
import { parameterCount } from "../../../../src/learn/graph-network.js";
import { chainDp } from "../../../../src/partition/chain-dp.js";
import { orderCutter } from "../../../../src/partition/cut-order.js";
import { type GpgOutcome, refineByPolicy } from "../../../../src/partition/gpg/gpg.js";
import { POLICY_SHAPE } from "../../../../src/partition/gpg/order-policy.js";
import { PRETRAINED_WEIGHTS } from "../../../../src/partition/gpg/pretrained-weights.js";
import { partitionGraphOf } from "../../../../src/partition/partition-graph.js";
import { equalDevices, partitionProblemOf } from "../../../../src/partition/partition-problem.js";
import { periodOf } from "../../../../src/partition/stage-costs.js";
import { verifyStagePartition } from "../../../../src/partition/stage-partition.js";
import { candidateOrders } from "../../../../src/partition/topological-orders.js";
import { costsOf, nasnetLike } from "../../../support/graphs.js";

const WEIGHTS = decodeParameters(PRETRAINED_WEIGHTS);

const model = nasnetLike(3);
const problem = partitionProblemOf(model, costsOf(model).durationNs, {
  devices: equalDevices(4),
  link: { latencyNs: 10_000, bytesPerSecond: 25e9 },
});

function refine(rounds: number, fineTune: number): GpgOutcome {
  const graph = partitionGraphOf(problem);
  const cutter = orderCutter(graph);
  const start = chainDp(cutter, candidateOrders(graph), 4)!;
  const options = { parameters: WEIGHTS, rounds, fineTune, lowerBoundNs: 0 };
  return refineByPolicy(model, graph, cutter, [start], { ...options, random: seededRandom(1) });
}

describe("gpg", () => {
  it("comes with weights for its network", () => {
    expect(WEIGHTS.length).toBe(parameterCount(POLICY_SHAPE));
  });

  it("improves on the best cut of the candidate orders, never getting worse on the way", () => {
    const { found, curve } = refine(4, 0);
    const start = refine(0, 0).found;
    expect(found.periodNs).toBeLessThan(start.periodNs);
    expect([...curve].sort((a, b) => b - a)).toEqual(curve);
    expect(verifyStagePartition(model, found.partition)).toEqual([]);
    expect(periodOf(problem, found.partition)).toBe(found.periodNs);
  });

  it("gives the same for the same seed, fine-tuned or not", () => {
    expect(refine(2, 0)).toEqual(refine(2, 0));
    expect(refine(1, 3)).toEqual(refine(1, 3));
    expect(refine(1, 3).curve).toHaveLength(4);
  });

  it("does not change the weights it is given", () => {
    const before = WEIGHTS.slice();
    refine(0, 2);
    expect(WEIGHTS).toEqual(before);
  });
});
