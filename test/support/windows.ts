/** Windows of small tasks on a small device, for tests. */
import { V100 } from "../../src/cost/device-models/ampere-and-before.js";
import { type OperatorGraph, operatorId } from "../../src/ir/operator-graph.js";
import { type GpuProblem, gpuProblemOf } from "../../src/schedule/gpu-problem.js";
import type { WindowTask } from "../../src/schedule/serving/merged-window.js";
import { graphOf } from "./graphs.js";
import { kernel } from "./kernels.js";
import { NO_INTERFERENCE } from "./serving.js";

/** Ten SMs with a thread block each; a launch gap of 1 us, an event of 2 us. */
export const TEN_SMS = {
  ...V100,
  sms: 10,
  threadBlocksPerSm: 1,
  threadsPerSm: 1024,
  launchGapNs: 1000,
  eventNs: 2000,
};

/** An operator of a test: thread blocks, microseconds, what it reads. */
export interface OperatorOf {
  readonly blocks: number;
  readonly us: number;
  readonly after?: readonly number[];
}

/** A problem on `TEN_SMS` of operators with one kernel each, which disturb nobody. */
export function tenProblemOf(...operators: readonly OperatorOf[]): GpuProblem {
  const graph: OperatorGraph = graphOf(operators.map(({ after = [] }) => ({ after })));
  const kernels = operators.map(({ blocks, us }) => [
    kernel(us * 1000, { threadBlocks: blocks, threadsPerBlock: 1024 }),
  ]);
  return gpuProblemOf(graph, kernels, TEN_SMS, "estimated", NO_INTERFERENCE);
}

/** A task of requests one by one, with these parts. */
export function taskOf(model: number, ...parts: readonly (readonly number[])[]): WindowTask {
  return { model, batch: 1, parts: parts.map((ids) => ids.map(operatorId)) };
}
